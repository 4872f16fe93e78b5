// The command `run`: connects, waits until it may lead, works, and begins again whenever it loses the session.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "service/duties.hpp"

namespace materializer {

class Service {
 public:
  /// `read_again` reads the configuration anew; it may throw UsageError.
  Service(Config config, std::function<Config()> read_again, Interrupt &interrupt, Log &log);

  /// Runs until a stop is requested; returns the exit status.
  int run();

 private:
  void step();
  void reload();
  void work_as_leader();
  void lose(const DatabaseError &error);
  void announce(const std::string &state, const std::string &detail);
  void rest();
  void pause(double seconds);

  Config config_;
  std::function<Config()> read_again_;
  Interrupt &interrupt_;
  Log &log_;
  Metrics metrics_;
  Duties duties_;
  Backoff backoff_;
  std::unique_ptr<Session> session_;
  bool leads_ = false;
  std::string announced_;
};

}  // namespace materializer
