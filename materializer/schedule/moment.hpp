// Moments as options write them and as people read them: ISO 8601, exact to the microsecond, from year 1 to year 9999.
#pragma once

#include <optional>
#include <string>

#include "schedule/calendar.hpp"

namespace materializer {

/// A moment in UTC, or one of the two ends of time. Ordered.
struct Moment {
  Time seconds = 0;  // since 1970
  int microseconds = 0;
  int end = 0;  // -1: -infinity, 1: infinity

  bool operator<(const Moment &other) const;
};

/// The time from `from`, which belongs to it, until `to`, which does not.
struct Period {
  Moment from;
  Moment to;
};
inline constexpr Period kAllTime = {{0, 0, -1}, {0, 0, 1}};

/// Reads a date, `2026-10-01`, a moment, `2026-10-01T08:30:00.25+02:00`, or `infinity` or `-infinity`. Between date and time stands
/// T or a space. Seconds and their decimals may be left out. The zone is Z, +hh, +hhmm or +hh:mm, and UTC where none is given.
/// Returns nothing where the text is anything else: 01.10.2026 means 1 October to some and 10 January to others.
std::optional<Moment> parse_moment(const std::string &text);

/// In UTC, as 2026-10-01T00:00:00Z. The server reads this form the same whatever its settings.
std::string say_moment(const Moment &moment);

/// A moment as clocks show it that are `offset` seconds ahead of UTC: 2026-10-01T02:00:00+02:00.
std::string say_local(Time moment, Time offset);

}  // namespace materializer
