// What statements of a reseller have billed, against what is true now.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace reseller_report {

/// Answers with the rows of open_corrections. The caller has looked whether the role may read the reseller.
void write_corrections(FunctionCallInfo fcinfo, std::int64_t reseller);

}  // namespace reseller_report
