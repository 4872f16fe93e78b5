// Days of the proleptic Gregorian calendar, and moments as seconds since 1970-01-01 00:00 UTC.
#pragma once

#include <cstdint>

namespace materializer {

using Time = std::int64_t;
inline constexpr Time kMinute = 60;
inline constexpr Time kHour = 3'600;
inline constexpr Time kDay = 86'400;

struct Date {
  int year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

/// Days since 1970-01-01. Years are counted from 1 March, so that the leap day is the last of its year.
constexpr std::int64_t days_of(const Date &date) {
  std::int64_t const year = date.month > 2 ? date.year : date.year - 1;
  std::int64_t const era = (year >= 0 ? year : year - 399) / 400;
  std::int64_t const year_of_era = year - era * 400;
  std::int64_t const day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

constexpr Date date_of(std::int64_t days) {
  days += 719'468;
  std::int64_t const era = (days >= 0 ? days : days - 146'096) / 146'097;
  std::int64_t const day_of_era = days - era * 146'097;
  std::int64_t const year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  std::int64_t const day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  auto const shifted = static_cast<int>((5 * day_of_year + 2) / 153);
  auto const day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  int const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<int>(year_of_era + era * 400) + (month <= 2 ? 1 : 0), month, day};
}

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// 0 is Sunday.
constexpr int weekday_of(std::int64_t days) {
  std::int64_t const shifted = (days + 4) % 7;  // 1970-01-01 was a Thursday
  return static_cast<int>(shifted < 0 ? shifted + 7 : shifted);
}

}  // namespace materializer
