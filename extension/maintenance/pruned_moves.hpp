// Moves figures whose raw rows were pruned. Only summaries and runs have them.
#pragma once

#include "core/membership.hpp"
#include "source/built_days.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

/// Moves the figures of a source before its horizon to the resellers that `dependency` names now.
void move_pruned(const SourceState &source, const Moves &moves, RunWriter &writer);

}  // namespace reseller_report
