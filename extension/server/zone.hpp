// Time zones of the server: what a local clock shows at a moment, and when it shows what.
#pragma once

#include <string>

#include "core/step.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

class Zone {
 public:
  /// A zone by its name, in any case, or a rule as POSIX writes them; 22023 where the server has no such zone.
  explicit Zone(const std::string &name);

  /// How many seconds the clock is ahead of UTC at a finite moment.
  std::int64_t seconds_ahead(Time moment) const;

  /// What the clock shows at a finite moment.
  LocalTime shown_at(Time moment) const { return moment + seconds_ahead(moment) * kSecond; }

  /// The first moment at which the clock shows this time. Where it skips the time: the moment of the shift.
  Time first_showing(LocalTime shown) const;

  /// The first moment after a finite one at which the clock shows a whole hour.
  Time next_whole_hour(Time moment) const;

 private:
  Time next_shift(Time moment) const;

  pg_tz *zone_ = nullptr;
};

/// Raises 22023, as a Zone does.
[[noreturn]] void throw_unknown_zone(const std::string &name);

/// Whether pg_timezone_names has a name, in any case. POSIX rules, which a Zone can be made of, are not there.
bool is_zone_name(const std::string &name);

/// A finite moment in the form of ISO 8601, with the zone's offset from UTC; else infinity or -infinity.
std::string iso_of_time(Time moment, const Zone &zone);

}  // namespace reseller_report
