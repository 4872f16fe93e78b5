// Moves figures that were folded, where the raw rows are still there. What was folded of a company is its raw usage less what is
// pending.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/change.hpp"
#include "core/membership.hpp"
#include "maintenance/movable.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

/// Changes that are not folded yet, by company.
using Pending = std::unordered_map<std::int64_t, std::vector<UsageChange>>;

/// The pending changes of companies that move, but for those of this transaction. They need no move, because they are attributed by
/// the new dependencies when they are read or folded.
Pending pending_of(const Moves &moves);

/// Moves the figures of a source in its built days.
void move_built(const MovableSource &from, const Moves &moves, const Pending &pending, RunWriter &writer);

}  // namespace reseller_report
