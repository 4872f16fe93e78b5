// The configuration: a plain struct, read from the command line, a file and the environment, in this order of precedence. The table
// of options in options.cpp holds every default.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "process/exit_status.hpp"
#include "process/log.hpp"
#include "process/name.hpp"
#include "schedule/moment.hpp"
#include "schedule/schedule.hpp"
#include "schedule/zone.hpp"

namespace materializer {

enum class OutputFormat { kTable, kJson };

/// How long raw usage is kept: for named tables, and for all others.
struct Retention {
  std::optional<std::int64_t> others;
  std::map<TableName, std::int64_t> named;

  bool empty() const { return !others && named.empty(); }
};

/// Durations are in seconds.
struct Config {
  Command command = Command::kHelp;
  std::string help;  // for Command::kHelp
  std::vector<std::string> warnings;

  std::string dsn;
  LogFormat log_format{};
  LogLevel log_level{};
  std::int64_t lock_timeout = 0;
  std::int64_t statement_timeout = 0;

  std::int64_t max_deltas = 0;
  std::int64_t fold_every = 0;
  Schedule schedule;
  Zone zone;
  std::string metrics_listen;  // empty: no metrics
  Schedule housekeeping_schedule;
  std::int64_t partitions_ahead = 0;
  Schedule verify_schedule;
  Retention retention;

  std::vector<TableName> tables;  // of --source; empty: all
  Period period = kAllTime;
  std::string service;  // empty: all
  bool only_unbuilt = false;
  std::int64_t older_than = 0;
  bool dry_run = false;
  std::string month;     // YYYY-MM
  std::string reseller;  // its number; empty: every one with usage
  OutputFormat format{};
};

/// Reads the configuration of an invocation. `environment` is `environ`. Throws UsageError.
Config read_config(int argc, const char *const *argv, const char *const *environment);

}  // namespace materializer
