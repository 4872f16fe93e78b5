// The commands and the options that each of them takes: one table, with every default, that also prints the help.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace materializer {

struct CommandText {
  Command command;
  const char *name;
  const char *does;
};

struct Option {
  const char *name;
  const char *argument;  ///< empty: a switch
  const char *fallback;  ///< the default
  unsigned commands;     ///< a bit each
  const char *text;

  bool is_for(Command command) const;
};

const std::vector<Option> &all_options();

/// Both return nullptr for a name that is not known.
const Option *find_option(const std::string &name);
const CommandText *find_command(const std::string &name);

std::string general_help();
std::string help_for(const CommandText &command);

}  // namespace materializer
