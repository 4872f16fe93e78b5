// A source's figures as lists of changes: what its raw rows say, and what a level of the summaries holds. For rebuild and verify.
#pragma once

#include <vector>

#include "fold.hpp"
#include "source.hpp"

namespace reseller_report {

/// The raw usage of `source` in `range` by quarter hour, but for this transaction's own, attributed to resellers in the active
/// snapshot; nobody's is left out.
std::vector<Change> raw_ledger(const Source &source, const Range &range, Overflows &overflows);

/// The resellers that any summary of the source holds figures of, in order.
std::vector<std::int64_t> resellers_in_summaries(std::int64_t source);

/// What one level holds of `source` for these resellers in `buckets`, each bucket renamed to the one of level `as` it lies in.
std::vector<Change> stored_ledger(Level level, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                  const Range &buckets, Level as);

/// a - b, consolidated: what would have to be added to b.
std::vector<Change> difference(std::vector<Change> a, std::vector<Change> b, Overflows &overflows);

/// The whole buckets of a level that `range` touches.
Range widen(Level level, const Range &range);

}  // namespace reseller_report
