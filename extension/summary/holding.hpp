// Who belongs to whom: dependencies as plain data.
#pragma once

#include <algorithm>
#include <vector>

#include "core/period.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// A company's membership of a reseller. Bounds lie on quarter hours.
struct Holding {
  std::int64_t company;
  std::int64_t reseller;
  Range during;
};

/// Who holds pruned usage of a company without a reseller, so that it can be attributed later. No reseller has this id: a
/// constraint of reseller_report.company sees to it.
inline constexpr std::int64_t kNobody = 0;

/// The bounds of a tstzrange as a half-open range; the dependency table admits no others.
Range range_of(Datum stored);

/// A row of the dependency table: the values of its columns.
Holding holding_of(const Datum *values);

/// The dependencies of `companies`, in any order and any number of times, in the active snapshot; in order of company.
std::vector<Holding> holdings_of(std::vector<std::int64_t> companies);

/// A row that this transaction deleted or replaced.
struct FormerHolding {
  Holding holding;
  bool is_own;  ///< this transaction had made it, too
};

/// The rows of `companies` that this transaction took away, also those whose triggers have not fired yet. They stay in the table
/// until it ends.
std::vector<FormerHolding> holdings_taken_away(std::vector<std::int64_t> companies);

/// Whether a statement under way has changed dependencies, and triggers that move figures accordingly may not have fired yet.
bool awaits_moves();

/// Refuses (55000) what changes summaries in such a moment: it would attribute by dependencies that the moves do not know of.
void require_dependencies_followed();

/// The dependency of `company` at `moment`; nullptr when it has none. At most one can hold: they do not overlap.
inline const Holding *holding_at(const std::vector<Holding> &holdings, std::int64_t company, Time moment) {
  auto const first = std::lower_bound(holdings.begin(), holdings.end(), company,
                                      [](const Holding &h, std::int64_t wanted) { return h.company < wanted; });
  for (auto it = first; it != holdings.end() && it->company == company; ++it)
    if (it->during.contains(moment)) return &*it;
  return nullptr;
}

}  // namespace reseller_report
