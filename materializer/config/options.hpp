// The commands and their options. An option is one row of the table in options.cpp: from it the command line, the configuration
// file, the environment and --help take the name, the default and the text, and it says which part of Config the option sets.
#pragma once

#include <string>
#include <vector>

namespace materializer {

struct Config;

enum class Command { kHelp, kVersion, kRun, kOnce, kStatus, kRebuild, kVerify, kPrune, kStatement };

/// The names of the options that other code names, too.
namespace option {
inline constexpr char kDsn[] = "dsn";
inline constexpr char kConfig[] = "config";
inline constexpr char kMaxDeltas[] = "max-deltas";
inline constexpr char kFoldEvery[] = "fold-every";
inline constexpr char kSchedule[] = "schedule";
inline constexpr char kMetricsListen[] = "metrics-listen";
inline constexpr char kHousekeepingSchedule[] = "housekeeping-schedule";
inline constexpr char kVerifySchedule[] = "verify-schedule";
inline constexpr char kRetention[] = "retention";
inline constexpr char kSource[] = "source";
inline constexpr char kFrom[] = "from";
inline constexpr char kTo[] = "to";
inline constexpr char kOnlyUnbuilt[] = "only-unbuilt";
inline constexpr char kService[] = "service";
inline constexpr char kOlderThan[] = "older-than";
inline constexpr char kMonth[] = "month";
}  // namespace option

struct CommandText {
  Command command;
  const char *name;
  const char *does;
};

struct Option {
  const char *name;
  const char *argument;  ///< what --help calls its value; empty for a switch, whose value is true or false
  const char *fallback;  ///< the default; empty: what a Config has from the beginning
  unsigned commands;     ///< which commands take it: a bit each
  const char *text;      ///< for --help

  /// Reads a value into the configuration. Throws ValueError. Called once for each value that is given.
  void (*read)(const std::string &value, Config &config);
  bool repeats = false;

  bool is_for(Command command) const;
  bool is_switch() const { return *argument == '\0'; }
};

const std::vector<Option> &all_options();

/// Both return nullptr for a name that is not known.
const Option *find_option(const std::string &name);
const CommandText *find_command(const std::string &name);

/// The names of all commands: a, b or c.
std::string command_names();

std::string general_help();
std::string help_for(const CommandText &command);

}  // namespace materializer
