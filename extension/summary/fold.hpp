// Adding changes to the summaries: the one way in which all levels move together.
#pragma once

#include <vector>

#include "summary/summary.hpp"

namespace reseller_report {

/// A signed change of one company in one bucket of a summary.
struct Change {
  SummaryKey key;
  Time bucket;
  std::int64_t company;
  Counters counters;
};

/// Sorts changes by row and company, and adds up those of the same.
void consolidate(std::vector<Change> &changes, Overflows &overflows);

/// Adds changes to one level, their buckets taken to its own; returns how many rows were written. For rebuild, which sets each
/// level by itself; `changes` come back consolidated.
std::int64_t fold_level(Level level, std::vector<Change> &changes, Overflows &overflows);

/// Adds changes, by quarter hour, to every level; returns how many rows were written. Only a holder of the lease may.
/// Consumes `changes`.
std::int64_t fold_changes(std::vector<Change> changes, Overflows &overflows);

}  // namespace reseller_report
