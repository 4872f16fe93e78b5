// The figures of a reseller's companies over a period: summaries by signed cover, pending deltas, this transaction's
// unflushed changes, and raw rows where buckets do not reach. Everything in one snapshot, exact in 128 bits.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/item.hpp"
#include "server/numeric.hpp"
#include "summary/holding.hpp"
#include "summary/summary.hpp"

namespace reseller_report {

/// The companies with a dependency on a reseller that overlaps a period, in order of id. Packed: a reseller may have tens
/// of thousands, and every page of memory that a report touches costs.
class Dependents {
 public:
  std::vector<std::int64_t> ids;
  std::vector<size_t> first_name;          ///< where a company's name begins in names
  std::vector<char> names;                 ///< text values in their stored form
  std::vector<size_t> first_during = {0};  ///< where a company's dependencies begin in during; one more than ids
  std::vector<Range> during;

  /// The position of a company in ids, or -1. Call index() first.
  int position(std::int64_t company) const {
    auto const offset = static_cast<std::uint64_t>(company) - static_cast<std::uint64_t>(first_id_);
    if (offset < table_.size()) return table_[offset];
    return table_.empty() ? search(company) : -1;
  }

  /// The same, or -1 when the company is not the reseller's at that moment.
  int position_at(std::int64_t company, Time moment) const;

  Datum name(int position) const { return PointerGetDatum(names.data() + first_name[static_cast<size_t>(position)]); }

  void append(std::int64_t company, const char *name, size_t name_size, const Range &range);

  /// Makes position() fast; called once, after the last append().
  void index();

 private:
  int search(std::int64_t company) const;

  // Ids are mostly dense, since one sequence gives them: then a table of positions, by distance from the first id.
  std::int64_t first_id_ = 0;
  std::vector<int> table_;
};

/// Reads them in the active snapshot.
Dependents dependents_of(std::int64_t reseller, const Range &period);

/// Sums a company, item and figure, exact in 128 bits. Only figures that were asked for are kept.
class Totals {
 public:
  Totals(int companies, ItemList items, const FigureSet *wanted);

  void clear();
  void add(int item, int company, const Counters &counters, int sign);
  void add_row(int item, const SummaryRow &row, int sign, const Dependents &dependents);

  Sum get(int item, Figure figure, int company) const {
    std::int64_t const column = column_[static_cast<size_t>(item)][static_cast<int>(figure)];
    return column < 0 ? 0 : cell(static_cast<size_t>(column + company));
  }

  /// The place of an item in the list, or -1.
  int index_of(Item item) const;

  const ItemList &items() const { return items_; }
  FigureSet wanted(int item) const { return wanted_[item]; }

 private:
  struct ItemColumns {
    std::int64_t figure[kFigures];  // where the figure's column begins in low_, or -1
    std::int64_t operator[](int i) const { return figure[i]; }
  };

  Sum cell(size_t at) const {
    Sum sum = low_[at];
    if (!high_.empty()) {
      auto const found = high_.find(at);
      if (found != high_.end()) sum += static_cast<Sum>(found->second) << 64;
    }
    return sum;
  }

  // Adds or subtracts, wrapping around; false when it did.
  template <int kSign>
  static bool add_in_place(std::int64_t &sum, std::int64_t value) {
    return !(kSign > 0 ? __builtin_add_overflow(sum, value, &sum) : __builtin_sub_overflow(sum, value, &sum));
  }

  void note_overflow(size_t at, std::int64_t value, int sign) { high_[at] += (value > 0) == (sign > 0) ? 1 : -1; }

  template <int kSign>
  void add_column(size_t column, const std::int64_t *values, int count);

  ItemList items_;
  const FigureSet *wanted_;
  std::vector<ItemColumns> column_;
  // Sums seldom leave 64 bits: the low word of each is kept side by side, the high word only where there is one.
  std::vector<std::int64_t> low_;
  std::unordered_map<size_t, std::int64_t> high_;
  std::vector<int> positions_;  // scratch of add_row
};

/// Adds the usage of the dependents over `period` to `totals`.
void collect_figures(std::int64_t reseller, Service service, const Range &period, const Dependents &dependents, Totals &totals);

}  // namespace reseller_report
