// The fold: takes pending deltas by row identity, attributes them to resellers, and appends them as runs in the same transaction,
// so that runs + deltas stay the same for all that reports count. Its cost follows the changes that it takes.
#pragma once

#include <cstdint>

#include "core/period.hpp"

namespace reseller_report {

/// Whether a fold would take anything, in the active snapshot.
bool anything_to_fold();

/// Folds at most `most` changes of built days and returns how many. Drops those that nobody counts. Only a holder of the lease may.
std::int64_t fold(std::int64_t most);

/// How many changes the next folds would take, and when the oldest was captured.
struct ToFold {
  std::int64_t changes = 0;
  Time oldest = kInfinity;
};
ToFold to_fold();

}  // namespace reseller_report
