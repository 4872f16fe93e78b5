// A named time zone: what its clocks show, and when. Reads the system's zone files itself, for C++17 and glibc know only the
// zone of the whole process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedule/calendar.hpp"

namespace materializer {

/// A moment of each year, as the rule at the end of a zone file names it: a weekday of a month and seconds after its midnight.
struct YearlyMoment {
  int month;
  int week;  // 5 means the last
  int weekday;
  Time seconds;
};

/// What holds after the last listed change of offset.
struct ZoneRule {
  Time standard = 0;  // seconds east of UTC
  Time summer = 0;
  bool has_summer = false;
  YearlyMoment begins{};
  YearlyMoment ends{};
};

class Zone {
 public:
  /// UTC, which needs no file.
  Zone() = default;

  /// The zone of this name in the system's database; nothing where there is none, or its file is not understood.
  static std::optional<Zone> named(const std::string &name);

  /// The zone in the bytes of a TZif file.
  static std::optional<Zone> from_tzif(const std::string &bytes);

  /// Seconds east of UTC at a moment.
  Time offset_at(Time moment) const;

  /// The moment at which clocks show `local` (seconds of a calendar without zone) for the first time; where clocks skip it, the
  /// moment at which they skip.
  Time moment_of(Time local) const;

 private:
  struct Change {
    Time at;
    Time offset;
  };
  std::vector<Change> changes_;
  Time first_offset_ = 0;
  ZoneRule rule_;
};

}  // namespace materializer
