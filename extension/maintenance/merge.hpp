// The merge: takes runs by row identity and adds them to the levels; for packed days, to the packed row in place of the levels up
// to the day. It does both in one transaction, so that levels + packed days + runs are the same before and after for every key.
#pragma once

#include <cstdint>

#include "core/period.hpp"

namespace reseller_report {

/// Whether a merge would take anything, in the active snapshot; with `only_what_pays`, anything that pays.
bool anything_to_merge(bool only_what_pays);

struct Merged {
  std::int64_t changes = 0;  ///< that were taken out of runs
  std::int64_t rows = 0;     ///< that were written
};

/// Merges at most `most` changes of runs. Only a holder of the lease may.
Merged merge(std::int64_t most, bool only_what_pays);

/// How many changes the next merges would take, and when the oldest was captured.
struct ToMerge {
  std::int64_t changes = 0;
  Time oldest = kInfinity;
};
ToMerge to_merge();

}  // namespace reseller_report
