// What a leader does, one unit of work after the other: folding on its schedule first, then housekeeping, then slices to rebuild.
// While a round of folds lasts they take turns: a backlog of hours keeps nothing else from being done.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "housekeeping.hpp"
#include "metrics.hpp"
#include "refresh.hpp"

namespace materializer {

/// Now, by the system's clock: schedules are kept by it.
Time wall_clock();

/// Troubles are told when they begin, change and end, not each time they are met.
class Troubles {
 public:
  explicit Troubles(Log &log) : log_(log) {}
  void report(const std::string &task, const std::string &about, const DatabaseError &error);
  void clear(const std::string &task, const std::string &about);

 private:
  Log &log_;
  std::map<std::string, std::string> known_;
};

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
  void keep_house(Session &session, const Config &config);
  void prune_sources(Session &session, const Config &config);
  void rebuild_next(Session &session);
  void verify(Session &session);
  void show_figures(Session &session);

  template <typename Work>
  bool attempt(const std::string &task, const std::string &about, Work &&work);

  Log &log_;
  Metrics &metrics_;
  Interrupt &interrupt_;
  Troubles troubles_;
  Time last_look_ = 0;
  Clockwork refresh_;
  Clockwork housekeeping_;
  Clockwork verify_;
  Clockwork figures_;
  std::deque<Slice> to_rebuild_;
  std::optional<Round> round_;
  bool folded_last_ = false;
};

}  // namespace materializer
