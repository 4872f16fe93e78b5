// Which days are kept packed, and which in rows of the quarter hours, hours and days. A row of a level is worth its place when it
// holds many companies; a day of few changes takes less of it in one packed row, which is read as fast. Either is right: a report
// adds up both.
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

/// Adds changes, in the order of order_by_day(), to packed days; of days that become too large, what they held and hold moves to
/// `narrow`, to be added to the narrow levels, but where `stays_packed` says so of any of their changes. Returns how many rows were
/// written.
std::int64_t add_to_packed_days(const std::vector<Change> &changes, const std::function<bool(const Change &)> &stays_packed,
                                std::vector<Change> &narrow);

/// Makes `wanted`, in the order of order_by_day(), all that the packed days of a source hold in `slice`, but for days that are too
/// large: their changes are returned, for the narrow levels.
std::vector<Change> set_packed_days(std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &slice,
                                    const std::vector<Change> &wanted);

}  // namespace reseller_report
