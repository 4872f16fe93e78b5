// Capture's one hook into the library's start.
#pragma once

namespace reseller_report {

/// Makes the cache of mappings; called once, when the library is loaded.
void initialize_capture();

}  // namespace reseller_report
