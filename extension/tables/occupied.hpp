// Where in time a reseller may have usage, so that a table without bounds is not read from the beginning of time on.
#pragma once

#include <vector>

#include "core/item.hpp"
#include "core/period.hpp"

namespace reseller_report {

/// For each of these services finite ranges inside of `within`, in order of time, that hold all usage that the reseller's companies
/// may have there. They may hold no usage at all. They are about as fine as buckets of `level`, days or months.
std::vector<std::vector<Range>> occupied(std::int64_t reseller, const std::vector<Service> &services, const Range &within,
                                         Level level);

}  // namespace reseller_report
