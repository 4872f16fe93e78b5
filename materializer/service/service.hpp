// The command `run`: connects, waits until it may lead, works, and begins again whenever it loses its connection.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "database/extension.hpp"
#include "process/exit_status.hpp"
#include "process/log.hpp"
#include "process/process.hpp"
#include "schedule/schedule.hpp"
#include "service/duties.hpp"
#include "service/metrics.hpp"

namespace materializer {

class Service {
 public:
  /// `read_again` reads the configuration anew. It may throw UsageError.
  Service(Config config, std::function<Config()> read_again, Connect connect, Process &process, Log &log);

  /// Runs until a stop is requested.
  ExitStatus run();

 private:
  void step();
  bool may_work();
  void connect();
  void lose(const DatabaseError &error);
  void reload();
  void announce(bool is_ready, const std::string &state, const std::string &detail);
  void rest();

  Config config_;
  std::function<Config()> read_again_;
  Connect connect_;
  Process &process_;
  Log &log_;
  Metrics metrics_;
  Duties duties_;
  Backoff backoff_;
  std::unique_ptr<Extension> extension_;  // empty while there is no connection
  bool leads_ = false;
  std::string announced_;
};

}  // namespace materializer
