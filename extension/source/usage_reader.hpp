// From a row of a usage table to a usage event.
#pragma once

#include "core/change.hpp"
#include "source/mapping.hpp"

namespace reseller_report {

/// An event: a row of a usage table, as it counts.
struct Usage {
  Item item;
  Time occurred_at;
  std::int64_t company;
  Counters counters;
};

inline UsageKey key_of(std::int64_t source, const Usage &usage) {
  return {source, usage.company, bucket_of(Level::kQuarter, usage.occurred_at), usage.item};
}

/// The company and the moment of a row. They decide whose usage it is.
struct UsageHead {
  std::int64_t company;
  Time moment;  ///< may be infinite, or out of range
};

/// Reads the head of a row, and raises nothing. False when the row is of no company or no moment.
bool head_of_row(const Mapping &mapping, const RowLayout &layout, const Datum *values, const bool *nulls, UsageHead &head);

/// The usage of a row whose mapped columns are `values`, by rule. False when the row is not usage: left out by a condition or a
/// label, of no company or no moment, or of the other direction. Raises 23514, 22003 or 22008 for values that cannot be
/// counted, naming table and column.
bool usage_of_row(const Mapping &mapping, const RowLayout &layout, const Datum *values, const bool *nulls, Oid table, Usage &usage);

}  // namespace reseller_report
