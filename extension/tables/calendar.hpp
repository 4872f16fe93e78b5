// The buckets of a table of usage: quarter hours and hours of UTC, days and months of a reseller's clock.
#pragma once

#include <vector>

#include "server/zone.hpp"
#include "tables/table.hpp"

namespace reseller_report {

struct UsageBucket {
  Range range;
  LocalTime date;  ///< of a day or month: the midnight of its first day
};

/// All buckets that any of the ranges touches, in order. The ranges are finite, in order, and do not overlap.
std::vector<UsageBucket> buckets_of(TableKind kind, const Zone &zone, const std::vector<Range> &ranges);

/// No bucket is longer.
Time longest_bucket(TableKind kind);

/// At most so many buckets touch a range, give or take a few; many where it is infinite.
double bucket_count(TableKind kind, const Range &range);

}  // namespace reseller_report
