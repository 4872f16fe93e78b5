// Time, the five bucket levels, and the signed cover of a period by buckets. Buckets are those of UTC, whatever the zone in which a
// period was chosen.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace reseller_report {

/// Microseconds since 2000-01-01 00:00 UTC, PostgreSQL's own scale.
using Time = std::int64_t;
inline constexpr Time kMinusInfinity = std::numeric_limits<Time>::min();
inline constexpr Time kInfinity = std::numeric_limits<Time>::max();
inline constexpr Time kSecond = 1'000'000;
inline constexpr Time kQuarterHour = 900 * kSecond;
inline constexpr Time kHalfHour = 2 * kQuarterHour;

/// The earliest timestamp, 4714-11-24 BC. The first month and the first year begin here, because a bucket is named by a timestamp.
inline constexpr Time kFirstMoment = -211'813'488'000'000'000;

inline bool is_finite(Time t) { return t != kMinusInfinity && t != kInfinity; }

/// Half-open: from <= t < to.
struct Range {
  Time from = 0;
  Time to = 0;

  bool empty() const { return from >= to; }
  bool contains(Time t) const { return from <= t && t < to; }
  bool operator==(const Range &other) const { return from == other.from && to == other.to; }
};
inline constexpr Range kAllTime = {kMinusInfinity, kInfinity};

Range intersection(const Range &a, const Range &b);

/// `whole` without the parts in `holes`; the result is in order of time and has no empty range.
std::vector<Range> without(const Range &whole, std::vector<Range> holes);

/// The parts of `whole` that lie in any of `parts`, in order of time. Parts that touch are joined.
std::vector<Range> within(const Range &whole, std::vector<Range> parts);

enum class Level : int { kQuarter, kHour, kDay, kMonth, kYear };
inline constexpr int kLevels = 5;

/// The beginning of the bucket that holds the finite moment `t`.
Time bucket_of(Level level, Time t);

/// The half hour that a moment lies in.
Time half_hour_of(Time t);

/// The beginning of the bucket after the one that begins at `bucket`; infinity where no Time can tell it.
Time next_bucket(Level level, Time bucket);

/// Months of the proleptic Gregorian calendar, numbered from January 2000 on: the one that holds `t`, and where one begins,
/// infinite where no Time can tell it.
std::int64_t month_of(Time t);
Time month_start(std::int64_t months_since_2000);

/// The whole buckets of a level that a range touches.
Range widen(Level level, const Range &range);

/// Buckets (or raw rows) of a range, to be added (sign 1) or subtracted (sign -1).
struct Piece {
  Range range;
  int sign;
};

/// A period as a sum of signed pieces. The buckets of the levels add up to the range `buckets`, each moment of it counted once. The
/// `raw` pieces turn that range into the period, exact to the microsecond.
struct Cover {
  std::vector<Piece> levels[kLevels];
  std::vector<Piece> raw;
  Range buckets;
};

/// A cover with few pieces. Each end of the period needs at most 6 months, 16 days, 12 hours, 2 quarters and 7.5 minutes of raw
/// rows. Either bound may be infinite. Pieces are chosen as if there were no usage after `now`: "this month so far" is the bucket
/// of the whole month, from which the rest of the month is subtracted. That rest is cheap to read as long as it is empty, and the
/// cover is exact even if it is not. A raw piece that is subtracted lies in the same quarter hour as a bound of the period. So it
/// lies in a built day where the period does.
Cover cover_of(const Range &period, Time now);

/// The same time as signed pieces that do not overlap: where pieces add up to nothing there is none.
std::vector<Piece> added_up(const std::vector<Piece> &pieces);

}  // namespace reseller_report
