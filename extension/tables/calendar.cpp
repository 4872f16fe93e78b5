#include "tables/calendar.hpp"

#include <algorithm>

namespace reseller_report {
namespace {

constexpr Time kHour = 4 * kQuarterHour;
constexpr Time kDay = 24 * kHour;

// The first date that the server has is the day of the first moment. Days of a clock that are before it belong to it.
constexpr LocalTime kFirstDate = kFirstMoment;

LocalTime date_start(Step step, LocalTime shown) { return std::max(step_start(step, shown), kFirstDate); }

/// Buckets that begin when a clock first shows their beginning, as the steps of usage_series do. The first one of all time begins
/// at its first moment.
class ClockBuckets {
 public:
  /// Begins with the bucket that holds a finite moment.
  ClockBuckets(Step step, const Zone &zone, Time moment)
      : step_(step), zone_(zone), shown_(date_start(step, zone.shown_at(moment))) {
    at_ = shown_ == kFirstDate ? kFirstMoment : zone.first_showing(shown_);
    // A clock that was set back over the beginning of a day shows the day before again.
    while (find_next() <= moment) go_on();
  }

  UsageBucket take() {
    // A day that the calendar skips would begin when the next one does. What the clock shows then is the day that there is.
    LocalTime const date = is_finite(at_) ? date_start(step_, zone_.shown_at(at_)) : at_;
    UsageBucket const bucket = {{at_, find_next()}, date};
    go_on();
    return bucket;
  }

 private:
  Time find_next() {
    next_shown_ = shown_;
    next_ = at_;
    while (next_ <= at_) {
      next_shown_ = steps_after(step_, next_shown_, 1);
      next_ = zone_.first_showing(next_shown_);
    }
    return next_;
  }

  void go_on() {
    shown_ = next_shown_;
    at_ = next_;
  }

  Step step_;
  const Zone &zone_;
  Time at_;
  LocalTime shown_;
  Time next_ = 0;
  LocalTime next_shown_ = 0;
};

void add_clock_buckets(Step step, const Zone &zone, Range range, std::vector<UsageBucket> &buckets) {
  if (!buckets.empty()) range.from = std::max(range.from, buckets.back().range.to);
  if (range.empty()) return;
  ClockBuckets clock(step, zone, range.from);
  do buckets.push_back(clock.take());
  while (buckets.back().range.to < range.to);
}

void add_utc_buckets(Level level, const Range &range, std::vector<UsageBucket> &buckets) {
  Range const whole = widen(level, range);
  Time const from = buckets.empty() ? whole.from : std::max(whole.from, buckets.back().range.to);
  for (Time at = from; at < whole.to;) {
    Time const next = next_bucket(level, at);
    buckets.push_back({{at, next}, 0});
    at = next;
  }
}

}  // namespace

std::vector<UsageBucket> buckets_of(TableKind kind, const Zone &zone, const std::vector<Range> &ranges) {
  std::vector<UsageBucket> buckets;
  for (const Range &range : ranges) {
    if (kind == TableKind::kQuarterHours)
      add_utc_buckets(Level::kQuarter, range, buckets);
    else if (kind == TableKind::kHours)
      add_utc_buckets(Level::kHour, range, buckets);
    else
      add_clock_buckets(kind == TableKind::kDays ? Step::kDay : Step::kMonth, zone, range, buckets);
  }
  return buckets;
}

Time longest_bucket(TableKind kind) {
  switch (kind) {
    case TableKind::kQuarterHours:
      return kQuarterHour;
    case TableKind::kHours:
      return kHour;
    case TableKind::kMonths:
      return 33 * kDay;
    default:
      return 3 * kDay;  // a clock may be set back by a day
  }
}

double bucket_count(TableKind kind, const Range &range) {
  return (static_cast<double>(range.to) - static_cast<double>(range.from)) / static_cast<double>(longest_bucket(kind));
}

}  // namespace reseller_report
