// When work falls due: cron expressions in a zone, and fixed intervals. Pure: every function takes the time.
#pragma once

#include <bitset>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "schedule/calendar.hpp"
#include "schedule/zone.hpp"

namespace materializer {

/// An expression that cannot be understood, and which part of it.
class ScheduleError : public std::exception {
 public:
  ScheduleError(std::string message, std::size_t at, std::size_t length) : message_(std::move(message)), at_(at), length_(length) {}

  const char *what() const noexcept override { return message_.c_str(); }
  std::size_t at() const { return at_; }
  std::size_t length() const { return length_; }

 private:
  std::string message_;
  std::size_t at_;
  std::size_t length_;
};

/// Five fields of cron (minute, hour, day of month, month, day of week; lists, ranges, steps, names), @hourly and its like,
/// `@every 30s`, or @never.
///
/// An expression that names every hour follows real time: it also runs in both passes of an hour that clocks repeat. Any other
/// names times of the day: what clocks skip runs once, when they skip it, and what they repeat runs the first time only.
/// As in Vixie's cron, a day needs both, day of month and day of week, where one of the two fields begins with `*` (also as `*/2`),
/// and either where none does. `@every` counts from 1970, so that instances agree.
class Schedule {
 public:
  /// Throws ScheduleError.
  static Schedule parse(const std::string &text);

  /// The first moment after `after`; nothing for @never.
  std::optional<Time> next(Time after, const Zone &zone) const;

 private:
  bool is_due_on(std::int64_t day) const;
  std::optional<Time> next_by_real_time(Time after, const Zone &zone) const;
  std::optional<Time> next_by_clock(Time after, const Zone &zone) const;

  Time every_ = 0;
  bool never_ = false;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

/// Growing pauses between attempts, each shortened by chance so that instances do not march in step.
class Backoff {
 public:
  /// The next pause in seconds; `chance` is from [0, 1).
  double next(double chance);
  void reset() { pause_ = kFirst; }

  static constexpr double kFirst = 0.1;
  static constexpr double kLongest = 3;

 private:
  double pause_ = kFirst;
};

}  // namespace materializer
