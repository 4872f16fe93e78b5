// A named time zone: what its clocks show at a moment. It reads the system's zone files itself, because C++17 and glibc know no
// more than one zone for the whole process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedule/calendar.hpp"

namespace materializer {

/// A moment that comes every year, as the rule at the end of a zone file gives it: so many seconds after the midnight with which
/// the first, second, ... or last Sunday, Monday, ... of a month begins.
struct YearlyMoment {
  int month;
  int week;  // 5 means the last
  int weekday;
  Time seconds;
};

/// The rule for the time after the last change of offset that the zone file lists.
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

  /// The zone of this name in the system's database. Nothing where there is none, or where its file is not understood.
  static std::optional<Zone> named(const std::string &name);

  /// The zone in the bytes of a TZif file.
  static std::optional<Zone> from_tzif(const std::string &bytes);

  /// Seconds east of UTC at a moment.
  Time offset_at(Time moment) const;

  /// The moment at which clocks show `local`, which is in seconds since they showed 1970-01-01 00:00. Where they show it twice: the
  /// first time. Where they skip it: the moment at which they skip.
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
