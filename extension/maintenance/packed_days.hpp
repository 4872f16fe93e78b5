// Decides which days are kept packed, and which in rows of the levels up to the day. A row of a level is worth its space when it
// holds many companies. A day of few changes takes less space in one packed row, which is read as fast. A report adds up both, so
// it is right either way.
#pragma once

#include <functional>
#include <vector>

#include "core/change.hpp"
#include "core/period.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

/// Defines the setting reseller_report.largest_packed_day; called once, when the library is loaded.
void initialize_packed_days();

/// The width of a reseller's rows: how many companies it has, had or will have by the dependencies of the active snapshot.
std::int64_t width_of(std::int64_t reseller);

/// Adds changes, which are in the order of order_by_day(), to packed days. Returns how many rows were written. A day that becomes
/// too large is packed no longer: all its changes, old and new, are appended to `narrow`, for the caller to add to the levels up to
/// the day. But it stays packed where `stays_packed` is true of one of its changes.
std::int64_t add_to_packed_days(const std::vector<Change> &changes, const std::function<bool(const Change &)> &stays_packed,
                                std::vector<Change> &narrow);

/// Makes the packed days of a source hold `wanted`, which is in the order of order_by_day(), in `slice`, and nothing else there.
/// Days that are too large are left out: their changes are returned, for the caller to put into the levels up to the day.
std::vector<Change> set_packed_days(std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &slice,
                                    const std::vector<Change> &wanted);

}  // namespace reseller_report
