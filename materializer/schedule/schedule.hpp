// When work falls due: cron expressions in a zone, and fixed intervals. Nothing here reads a clock: every function is given the
// time.
#pragma once

#include <bitset>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "schedule/calendar.hpp"
#include "schedule/zone.hpp"

namespace materializer {

/// What is wrong with an expression, and at which of its characters.
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
/// Where clocks change: an expression that names every hour follows real time, and an hour that clocks repeat has its runs twice.
/// Any other expression names times of the day: a time that clocks skip has its run at the moment at which they skip it, and a time
/// that they repeat has its run the first time only. Days follow Vixie's cron: where the field of the day of month or that of the
/// day of week begins with `*` (also as `*/2`), a day must match both fields, else either of them. `@every` counts from 1970, so
/// that instances agree.
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

/// Growing pauses between attempts. Chance shortens each, so that instances that lost the same server do not all return at once.
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
