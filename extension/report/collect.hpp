// The figures of a reseller's companies over a period: summaries by signed cover, pending deltas, this transaction's
// unflushed changes, and raw rows where buckets do not reach. Everything in one snapshot, exact in 128 bits.
#pragma once

#include "report/totals.hpp"

namespace reseller_report {

/// Adds the usage of the dependents over `period` to `totals`.
void collect_figures(std::int64_t reseller, Service service, const Range &period, const Dependents &dependents, Totals &totals);

}  // namespace reseller_report
