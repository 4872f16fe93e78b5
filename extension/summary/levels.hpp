// Adding changes to the levels of the summaries.
#pragma once

#include <vector>

#include "core/change.hpp"

namespace reseller_report {

/// Adds changes to the levels from `first` to `last`, one after the other; returns how many rows were written. Only a holder of the
/// lease may.
std::int64_t add_to_levels(Level first, Level last, std::vector<Change> changes, Overflows &overflows);

}  // namespace reseller_report
