// Moving figures whose raw rows are pruned: they are known from summaries and keyed deltas alone.
#pragma once

#include "core/membership.hpp"
#include "source/built_days.hpp"
#include "summary/delta.hpp"

namespace reseller_report {

/// Moves the figures of a source before its horizon to whom `dependency` names now.
void move_pruned(const SourceState &source, const Moves &moves, DeltaWriter &writer);

}  // namespace reseller_report
