// What EXPLAIN says of a scan.
#pragma once

#include "tables/plan.hpp"

namespace reseller_report {

/// Inside pg(): the clauses that the scan evaluates early, and how it groups.
void explain_plan(const ForeignScan *plan, ExplainState *explain);

}  // namespace reseller_report
