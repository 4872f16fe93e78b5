// The steps of a local clock, against the C library's calendar.
#include "core/step.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <random>

using namespace reseller_report;

namespace {

constexpr Time kHour = 4 * kQuarterHour;
constexpr Time kDay = 24 * kHour;
constexpr std::int64_t kUnixEpochOf2000 = 946'684'800;

std::tm civil(LocalTime shown) {
  Time const remainder = shown % kSecond;
  std::time_t const seconds = (shown - (remainder < 0 ? remainder + kSecond : remainder)) / kSecond + kUnixEpochOf2000;
  std::tm tm = {};
  gmtime_r(&seconds, &tm);
  return tm;
}

LocalTime midnight(int year, int month, int day) {
  std::tm tm = {};
  tm.tm_year = year - 1900;
  tm.tm_mon = month - 1;
  tm.tm_mday = day;
  return (static_cast<Time>(timegm(&tm)) - kUnixEpochOf2000) * kSecond;
}

LocalTime expected_start(Step step, LocalTime shown) {
  std::tm const tm = civil(shown);
  int const year = tm.tm_year + 1900;
  int const month = tm.tm_mon + 1;
  switch (step) {
    case Step::kHour:
      return midnight(year, month, tm.tm_mday) + tm.tm_hour * kHour;
    case Step::kDay:
      return midnight(year, month, tm.tm_mday);
    case Step::kWeek:
      return midnight(year, month, tm.tm_mday - (tm.tm_wday + 6) % 7);
    case Step::kMonth:
      return midnight(year, month, 1);
    case Step::kQuarter:
      return midnight(year, month - (month - 1) % 3, 1);
    case Step::kYear:
      break;
  }
  return midnight(year, 1, 1);
}

}  // namespace

TEST_CASE("a step begins where the calendar has it") {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<Time> moments(midnight(-3000, 1, 1), midnight(9000, 1, 1));
  for (int i = 0; i < 20'000; i++) {
    LocalTime const shown = moments(random);
    for (int s = 0; s < kSteps; s++) {
      auto const step = static_cast<Step>(s);
      LocalTime const start = step_start(step, shown);
      CHECK(start == expected_start(step, shown));
      CHECK(step_start(step, start) == start);
      CHECK(step_start(step, start - 1) == steps_after(step, start, -1));
      CHECK(steps_after(step, start, 0) == start);
      CHECK(steps_after(step, start, 1) > shown);
      CHECK(step_start(step, steps_after(step, start, 1)) == steps_after(step, start, 1));
      CHECK(steps_after(step, steps_after(step, start, 1), -1) == start);
      CHECK(steps_after(step, steps_after(step, start, 2), 3) == steps_after(step, start, 5));
    }
  }
}

TEST_CASE("steps end where timestamps do") {
  LocalTime const last = midnight(294276, 12, 31);
  CHECK(steps_after(Step::kYear, step_start(Step::kYear, last), 1) == midnight(294277, 1, 1));
  for (Step const step : {Step::kMonth, Step::kQuarter, Step::kYear})
    CHECK(steps_after(step, midnight(294277, 1, 1), 1) == kInfinity);
  CHECK(steps_after(Step::kWeek, step_start(Step::kWeek, last), 100) == kInfinity);
  CHECK(steps_after(Step::kYear, midnight(-4713, 1, 1), -1) == kMinusInfinity);
  CHECK(steps_after(Step::kDay, midnight(-4713, 1, 1), -300'000'000) == kMinusInfinity);
  CHECK(steps_after(Step::kDay, kInfinity, -1) == kInfinity);
  CHECK(steps_after(Step::kMonth, kMinusInfinity, 1) == kMinusInfinity);
}

TEST_CASE("names of steps") {
  CHECK(std::string(step_name(Step::kHour)) == "hour");
  CHECK(std::string(step_name(Step::kYear)) == "year");
}
