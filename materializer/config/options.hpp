// The commands and their options. The table in options.cpp is the only place that names an option: the command line, the
// configuration file, the environment and --help all take it from there, and it says which part of Config the option sets.
#pragma once

#include <string>
#include <vector>

namespace materializer {

struct Config;

enum class Command { kHelp, kVersion, kRun, kOnce, kStatus, kRebuild, kVerify, kPrune };

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

inline constexpr char kConfigOption[] = "config";

const std::vector<Option> &all_options();

/// Both return nullptr for a name that is not known.
const Option *find_option(const std::string &name);
const CommandText *find_command(const std::string &name);

/// The names of all commands: a, b or c.
std::string command_names();

std::string general_help();
std::string help_for(const CommandText &command);

}  // namespace materializer
