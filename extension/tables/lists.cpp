// Rows of resellers and of reseller_companies.

#include <algorithm>

#include "tables/scan.hpp"

namespace reseller_report {
namespace {

/// Puts values in the columns of a row that is virtual.
class ListRow {
 public:
  ListRow(const TableShape &shape, TupleTableSlot *slot) : shape_(shape), slot_(slot) {}

  void put(Column column, Datum value) { put(column, value, false); }
  void put_moment(Column column, Time moment) { put(column, TimestampTzGetDatum(moment), !is_finite(moment)); }
  void put_text(Column column, const std::string &text) {
    Datum copy = 0;
    pg([&] { copy = CStringGetTextDatum(text.c_str()); });
    put(column, copy, false);
  }
  void store() {
    pg([&] { ExecStoreVirtualTuple(slot_); });
  }

 private:
  void put(Column column, Datum value, bool is_null) {
    int const place = shape_.place_of(column);
    slot_->tts_values[place] = value;
    slot_->tts_isnull[place] = is_null;
  }

  const TableShape &shape_;
  TupleTableSlot *slot_;
};

class ResellerScan : public TableScan {
 public:
  using TableScan::TableScan;

  void next(TupleTableSlot *slot) override {
    begin();
    if (!next_reseller()) return;
    ListRow row(shape_, slot);
    row.put(Column::kReseller, Int64GetDatum(reseller().id));
    row.put_text(Column::kName, reseller().name);
    row.put_text(Column::kTimeZone, reseller().time_zone);
    row.put_text(Column::kCurrency, reseller().currency);
    row.store();
  }
};

/// One row for each company, whatever the number of its dependencies.
class CompanyScan : public TableScan {
 public:
  using TableScan::TableScan;

  void next(TupleTableSlot *slot) override {
    if (begin()) companies_ = nullptr;
    while (companies_ == nullptr || company_ == companies_->ids.size()) {
      if (!next_reseller()) return;
      companies_ = &companies();
      company_ = 0;
    }
    ListRow row(shape_, slot);
    auto const first = companies_->during.begin() + static_cast<std::ptrdiff_t>(companies_->first_during[company_]);
    auto const last = companies_->during.begin() + static_cast<std::ptrdiff_t>(companies_->first_during[company_ + 1]);
    Range hull = *first;
    for (auto during = first; during != last; ++during) hull = {std::min(hull.from, during->from), std::max(hull.to, during->to)};
    row.put(Column::kReseller, Int64GetDatum(reseller().id));
    row.put(Column::kCompany, Int64GetDatum(companies_->ids[company_]));
    row.put(Column::kCompanyName, companies_->name(static_cast<int>(company_)));
    row.put_moment(Column::kSince, hull.from);
    row.put_moment(Column::kUntil, hull.to);
    row.store();
    company_++;
  }

 private:
  const Dependents *companies_ = nullptr;
  std::size_t company_ = 0;
};

}  // namespace

std::unique_ptr<TableScan> scan_of_resellers(const ScanOrder &order) { return std::make_unique<ResellerScan>(order); }
std::unique_ptr<TableScan> scan_of_companies(const ScanOrder &order) { return std::make_unique<CompanyScan>(order); }

}  // namespace reseller_report
