// The sums of each company, as a report shows them.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/item.hpp"
#include "report/collect.hpp"

namespace reseller_report {

/// One sum for each dependent company, item and figure, over all steps, exact in 128 bits. Only figures that were asked for are
/// kept.
class Totals : public FigureSink {
 public:
  /// `wanted` has one entry for each item. All arguments must outlive it.
  Totals(const Dependents &dependents, ItemList items, const FigureSet *wanted);

  void clear() override;
  FigureSet wanted(int item) const override { return wanted_[item]; }
  Detail detail() const override { return Detail::kCompanies; }
  bool concerns(std::int64_t company) const override { return dependents_.position(company) >= 0; }
  void add_row(int step, int item, const SummaryRow &row, int sign) override;
  void add(int step, int item, std::int64_t company, const Counters &counters, int sign) override;

  /// Where the sums of an item's figure begin, which must be one that is kept. The sum of a company lies as far behind it as the
  /// company's position among the dependents is.
  size_t column(int item, Figure figure) const {
    return static_cast<size_t>(column_[static_cast<size_t>(item)][static_cast<int>(figure)]);
  }

  Sum get(int item, Figure figure, int company) const { return cell(column(item, figure) + static_cast<size_t>(company)); }

  /// The sums from `column` on, where all of all columns fit in 64 bits; else nullptr.
  const std::int64_t *narrow(size_t column) const { return high_.empty() ? low_.data() + column : nullptr; }

  Sum cell(size_t at) const {
    Sum sum = low_[at];
    if (!high_.empty()) {
      auto const found = high_.find(at);
      if (found != high_.end()) sum += static_cast<Sum>(found->second) << 64;
    }
    return sum;
  }

 private:
  struct ItemColumns {
    std::int64_t figure[kFigures];  // where the figure's column begins in low_, or -1
    std::int64_t operator[](int i) const { return figure[i]; }
  };

  // Adds or subtracts, wrapping around; false when it did.
  template <int kSign>
  static bool add_in_place(std::int64_t &sum, std::int64_t value) {
    return !(kSign > 0 ? __builtin_add_overflow(sum, value, &sum) : __builtin_sub_overflow(sum, value, &sum));
  }

  void note_overflow(size_t at, std::int64_t value, int sign) { high_[at] += (value > 0) == (sign > 0) ? 1 : -1; }

  template <int kSign>
  void add_column(size_t column, const std::int64_t *values, int count);

  const Dependents &dependents_;
  const FigureSet *wanted_;
  std::vector<ItemColumns> column_;
  // Sums seldom leave 64 bits. So the low words of all sums lie side by side, and a high word is kept only for sums that did.
  std::vector<std::int64_t> low_;
  std::unordered_map<size_t, std::int64_t> high_;
  std::vector<int> positions_;  // scratch of add_row
};

}  // namespace reseller_report
