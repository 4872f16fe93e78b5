#include "core/period.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace reseller_report {
namespace {

constexpr Time kHour = 4 * kQuarterHour;
constexpr Time kDay = 24 * kHour;

Time floor_to(Time t, Time width) {
  Time const remainder = t % width;
  return t - (remainder < 0 ? remainder + width : remainder);
}

// The end of a bucket; infinity where no Time can tell it.
Time end_of(Time bucket, Time width) {
  Time end = 0;
  return __builtin_add_overflow(bucket, width, &end) ? kInfinity : end;
}

// Days since 2000-01-01 of the first day of a month, in the proleptic Gregorian calendar. Years are counted from 1 March,
// so that the leap day is the last of its year; 400 years have 146,097 days.
std::int64_t day_of_month_start(std::int64_t months_since_2000) {
  std::int64_t const shifted = months_since_2000 - 2;  // months since 1 March 2000
  std::int64_t year = shifted / 12;
  std::int64_t month = shifted % 12;
  if (month < 0) {
    month += 12;
    year--;
  }
  std::int64_t const era = (year >= 0 ? year : year - 399) / 400;
  std::int64_t const year_of_era = year - era * 400;
  std::int64_t const day_of_year = (153 * month + 2) / 5;
  std::int64_t const day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era + 60;  // 1 March 2000 is day 60
}

/// Chooses the pieces of a cover.
class CoverBuilder {
 public:
  explicit CoverBuilder(Time now) : now_(now) {}

  // Adds a range to the cover (sign 1) or subtracts it (-1), by buckets of this level and narrower ones. Level 0 is the narrowest;
  // below it come raw rows.
  //
  // Each bound of the range is moved to the nearest bound of buckets, before or after it, and the buckets between the moved bounds
  // are taken whole. What lies between a bound and its moved bound is left to the narrower levels. Where the bound was moved into
  // the range, the buckets lack that time, and it gets the sign of the range. Where the bound was moved out of the range, the
  // buckets hold it in excess, and it gets the opposite sign. So of the four calls at the end at most two have a range that is not
  // empty, one for each bound.
  //
  // Buckets of this level are taken only where there are some between the moved bounds, and where they pay: the time that is left
  // to the narrower levels must not be longer than the whole range, which these would have to make otherwise. Only time that has
  // passed counts, because later buckets hold no usage yet and so are not there to be read.
  void add(int level, const Range &range, int sign) {
    if (range.empty()) return;
    if (level < 0) {
      cover_.raw.push_back({range, sign});
      return;
    }
    auto const at = static_cast<Level>(level);
    Time const from = nearest_bound(at, range.from);
    Time const to = nearest_bound(at, range.to);
    if (from >= to || cost(range.from, from) + cost(range.to, to) > cost(range.from, range.to)) {
      add(level - 1, range, sign);
      return;
    }
    cover_.levels[level].push_back({{from, to}, sign});
    add(level - 1, {range.from, from}, sign);
    add(level - 1, {from, range.from}, -sign);
    add(level - 1, {to, range.to}, sign);
    add(level - 1, {range.to, to}, -sign);
  }

  Cover cover_;

 private:
  // How much of the time between two moments, in either order, has passed. Where one of them is infinite, it is large enough to
  // lose any comparison.
  double cost(Time a, Time b) const {
    return std::abs(static_cast<double>(std::min(b, now_)) - static_cast<double>(std::min(a, now_)));
  }

  // The bucket bound that is cheapest to reach from `t`.
  Time nearest_bound(Level level, Time t) const {
    if (!is_finite(t)) return t;
    Time const below = bucket_of(level, t);
    if (below == t) return t;
    Time const above = next_bucket(level, below);
    return cost(below, t) < cost(t, above) ? below : above;
  }

  Time now_;
};

}  // namespace

std::int64_t month_of(Time t) {
  std::int64_t const day = floor_to(t, kDay) / kDay;
  auto months = static_cast<std::int64_t>(static_cast<double>(day) / 30.436875);
  while (day_of_month_start(months) > day) months--;
  while (day_of_month_start(months + 1) <= day) months++;
  return months;
}

Time month_start(std::int64_t months_since_2000) {
  Time start = 0;
  if (!__builtin_mul_overflow(day_of_month_start(months_since_2000), kDay, &start)) return start;
  return months_since_2000 > 0 ? kInfinity : kMinusInfinity;
}

Range intersection(const Range &a, const Range &b) { return {std::max(a.from, b.from), std::min(a.to, b.to)}; }

std::vector<Range> without(const Range &whole, std::vector<Range> holes) {
  std::sort(holes.begin(), holes.end(), [](const Range &a, const Range &b) { return a.from < b.from; });
  std::vector<Range> rest;
  Time from = whole.from;
  for (const Range &hole : holes) {
    if (hole.empty() || hole.to <= from || hole.from >= whole.to) continue;
    if (hole.from > from) rest.push_back({from, hole.from});
    from = std::max(from, hole.to);
  }
  if (from < whole.to) rest.push_back({from, whole.to});
  return rest;
}

std::vector<Range> within(const Range &whole, std::vector<Range> parts) { return without(whole, without(whole, std::move(parts))); }

Time bucket_of(Level level, Time t) {
  switch (level) {
    case Level::kQuarter:
      return floor_to(t, kQuarterHour);
    case Level::kHour:
      return floor_to(t, kHour);
    case Level::kDay:
      return floor_to(t, kDay);
    case Level::kMonth:
      return std::max(kFirstMoment, month_start(month_of(t)));
    case Level::kYear:
      break;
  }
  return std::max(kFirstMoment, month_start(floor_to(month_of(t), 12)));
}

Time half_hour_of(Time t) { return floor_to(t, kHalfHour); }

Time next_bucket(Level level, Time bucket) {
  switch (level) {
    case Level::kQuarter:
      return end_of(bucket, kQuarterHour);
    case Level::kHour:
      return end_of(bucket, kHour);
    case Level::kDay:
      return end_of(bucket, kDay);
    case Level::kMonth:
      return month_start(month_of(bucket) + 1);
    case Level::kYear:
      break;
  }
  return month_start(floor_to(month_of(bucket), 12) + 12);
}

Cover cover_of(const Range &period, Time now) {
  CoverBuilder builder(now);
  builder.add(kLevels - 1, period, 1);
  Cover cover = std::move(builder.cover_);
  // A raw piece that is added lies inside the period, where the buckets do not reach. One that is subtracted lies outside the
  // period, where they do.
  cover.buckets = period;
  for (const Piece &piece : cover.raw) {
    if (piece.range.from == period.from && piece.sign > 0) cover.buckets.from = piece.range.to;
    if (piece.range.to == period.from && piece.sign < 0) cover.buckets.from = piece.range.from;
    if (piece.range.to == period.to && piece.sign > 0) cover.buckets.to = piece.range.from;
    if (piece.range.from == period.to && piece.sign < 0) cover.buckets.to = piece.range.to;
  }
  return cover;
}

Range widen(Level level, const Range &range) {
  Range wide = range;
  if (is_finite(wide.from)) wide.from = bucket_of(level, wide.from);
  if (is_finite(wide.to)) {
    Time const bucket = bucket_of(level, wide.to);
    if (bucket != wide.to) wide.to = next_bucket(level, bucket);
  }
  return wide;
}

std::vector<Piece> added_up(const std::vector<Piece> &pieces) {
  std::map<Time, int> steps;  // by how much the sum changes at a moment
  for (const Piece &piece : pieces) {
    if (piece.range.empty()) continue;
    steps[piece.range.from] += piece.sign;
    steps[piece.range.to] -= piece.sign;
  }
  std::vector<Piece> sums;
  int sum = 0;
  Time from = kMinusInfinity;
  for (const auto &[moment, change] : steps) {
    if (sum != 0 && change != 0) sums.push_back({{from, moment}, sum});
    if (change != 0) from = moment;
    sum += change;
  }
  return sums;
}

}  // namespace reseller_report
