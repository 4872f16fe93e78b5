#include "core/step.hpp"

namespace reseller_report {
namespace {

constexpr const char *kNames[kSteps] = {"hour", "day", "week", "month", "quarter", "year"};

constexpr Time kHour = 4 * kQuarterHour;
constexpr Time kDay = 24 * kHour;

// The first Monday of the scale: it begins on a Saturday.
constexpr Time kMonday = 2 * kDay;

// The months from 4714 BC, in which timestamps begin, to the year 294277, in which they end.
constexpr std::int64_t kFirstMonth = (-4713 - 2000) * std::int64_t{12};
constexpr std::int64_t kLastMonth = (294'277 - 2000) * std::int64_t{12};

std::int64_t floor_to(std::int64_t value, std::int64_t width) {
  std::int64_t const remainder = value % width;
  return value - (remainder < 0 ? remainder + width : remainder);
}

// How many months a step has; 0 where it is counted in time.
int months_of(Step step) { return step == Step::kMonth ? 1 : step == Step::kQuarter ? 3 : step == Step::kYear ? 12 : 0; }

Time width_of(Step step) { return step == Step::kHour ? kHour : step == Step::kDay ? kDay : 7 * kDay; }

LocalTime start_of_month(std::int64_t month) {
  return month < kFirstMonth ? kMinusInfinity : month > kLastMonth ? kInfinity : month_start(month);
}

}  // namespace

const char *step_name(Step step) { return kNames[static_cast<int>(step)]; }

LocalTime step_start(Step step, LocalTime shown) {
  if (int const months = months_of(step); months > 0) return start_of_month(floor_to(month_of(shown), months));
  return step == Step::kWeek ? floor_to(shown - kMonday, 7 * kDay) + kMonday : floor_to(shown, width_of(step));
}

LocalTime steps_after(Step step, LocalTime start, std::int64_t count) {
  if (!is_finite(start)) return start;
  if (int const months = months_of(step); months > 0) return start_of_month(month_of(start) + count * months);
  Time distance = 0;
  Time result = 0;
  if (__builtin_mul_overflow(count, width_of(step), &distance) || __builtin_add_overflow(start, distance, &result))
    return count > 0 ? kInfinity : kMinusInfinity;
  return result;
}

}  // namespace reseller_report
