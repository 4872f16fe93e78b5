// Sets what summaries hold of a source in a slice of days, whatever they held before: row by row, so that memory does not grow with
// the slice.
#pragma once

#include <vector>

#include "maintenance/sorted_changes.hpp"
#include "server/snapshot.hpp"
#include "source/registry.hpp"

namespace reseller_report {

/// Sets packed days and all levels to `raw`, which is sorted. `resellers` begins with those that have raw figures, in the order of
/// raw.resellers(). What else the resellers hold in the slice goes. A level whose buckets lie in the slice whole gets the raw
/// figures of the days that are not packed. A wider one gets the sums of the level below, and the months get those of the packed
/// days besides.
void restate(const Source &source, const Range &slice, SortedChanges &raw, const std::vector<std::int64_t> &resellers,
             AdvancingSnapshot &snapshot, Overflows &overflows);

}  // namespace reseller_report
