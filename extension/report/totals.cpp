#include "report/totals.hpp"

#include <algorithm>

namespace reseller_report {

Totals::Totals(const Dependents &dependents, ItemList items, const FigureSet *wanted) : dependents_(dependents), wanted_(wanted) {
  auto const companies = static_cast<std::int64_t>(dependents.ids.size());
  std::int64_t size = 0;
  for (int item = 0; item < items.count; item++) {
    ItemColumns columns = {};
    for (int figure = 0; figure < kFigures; figure++) {
      bool const kept = (wanted[item] & (1U << figure)) != 0;
      columns.figure[figure] = kept ? size : -1;
      if (kept) size += companies;
    }
    column_.push_back(columns);
  }
  low_.resize(static_cast<size_t>(size));
}

void Totals::clear() {
  std::fill(low_.begin(), low_.end(), 0);
  high_.clear();
}

void Totals::add(int, int item, std::int64_t company, const Counters &counters, int sign) {
  int const position = dependents_.position(company);
  if (position < 0) return;
  for (int figure = 0; figure < kFigures; figure++) {
    std::int64_t const column = column_[static_cast<size_t>(item)][figure];
    if (column < 0) continue;
    auto const at = static_cast<size_t>(column + position);
    std::int64_t const value = counters.figure[figure];
    bool const fits = sign > 0 ? add_in_place<1>(low_[at], value) : add_in_place<-1>(low_[at], value);
    if (!fits) note_overflow(at, value, sign);
  }
}

// The innermost loop of a report. So it is compiled for each sign, and looks at no members inside the loop.
template <int kSign>
void Totals::add_column(size_t column, const std::int64_t *values, int count) {
  const int *const positions = positions_.data();
  std::int64_t *const sums = low_.data() + column;
  for (int i = 0; i < count; i++) {
    if (positions[i] < 0) continue;
    if (__builtin_expect(!add_in_place<kSign>(sums[positions[i]], values[i]), 0))
      note_overflow(column + static_cast<size_t>(positions[i]), values[i], kSign);
  }
}

void Totals::add_row(int, int item, const SummaryRow &row, int sign) {
  positions_.resize(static_cast<size_t>(row.count));
  for (int i = 0; i < row.count; i++) positions_[static_cast<size_t>(i)] = dependents_.position(row.companies[i]);
  for (int figure = 0; figure < kFigures; figure++) {
    if (row.figures[figure] == nullptr) continue;
    auto const column = static_cast<size_t>(column_[static_cast<size_t>(item)][figure]);
    if (sign > 0)
      add_column<1>(column, row.figures[figure], row.count);
    else
      add_column<-1>(column, row.figures[figure], row.count);
  }
}

}  // namespace reseller_report
