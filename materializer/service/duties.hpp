// What a leader does, one unit of work after the other: folding on its schedule first, then housekeeping, then slices to rebuild.
// While a round of folds lasts they take turns: a backlog of hours keeps nothing else from being done.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "service/housekeeping.hpp"
#include "service/metrics.hpp"
#include "service/refresh.hpp"
#include "service/troubles.hpp"

namespace materializer {

/// Now, by the system's clock: schedules are kept by it.
Time wall_clock();

class Duties {
 public:
  Duties(Log &log, Metrics &metrics, Interrupt &interrupt) : log_(log), metrics_(metrics), interrupt_(interrupt), troubles_(log) {}

  /// Begins anew, as a leader just come or configured. What fell due within the last minute is still done: another leader may
  /// have died before it could.
  void begin(const Config &config, Time now);

  /// Does one thing that is due, if any; tells whether there was one. Throws DatabaseError when the connection is lost.
  bool do_one(Session &session, const Config &config, Time now);

 private:
  struct Clockwork {
    const char *option;  // that its schedule comes from
    std::optional<Time> due;
    void set(const Schedule &schedule, Time after, const Zone &zone) { due = schedule.next(after, zone); }
    bool strikes(Time now) const { return due && now >= *due; }
  };

  /// The folds from one due time until nothing is left.
  struct Round {
    Clock::time_point begun;
    Clock::time_point told;
    Folded total;
  };

  void correct_for_clock_set_back(const Config &config, Time now);
  bool do_another(Session &session, const Config &config, Time now);
  void fold_some(Session &session, const Config &config, Time now);
  void end_round(const Config &config, Time now, bool well);
  void tell_next(const Clockwork &clockwork, const Config &config);
  void keep_house(Session &session, const Config &config);
  void keep_table(Session &session, const Config &config, const Source &source);
  void prune_table(Session &session, const Config &config, const Source &source);
  void tell_unknown_retention(const Config &config, const std::vector<Source> &all);
  void find_unbuilt(Session &session, const Source &source);
  void rebuild_next(Session &session);
  void verify(Session &session);
  void show_figures(Session &session);

  /// Does a part of a duty; where it fails, the trouble is met.
  template <typename Work>
  std::optional<DatabaseError> part(const std::string &duty, const Subject &subject, Work &&work);

  /// Does a duty wholly: where it succeeds, its trouble ends.
  template <typename Work>
  bool attempt(const std::string &duty, const Subject &subject, Work &&work);

  Log &log_;
  Metrics &metrics_;
  Interrupt &interrupt_;
  Troubles troubles_;
  Time last_look_ = 0;
  Clockwork refresh_{"schedule", {}};
  Clockwork housekeeping_{"housekeeping-schedule", {}};
  Clockwork verify_{"verify-schedule", {}};
  Clockwork figures_{"", {}};
  std::deque<Slice> to_rebuild_;
  std::set<std::string> not_rebuilt_;  // numbers of tables of which a slice failed since the last look
  std::optional<Round> round_;
  bool folded_last_ = false;
};

}  // namespace materializer
