// Moving figures that were folded from rows that are still there: they are read again, for what is folded has no rows of its own.
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

/// Those of others, of companies that move. They follow the dependency by themselves.
Pending pending_of(const Moves &moves);

/// Moves the figures of a source in its built days.
void move_built(const MovableSource &from, const Moves &moves, const Pending &pending, RunWriter &writer);

}  // namespace reseller_report
