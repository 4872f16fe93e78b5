// Time zones as the server knows them: what a local clock shows at a moment, and at which moment it shows a time.
#pragma once

#include <string>

#include "core/step.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

class Zone {
 public:
  /// `name` is the name of a zone, in upper or lower case, or a rule in the form of POSIX. Raises 22023 where the server knows no
  /// such zone.
  explicit Zone(const std::string &name);

  /// How many seconds the clock is ahead of UTC at a finite moment.
  std::int64_t seconds_ahead(Time moment) const;

  /// What the clock shows at a finite moment.
  LocalTime shown_at(Time moment) const { return moment + seconds_ahead(moment) * kSecond; }

  /// The first moment at which the clock shows this time. Where a shift makes the clock skip this time, it is the moment of the
  /// shift.
  Time first_showing(LocalTime shown) const;

  /// The first moment after a finite one at which the clock shows a whole hour.
  Time next_whole_hour(Time moment) const;

 private:
  Time next_shift(Time moment) const;

  pg_tz *zone_ = nullptr;
};

/// Raises 22023, as a Zone does.
[[noreturn]] void throw_unknown_zone(const std::string &name);

/// Whether the view pg_timezone_names has this name, in upper or lower case. It has no rules of POSIX, though a Zone can be made of
/// one.
bool is_zone_name(const std::string &name);

/// A moment in the form of ISO 8601, with the zone's offset from UTC; `infinity` or `-infinity` where it is not finite.
std::string iso_of_time(Time moment, const Zone &zone);

}  // namespace reseller_report
