// Moving figures whose raw rows are pruned: they are known from summaries and runs alone.
#pragma once

#include "core/membership.hpp"
#include "source/built_days.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

/// Moves the figures of a source before its horizon to whom `dependency` names now.
void move_pruned(const SourceState &source, const Moves &moves, RunWriter &writer);

}  // namespace reseller_report
