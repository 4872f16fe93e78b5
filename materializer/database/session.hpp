// A session as the materializer uses it: its settings, the units of work in it, and what it finds at the other end.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "database/database.hpp"
#include "process/interrupt.hpp"
#include "process/log.hpp"

namespace materializer {

class Session {
 public:
  /// Connects and limits how long anything may wait. Throws DatabaseError.
  Session(const Config &config, Interrupt &interrupt, Log &log);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /// Runs one unit of work: one statement, a transaction of its own, tried again a few times when the server asks for it.
  Rows unit(const std::string &sql, const std::vector<Param> &params = {});

  /// A unit that locks a usage table against everybody: writers queue behind it, so it waits for its locks only briefly, a few
  /// times.
  Rows unit_that_locks_out(const std::string &sql, const std::vector<Param> &params);

  /// Runs a statement that is quick, or fails.
  Rows query(const std::string &sql, const std::vector<Param> &params = {});

 private:
  Rows attempt(const std::string &sql, const std::vector<Param> &params, bool again_for_locks);
  void set_lock_timeout(const std::string &timeout);

  Connection connection_;
  Interrupt &interrupt_;

  std::chrono::seconds const longest_unit_;
  std::string const lock_timeout_;
};

/// The other end, as one look sees it.
enum class Place { kReady, kStandby, kNoExtension, kWrongVersion };
struct Look {
  Place place;
  std::string detail;  // for people; empty when ready
};
Look look_at(Session &session);

/// The look, but throws DatabaseError where there is nothing to work with. For commands that do one thing and exit.
void expect_ready(Session &session);

/// A random number from [0, 1).
double chance();

}  // namespace materializer
