// Which company belongs to which reseller when, and what a change of that comes to.
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

/// The reseller under whose id pruned usage of companies without a reseller is kept, so that it can be attributed later. A
/// constraint of reseller_report.company sees to it that no reseller has this id.
inline constexpr std::int64_t kNobody = 0;

/// The dependency of `company` at `moment`; nullptr when it has none. At most one can hold: they do not overlap.
inline const Membership *membership_at(const std::vector<Membership> &memberships, std::int64_t company, Time moment) {
  auto const first = std::lower_bound(memberships.begin(), memberships.end(), company,
                                      [](const Membership &each, std::int64_t wanted) { return each.company < wanted; });
  for (auto it = first; it != memberships.end() && it->company == company; ++it)
    if (it->during.contains(moment)) return &*it;
  return nullptr;
}

/// A row that came or went.
struct Edit {
  Membership membership;
  int sign;  // 1 for a row that came, -1 for one that went
};

/// A stretch of time that a company's figures leave (-1) or join (1) a reseller.
struct Move {
  std::int64_t reseller;
  Range range;
  int sign;
};

using Moves = std::map<std::int64_t, std::vector<Move>>;  ///< by company

/// What edits come to. A row that was changed in one bound only moves the difference.
Moves net_moves(const std::vector<Edit> &edits);

/// The time from the first move to the last.
Range hull_of(const Moves &moves);

/// The time in which a company's usage joins resellers more often than it leaves any: it was nobody's.
std::vector<Range> ranges_from_nobody(const std::vector<Move> &moves);

/// Whether usage of a company at a moment moves.
bool is_moved(const Moves &moves, std::int64_t company, Time moment);

bool any_contains(const std::vector<Range> &ranges, Time moment);

}  // namespace reseller_report
