// Which company belongs to which reseller and when, and which usage moves when that changes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "core/period.hpp"

namespace reseller_report {

/// A company's membership of a reseller. Bounds lie on quarter hours.
struct Membership {
  std::int64_t company;
  std::int64_t reseller;
  Range during;
};

/// Pruned usage of companies without a reseller is kept under this reseller's id, so that it can move to a reseller later. A
/// constraint of reseller_report.company keeps real resellers from having the id.
inline constexpr std::int64_t kNobody = 0;

/// The dependency of `company` at `moment`; nullptr when it has none. At most one can hold: they do not overlap.
inline const Membership *membership_at(const std::vector<Membership> &memberships, std::int64_t company, Time moment) {
  auto const first = std::lower_bound(memberships.begin(), memberships.end(), company,
                                      [](const Membership &each, std::int64_t wanted) { return each.company < wanted; });
  for (auto it = first; it != memberships.end() && it->company == company; ++it)
    if (it->during.contains(moment)) return &*it;
  return nullptr;
}

/// A row of dependency that was inserted or deleted.
struct Edit {
  Membership membership;
  int sign;  // 1 for a row that was inserted, -1 for one that was deleted
};

/// A stretch of time that a company's figures leave (-1) or join (1) a reseller.
struct Move {
  std::int64_t reseller;
  Range range;
  int sign;
};

using Moves = std::map<std::int64_t, std::vector<Move>>;  ///< by company

/// The moves that edits add up to. Where a row was changed in one bound only, just the time between the old and the new bound
/// moves.
Moves net_moves(const std::vector<Edit> &edits);

/// The shortest range that holds all moves.
Range hull_of(const Moves &moves);

/// The time in which a company's usage joins a reseller and leaves none. Until now it was nobody's.
std::vector<Range> ranges_from_nobody(const std::vector<Move> &moves);

/// Whether usage of a company at a moment moves.
bool is_moved(const Moves &moves, std::int64_t company, Time moment);

bool any_contains(const std::vector<Range> &ranges, Time moment);

}  // namespace reseller_report
