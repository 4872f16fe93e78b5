// A session as this program uses it: its settings, and the units of work in it.
#pragma once

#include <chrono>
#include <string>

#include "config/config.hpp"
#include "database/database.hpp"
#include "process/interrupt.hpp"
#include "process/log.hpp"

namespace materializer {

class Session {
 public:
  /// Connects, and limits how long anything in the session may wait. Throws DatabaseError.
  Session(const Config &config, Interrupt &interrupt, Log &log);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /// Runs a unit of work: one statement, which is a transaction of its own. Where the server asks for it, the unit is tried again a
  /// few times.
  Rows unit(const std::string &sql, const std::vector<Param> &params = {});

  /// Runs a unit that locks a usage table against everybody. Writers queue behind a statement that waits for such a lock, so each
  /// attempt waits only briefly.
  Rows unit_that_locks_out(const std::string &sql, const std::vector<Param> &params);

  /// Runs a quick statement, which is not tried again.
  Rows query(const std::string &sql, const std::vector<Param> &params = {});

 private:
  Rows attempt(const std::string &sql, const std::vector<Param> &params, bool retry_locks);
  void set_lock_timeout(const std::string &timeout);

  Connection connection_;
  Interrupt &interrupt_;
  std::chrono::seconds const longest_unit_;
  std::string const lock_timeout_;
};

}  // namespace materializer
