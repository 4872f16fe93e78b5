#include "config/config.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstring>
#include <fstream>

#include "config/values.hpp"

namespace materializer {
namespace {

namespace po = boost::program_options;

constexpr char kEnvironmentPrefix[] = "RESELLER_MATERIALIZER_";

po::options_description described() {
  po::options_description options;
  for (const Option &option : all_options()) {
    auto *const value = po::value<std::string>();
    if (option.is_switch()) value->implicit_value("true");
    options.add_options()(option.name, value, option.text);
  }
  return options;
}

std::string in_environment(const std::string &name) {
  std::string variable = kEnvironmentPrefix;
  for (char const c : name) variable += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  return variable;
}

/// The values that an option was given, and where, in words for people.
struct Given {
  std::vector<std::string> values;
  std::string origin;
};

/// The options that were given. Of several places that give one, the first that was added holds.
class GivenOptions {
 public:
  template <typename Name>
  void add(const po::parsed_options &parsed, Name &&origin_of) {
    std::map<std::string, Given> here;
    for (const auto &entry : parsed.options) {
      const Option *const option = entry.position_key >= 0 ? nullptr : find_option(entry.string_key);
      if (option == nullptr) continue;
      Given &given = here[entry.string_key];
      given.origin = origin_of(entry.string_key);
      // The parser leaves out the value that a switch implies.
      given.values.push_back(entry.value.empty() ? "true" : entry.value.front());
      if (given.values.size() > 1 && !option->repeats) throw UsageError(given.origin + " is given twice");
    }
    given_.insert(here.begin(), here.end());
  }

  void add(const GivenOptions &others) { given_.insert(others.given_.begin(), others.given_.end()); }

  /// What was given for an option; nullptr where nothing was.
  const Given *find(const std::string &name) const {
    auto const found = given_.find(name);
    return found == given_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, Given> given_;
};

void read_option(const Option &option, const GivenOptions &options, Config &config) {
  const Given *const given = options.find(option.name);
  try {
    if (given == nullptr) {
      if (*option.fallback != '\0') option.read(option.fallback, config);
      return;
    }
    for (const std::string &value : given->values) option.read(value, config);
  } catch (const ValueError &error) {
    throw UsageError((given == nullptr ? std::string("--") + option.name : given->origin) + ": " + error.what());
  }
}

// The command of a parsed command line; nullptr where it names none.
const CommandText *command_in(const po::parsed_options &parsed) {
  const CommandText *command = nullptr;
  for (const auto &entry : parsed.options) {
    if (entry.string_key != "command") continue;
    command = find_command(entry.value.front());
    if (command == nullptr) throw UsageError("there is no command '" + entry.value.front() + "'");
  }
  return command;
}

bool holds(const po::parsed_options &parsed, const char *name) {
  return std::any_of(parsed.options.begin(), parsed.options.end(), [&](const auto &entry) { return entry.string_key == name; });
}

po::parsed_options parse_command_line(int argc, const char *const *argv) {
  po::options_description options = described();
  options.add_options()("help,h", "")("version", "")("command", po::value<std::string>());
  po::positional_options_description positions;
  positions.add("command", 1);
  auto const style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  return po::command_line_parser(argc, argv).options(options).positional(positions).style(style).run();
}

// Reads the command line: sets `command`, and `help` where help was asked for.
void read_command_line(int argc, const char *const *argv, Config &config, GivenOptions &given) {
  po::parsed_options const parsed = parse_command_line(argc, argv);
  if (holds(parsed, "version")) {
    config.command = Command::kVersion;
    return;
  }
  const CommandText *const command = command_in(parsed);
  if (holds(parsed, "help")) {
    config.help = command == nullptr ? general_help() : help_for(*command);
    return;
  }
  if (command == nullptr) throw UsageError("a command is missing: " + command_names());
  config.command = command->command;
  for (const auto &entry : parsed.options) {
    const Option *const option = find_option(entry.string_key);
    if (option != nullptr && !option->is_for(config.command))
      throw UsageError("--" + entry.string_key + " is not an option of " + command->name);
  }
  given.add(parsed, [](const std::string &name) { return "--" + name; });
}

void read_file(const Given &name, GivenOptions &given) {
  const std::string &path = name.values.front();
  std::ifstream file(path);
  // A folder can be opened. It fails when it is read.
  file.peek();
  if (file.bad() || !file.is_open()) throw UsageError(name.origin + ": cannot read '" + path + "': " + std::strerror(errno));
  file.clear();
  try {
    given.add(po::parse_config_file(file, described()), [&](const std::string &option) { return option + " in " + path; });
  } catch (const UsageError &) {
    throw;
  } catch (const std::exception &error) {
    throw UsageError(path + ": " + error.what());
  }
}

// Adds what the environment gives. A variable that only looks like an option is a warning, no error: a container platform may have
// made it.
GivenOptions read_environment(const char *const *environment, Config &config) {
  po::parsed_options parsed(nullptr);
  for (; *environment != nullptr; environment++) {
    std::string const entry = *environment;
    if (entry.rfind(kEnvironmentPrefix, 0) != 0) continue;
    std::string const variable = entry.substr(0, entry.find('='));
    std::string const value = entry.substr(std::min(variable.size() + 1, entry.size()));
    auto const option = std::find_if(all_options().begin(), all_options().end(),
                                     [&](const Option &o) { return in_environment(o.name) == variable; });
    if (option == all_options().end()) {
      config.warnings.push_back("the environment sets " + variable + ", which is not an option");
    } else {
      parsed.options.emplace_back(option->name, std::vector<std::string>{value});
    }
  }
  GivenOptions given;
  given.add(parsed, in_environment);
  return given;
}

}  // namespace

Config read_config(int argc, const char *const *argv, const char *const *environment) {
  Config config;
  GivenOptions given;
  try {
    read_command_line(argc, argv, config, given);
  } catch (const po::error &error) {
    throw UsageError(error.what());
  }
  if (config.command == Command::kHelp || config.command == Command::kVersion) return config;
  GivenOptions const in_variables = read_environment(environment, config);
  const Given *file = given.find(option::kConfig);
  if (file == nullptr) file = in_variables.find(option::kConfig);
  // An empty name, as an empty variable gives it, is none.
  if (file != nullptr && !file->values.front().empty()) read_file(Given(*file), given);
  given.add(in_variables);
  for (const Option &option : all_options()) read_option(option, given, config);
  if (config.command == Command::kPrune && config.older_than == 0)
    throw UsageError(std::string("prune needs --") + option::kOlderThan + ", for example --" + option::kOlderThan + " 400d");
  if (config.command == Command::kStatement && config.month.empty())
    throw UsageError(std::string("statement needs --") + option::kMonth + ", for example --" + option::kMonth + " 2026-10");
  return config;
}

}  // namespace materializer
