// Moments as options write them and as people read them: ISO 8601, exact to the microsecond, from year 1 to year 9999. Pure.
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

/// Reads a date, `2026-10-01`, or a moment, `2026-10-01T08:30:00.25+02:00`: with T or a space, seconds and their decimals where
/// wanted, and Z, +hh, +hhmm or +hh:mm; without a zone it is UTC. Besides, `infinity` and `-infinity`. Nothing where the text is
/// anything else, however plausible: 01.10.2026 means January to one and October to another.
std::optional<Moment> parse_moment(const std::string &text);

/// In UTC, as 2026-10-01T00:00:00Z; the server reads it the same whatever its settings.
std::string say_moment(const Moment &moment);

/// A moment as the clocks of a zone `offset` seconds east of UTC show it, with that offset: 2026-10-01T02:00:00+02:00.
std::string say_local(Time moment, Time offset);

}  // namespace materializer
