// Who may read which reseller's reports.
#pragma once

#include <cstdint>

namespace reseller_report {

/// Raises 42501 unless the current role may read this reseller's reports. Says the same of resellers that do not exist.
void require_access(std::int64_t reseller);

}  // namespace reseller_report
