// What a leader does, one unit of work after the other: it folds often, folds and merges on its schedule, does the housekeeping,
// rebuilds slices, verifies, and asks for the state that metrics show. A fold or merge that is due goes first. After
// each of them, one other thing that is due gets its turn, so that a long backlog holds up nothing.
#pragma once

#include <optional>

#include "config/config.hpp"
#include "database/extension.hpp"
#include "schedule/calendar.hpp"
#include "service/housekeeping.hpp"
#include "service/metrics.hpp"
#include "service/units.hpp"

namespace materializer {

class Duties {
 public:
  Duties(Process &process, Log &log, Metrics &metrics)
      : process_(process),
        log_(log),
        metrics_(metrics),
        units_(process, log, metrics),
        housekeeping_(process, log, metrics, units_) {}

  /// Begins anew: the instance has just begun to lead, or has a new configuration. What fell due within the last minute is still
  /// done, because a leader before this one may have died before it could do it.
  void begin(const Config &config);

  /// Does one thing that is due, if any, and tells whether there was one. After a stop was requested it begins no further unit.
  /// Throws DatabaseError where the connection is lost.
  bool do_one(Extension &extension, const Config &config);

  /// Asks how far a standby is, now and then. Nothing else is to be done there.
  void watch_standby(Extension &extension);

 private:
  /// When something is due next.
  struct Timer {
    const char *option;  // that has its schedule
    std::optional<Time> due;
    void set(const Schedule &schedule, Time after, const Zone &zone) { due = schedule.next(after, zone); }
    bool is_due(Time now) const { return due && now >= *due; }
  };

  /// The folds and merges from a due time until nothing is left. Times are Process::seconds().
  struct Round {
    double begun;
    double last_told;
    Materialized total;
  };

  void begin_again_if_clock_was_set_back(const Config &config);
  void look_at_replication(Extension &extension);
  bool do_next(Extension &extension, const Config &config);
  bool do_other(Extension &extension, const Config &config);
  void fold(Extension &extension, const Config &config);
  void materialize(Extension &extension, const Config &config);
  void end_round(const Config &config);
  void postpone_round(const Config &config);
  void log_next(const Timer &timer, const Config &config);

  Process &process_;
  Log &log_;
  Metrics &metrics_;
  Units units_;
  Housekeeping housekeeping_;
  Time last_now_ = 0;
  Timer round_timer_{option::kSchedule, {}};
  Timer housekeeping_timer_{option::kHousekeepingSchedule, {}};
  Timer verify_{option::kVerifySchedule, {}};
  Timer state_{"", {}};
  std::optional<Round> round_;
  double next_fold_ = 0;             // in Process::seconds()
  double next_look_at_standby_ = 0;  // likewise
  bool folded_last_ = false;
};

}  // namespace materializer
