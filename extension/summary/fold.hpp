// Adding changes to the summaries: the one way in which all levels move together.
#pragma once

#include <vector>

#include "core/change.hpp"

namespace reseller_report {

/// Adds changes to one level, their buckets taken to its own; returns how many rows were written. For rebuild, which sets each
/// level by itself; `changes` come back consolidated.
std::int64_t fold_level(Level level, std::vector<Change> &changes, Overflows &overflows);

/// Adds changes, by quarter hour, to every level; returns how many rows were written. Only a holder of the lease may.
/// Consumes `changes`.
std::int64_t fold_changes(std::vector<Change> changes, Overflows &overflows);

}  // namespace reseller_report
