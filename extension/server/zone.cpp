#include "server/zone.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "server/query.hpp"

namespace reseller_report {
namespace {

constexpr Time kHour = 4 * kQuarterHour;

// No clock has been ahead of UTC, or behind it, by as much.
constexpr Time kFarthest = 24 * kHour;

// The beginning of 2000, from which timestamps count, in the scale of the server's zones, which counts from 1970.
constexpr pg_time_t kEpoch = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * pg_time_t{SECS_PER_DAY};

// The second that a moment lies in, in the scale of the server's zones.
pg_time_t seconds_of(Time moment) {
  Time const below = moment % kSecond < 0 ? 1 : 0;
  return moment / kSecond - below + kEpoch;
}

Time time_of(pg_time_t seconds) { return (seconds - kEpoch) * kSecond; }

bool is_whole_hour(LocalTime shown) { return shown % kHour == 0; }

}  // namespace

Zone::Zone(const std::string &name) {
  pg([&] {
    zone_ = pg_tzset(name.c_str());
    if (zone_ != nullptr && !pg_tz_acceptable(zone_)) zone_ = nullptr;
  });
  if (zone_ == nullptr) throw_unknown_zone(name);
}

std::int64_t Zone::seconds_ahead(Time moment) const {
  pg_time_t const seconds = seconds_of(moment);
  const struct pg_tm *const shown = pg_localtime(&seconds, zone_);
  return shown != nullptr ? shown->tm_gmtoff : 0;
}

// The first moment after `moment` at which the clock's offset from UTC may change; infinity when there is none.
Time Zone::next_shift(Time moment) const {
  pg_time_t const seconds = seconds_of(moment);
  long before = 0;
  long after = 0;
  int is_summer_before = 0;
  int is_summer_after = 0;
  pg_time_t shift = 0;
  int const found = pg_next_dst_boundary(&seconds, &before, &is_summer_before, &shift, &after, &is_summer_after, zone_);
  // A shift that no timestamp can hold does not count.
  constexpr pg_time_t kEnd = END_TIMESTAMP / kSecond + kEpoch;
  return found > 0 && shift < kEnd ? time_of(shift) : kInfinity;
}

Time Zone::first_showing(LocalTime shown) const {
  if (!is_finite(shown)) return shown;
  Time at = std::max(shown, kMinusInfinity + 2 * kFarthest) - kFarthest;
  for (;;) {
    Time const candidate = std::max(at, shown - seconds_ahead(at) * kSecond);
    Time const shift = next_shift(at);
    if (candidate < shift || shift == kInfinity) return candidate;
    at = shift;
  }
}

Time Zone::next_whole_hour(Time moment) const {
  for (Time at = moment;;) {
    LocalTime const shown = shown_at(at);
    Time const candidate = at + steps_after(Step::kHour, step_start(Step::kHour, shown), 1) - shown;
    Time const shift = next_shift(at);
    if (candidate < shift || shift == kInfinity) return candidate;
    if (is_whole_hour(shown_at(shift))) return shift;
    at = shift;
  }
}

void throw_unknown_zone(const std::string &name) {
  throw Error(sqlstate::kInvalidParameter, "time zone \"" + name + "\" is not known",
              "SELECT name FROM pg_timezone_names lists the known ones.");
}

bool is_zone_name(const std::string &name) {
  // A rule of POSIX has digits: they say how many hours its clock is ahead. For a name without digits the view, which is slow, is
  // not needed.
  bool const may_be_rule = std::any_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  bool is_known = false;
  if (!may_be_rule) {
    pg([&] {
      const pg_tz *const zone = pg_tzset(name.c_str());
      is_known = zone != nullptr && pg_tz_acceptable(const_cast<pg_tz *>(zone));
    });
    return is_known;
  }
  SqlParameters parameters;
  pg([&] { parameters.add(TEXTOID, CStringGetTextDatum(name.c_str())); });
  query("SELECT FROM pg_catalog.pg_timezone_names WHERE lower(name) = lower($1)", parameters,
        [&](const Datum *, const bool *) { is_known = true; });
  return is_known;
}

std::string iso_of_time(Time moment, const Zone &zone) {
  if (!is_finite(moment)) return moment == kInfinity ? "infinity" : "-infinity";
  std::int64_t const ahead = zone.seconds_ahead(moment);
  LocalTime const shown = moment + ahead * kSecond;
  Time const clock = shown - step_start(Step::kDay, shown);
  int year = 0;
  int month = 0;
  int day = 0;
  j2date(static_cast<int>((shown - clock) / (24 * kHour)) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
  char text[64];
  // Years of more than four digits, or before the year 0, have a sign and six digits.
  int n = snprintf(text, sizeof text, year >= 0 && year <= 9999 ? "%04d" : "%+07d", year);
  auto const hours = static_cast<int>(clock / kHour);
  auto const minutes = static_cast<int>(clock / (60 * kSecond) % 60);
  auto const seconds = static_cast<int>(clock / kSecond % 60);
  n += snprintf(text + n, sizeof text - static_cast<size_t>(n), "-%02d-%02dT%02d:%02d:%02d", month, day, hours, minutes, seconds);
  if (Time const micros = clock % kSecond; micros != 0)
    n += snprintf(text + n, sizeof text - static_cast<size_t>(n), ".%06d", static_cast<int>(micros));
  std::int64_t const offset = std::abs(ahead);
  n += snprintf(text + n, sizeof text - static_cast<size_t>(n), "%c%02d:%02d", ahead < 0 ? '-' : '+',
                static_cast<int>(offset / 3600), static_cast<int>(offset / 60 % 60));
  if (offset % 60 != 0) snprintf(text + n, sizeof text - static_cast<size_t>(n), ":%02d", static_cast<int>(offset % 60));
  return text;
}

}  // namespace reseller_report
