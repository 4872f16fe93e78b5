// Rows of the tables of usage: one for each company, item and bucket with any usage.

#include "server/numeric.hpp"
#include "server/row_writer.hpp"
#include "tables/usage_scan.hpp"

namespace reseller_report {
namespace {

constexpr std::size_t kMostOfChunk = std::size_t{8} << 20;

FigureSet figures_in(ColumnSet columns) { return (columns & kFigureColumns) >> static_cast<int>(Column::kFirstFigure); }

class UsageRows : public UsageScan {
 public:
  explicit UsageRows(const ScanOrder &order) : UsageScan(order, {figures_in(order.used), true, false, kMostOfChunk}) {}

  void next(TupleTableSlot *slot) override {
    if (begin()) {
      rewind_usage();
      block_ = end_ = 0;
    }
    for (;;) {
      for (; block_ < end_; block_++, cell_ = 0) {
        CompanyFigures found;
        if (!blocks().cells(block_).next(cell_, found)) continue;
        store(slot, found);
        return;
      }
      if (!next_chunk()) return;
      block_ = cell_ = 0;
      end_ = blocks().count();
    }
  }

 private:
  void store(TupleTableSlot *slot, const CompanyFigures &found) {
    for (int i = 0; i < shape_.column_count; i++) {
      Column const column = shape_.columns[i].column;
      slot->tts_isnull[i] = !is_used(column);
      if (is_used(column)) slot->tts_values[i] = value_of(column, found);
    }
    pg([&] { ExecStoreVirtualTuple(slot); });
    set_handed_out();
  }

  Datum value_of(Column column, const CompanyFigures &found) {
    switch (column) {
      case Column::kReseller:
        return Int64GetDatum(reseller().id);
      case Column::kCompany:
        return Int64GetDatum(companies().ids[static_cast<std::size_t>(found.company)]);
      case Column::kCompanyName:
        return companies().name(found.company);
      case Column::kService:
        return service_text(item_of(block_));
      case Column::kItem:
        return item_text(item_of(block_));
      case Column::kDate:
        return date_of(bucket_of(block_).date);
      case Column::kBucket:
        return TimestampTzGetDatum(bucket_of(block_).range.from);
      default:
        return figure(figure_of(column), found);
    }
  }

  Datum figure(int number, const CompanyFigures &found) {
    Sum const sum = found.figures.figure[number];
    if (is_money(static_cast<Figure>(number))) return money_[number].set(sum);
    return Int64GetDatum(checked_count(sum, [&] {
      return "\"" + std::string(kFigureNames[number]) + "\" of item " + item_name(item_of(block_)) + " of company " +
             std::to_string(companies().ids[static_cast<std::size_t>(found.company)]);
    }));
  }

  std::size_t block_ = 0;
  std::size_t end_ = 0;
  std::size_t cell_ = 0;
  StoredNumeric money_[kFigures] = {};
};

}  // namespace

std::unique_ptr<TableScan> scan_of_usage(const ScanOrder &order) { return std::make_unique<UsageRows>(order); }

}  // namespace reseller_report
