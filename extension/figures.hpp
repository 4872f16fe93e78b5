// The figures of a reseller's companies over a period: summaries by signed cover, pending deltas, this transaction's
// unflushed changes, and raw rows where buckets do not reach. Everything in one snapshot, exact in 128 bits.
#pragma once

#include <unordered_map>
#include <vector>

#include "holding.hpp"
#include "item.hpp"
#include "money.hpp"
#include "summary.hpp"

namespace reseller_report {

/// The companies with a dependency on a reseller that overlaps a period, in order of id.
struct Dependents {
  std::vector<std::int64_t> ids;
  std::vector<Datum> names;       ///< text, palloc'd in the context that was current
  std::vector<Holding> holdings;  ///< all of this reseller, sorted by company

  /// The position of a company in ids, or -1.
  int position(std::int64_t company) const;
};

/// Reads them in the active snapshot.
Dependents dependents_of(std::int64_t reseller, const Range &period);

/// Sums a company, item and figure. Only figures that were asked for are kept.
class Totals {
 public:
  Totals(int companies, ItemList items, const FigureSet *wanted);

  void add(int item, int company, const Counters &counters, int sign);
  void add_row(int item, const SummaryRow &row, int sign, const Dependents &dependents);

  Sum get(int item, Figure figure, int company) const {
    return sums_[static_cast<size_t>(column(item, static_cast<int>(figure))) + static_cast<size_t>(company)];
  }

  /// The place of an item in the list, or -1.
  int index_of(Item item) const;

  const ItemList &items() const { return items_; }
  FigureSet wanted(int item) const { return wanted_[static_cast<size_t>(item)]; }

 private:
  std::int64_t column(int item, int figure) const {
    return (static_cast<std::int64_t>(item) * kFigures + figure) * companies_;
  }

  ItemList items_;
  int companies_;
  std::vector<FigureSet> wanted_;
  std::vector<Sum> sums_;
  std::vector<int> positions_;  // scratch of add_row
};

/// Adds the usage of the dependents over `period` to `totals`.
void collect_figures(std::int64_t reseller, Service service, const Range &period, const Dependents &dependents, Totals &totals);

}  // namespace reseller_report
