#include "config/config.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstring>
#include <fstream>

#include "config/options.hpp"
#include "process/text.hpp"
#include "schedule/duration.hpp"

namespace materializer {
namespace {

namespace po = boost::program_options;

constexpr char kEnvironmentPrefix[] = "RESELLER_MATERIALIZER_";

po::options_description described() {
  po::options_description options;
  for (const Option &option : all_options()) {
    auto *const value = po::value<std::string>();
    if (*option.argument == '\0') value->implicit_value("true");
    options.add_options()(option.name, value, option.text);
  }
  return options;
}

/// What was given for an option, and where, as a person would name the place.
struct Given {
  std::vector<std::string> values;
  std::string origin;
};

std::string in_environment(const std::string &name) {
  std::string variable = kEnvironmentPrefix;
  for (char const c : name) variable += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  return variable;
}

/// The options that were given, the first place that gives one winning.
class GivenOptions {
 public:
  template <typename Name>
  void add(const po::parsed_options &parsed, Name &&origin_of) {
    std::map<std::string, Given> here;
    for (const auto &option : parsed.options) {
      if (option.position_key >= 0 || find_option(option.string_key) == nullptr) continue;
      Given &given = here[option.string_key];
      given.origin = origin_of(option.string_key);
      // The parser leaves out the implied value of a switch.
      given.values.push_back(option.value.empty() ? "true" : option.value.front());
      if (given.values.size() > 1 && option.string_key != "source") throw UsageError(given.origin + " is given twice");
    }
    given_.insert(here.begin(), here.end());
  }

  bool has(const std::string &name) const { return given_.count(name) > 0; }
  std::string value(const std::string &name) const {
    auto const found = given_.find(name);
    return found == given_.end() ? find_option(name)->fallback : found->second.values.front();
  }
  std::vector<std::string> values(const std::string &name) const {
    auto const found = given_.find(name);
    return found == given_.end() ? std::vector<std::string>() : found->second.values;
  }
  [[noreturn]] void fail(const std::string &name, const std::string &problem) const {
    auto const found = given_.find(name);
    throw UsageError((found == given_.end() ? "--" + name : found->second.origin) + ": " + problem);
  }

 private:
  std::map<std::string, Given> given_;
};

std::int64_t duration(const GivenOptions &given, const char *name) {
  std::string const text = given.value(name);
  std::optional<std::int64_t> const seconds = parse_duration(text);
  if (!seconds || *seconds == 0) given.fail(name, "'" + text + "' is not a duration such as 30s, 5m, 12h or 400d");
  return *seconds;
}

bool flag(const GivenOptions &given, const char *name) {
  std::string const text = given.value(name);
  if (text != "true" && text != "false") given.fail(name, "'" + text + "' is neither true nor false");
  return text == "true";
}

template <typename T>
T choice(const GivenOptions &given, const char *name, std::initializer_list<std::pair<const char *, T>> choices) {
  std::string const text = given.value(name);
  std::string known;
  for (const auto &[word, value] : choices) {
    if (text == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  given.fail(name, "'" + text + "' is none of " + known);
}

std::int64_t positive_number(const GivenOptions &given, const char *name, std::int64_t most) {
  std::string const text = given.value(name);
  bool const is_number = !text.empty() && text.size() <= 10 && text.find_first_not_of("0123456789") == std::string::npos;
  std::int64_t const value = is_number ? std::stoll(text) : 0;
  if (value < 1 || value > most) given.fail(name, "'" + text + "' is not a number from 1 to " + std::to_string(most));
  return value;
}

Schedule schedule(const GivenOptions &given, const char *name) {
  std::string const text = given.value(name);
  try {
    return Schedule::parse(text);
  } catch (const ScheduleError &error) {
    given.fail(
        name, std::string(error.what()) + "\n  " + text + "\n  " + std::string(error.at(), ' ') + std::string(error.length(), '^'));
  }
}

Zone zone(const GivenOptions &given) {
  std::string const name = given.value("time-zone");
  std::optional<Zone> zone = Zone::named(name);
  if (!zone) given.fail("time-zone", "there is no time zone '" + name + "' on this machine (names are such as Europe/Berlin)");
  return *zone;
}

std::string listen_address(const GivenOptions &given) {
  std::string text = given.value("metrics-listen");
  if (text.empty()) return text;
  std::size_t const colon = text.rfind(':');
  std::string const port = colon == std::string::npos ? "" : text.substr(colon + 1);
  bool const is_port =
      !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos && std::stoi(port) <= 65535;
  if (!is_port || colon == 0) given.fail("metrics-listen", "'" + text + "' is not ADDRESS:PORT, for example 127.0.0.1:9187");
  return text;
}

// Splits at commas, but not within double quotes, where names may hold them.
std::vector<std::string> split_rules(const std::string &text) {
  std::vector<std::string> rules;
  bool in_quotes = false;
  bool begins = true;
  for (char const c : text) {
    if (begins) rules.emplace_back();
    begins = c == ',' && !in_quotes;
    if (c == '"') in_quotes = !in_quotes;
    if (!begins) rules.back() += c;
  }
  return rules;
}

Retention retention(const GivenOptions &given) {
  Retention result;
  for (const std::string &rule : split_rules(as_utf8(given.value("retention")))) {
    std::size_t const equals = rule.rfind('=');
    bool const is_for_others = equals == std::string::npos;
    std::optional<std::int64_t> const seconds = parse_duration(is_for_others ? rule : rule.substr(equals + 1));
    std::optional<TableName> const name = is_for_others ? std::nullopt : parse_table_name(rule.substr(0, equals));
    if (!seconds || *seconds == 0 || (!is_for_others && !name))
      given.fail("retention", "'" + rule + "' is neither a duration such as 400d nor SCHEMA.TABLE=400d");
    bool const is_new = is_for_others ? !result.others : result.named.count(*name) == 0;
    if (!is_new) given.fail("retention", "'" + rule + "' says again, for the same tables, how long");
    (is_for_others ? result.others.emplace() : result.named[*name]) = *seconds;
  }
  return result;
}

std::vector<TableName> sources(const GivenOptions &given) {
  std::vector<TableName> names;
  for (const std::string &text : given.values("source")) {
    std::optional<TableName> const name = parse_table_name(as_utf8(text));
    if (!name)
      given.fail("source", "'" + text + "' must be named with its schema, as in usage.text_message; `status` lists the names");
    names.push_back(*name);
  }
  return names;
}

Moment moment(const GivenOptions &given, const char *name) {
  std::string const text = given.value(name);
  std::optional<Moment> const moment = parse_moment(text);
  if (!moment)
    given.fail(name,
               "'" + text +
                   "' is not an ISO 8601 date or moment, such as 2026-10-01 or 2026-10-01T08:30:00+02:00 (without a zone: UTC), "
                   "nor infinity or -infinity");
  return *moment;
}

void read_period(const GivenOptions &given, Config &config) {
  config.from = moment(given, "from");
  config.to = moment(given, "to");
  if (!(config.from < config.to)) given.fail("to", "the period must end after it begins, at " + say_moment(config.from));
}

// Reads the command line; sets `command`, and the help where that is what was asked for.
void read_command_line(int argc, const char *const *argv, Config &config, GivenOptions &given) {
  po::options_description options = described();
  options.add_options()("help,h", "")("version", "")("command", po::value<std::string>());
  po::positional_options_description positions;
  positions.add("command", 1);
  auto const style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  po::parsed_options const parsed = po::command_line_parser(argc, argv).options(options).positional(positions).style(style).run();
  const CommandText *command = nullptr;
  bool wants_help = false;
  for (const auto &option : parsed.options) {
    if (option.string_key == "version") {
      config.command = Command::kVersion;
      return;
    }
    wants_help |= option.string_key == "help";
    if (option.string_key != "command") continue;
    command = find_command(option.value.front());
    if (command == nullptr) throw UsageError("there is no command '" + option.value.front() + "'");
  }
  if (command == nullptr && !wants_help) throw UsageError("a command is missing: run, once, status, rebuild, verify or prune");
  if (wants_help) {
    config.help = command == nullptr ? general_help() : help_for(*command);
    return;
  }
  config.command = command->command;
  for (const auto &option : parsed.options) {
    const Option *const known = find_option(option.string_key);
    if (known != nullptr && !known->is_for(config.command))
      throw UsageError("--" + option.string_key + " is not an option of " + command->name);
  }
  given.add(parsed, [](const std::string &name) { return "--" + name; });
}

void read_file(const std::string &path, const std::string &origin, GivenOptions &given) {
  std::ifstream file(path);
  // A folder opens, and fails when it is read.
  file.peek();
  if (file.bad() || !file.is_open()) throw UsageError(origin + ": cannot read '" + path + "': " + std::strerror(errno));
  file.clear();
  try {
    given.add(po::parse_config_file(file, described()), [&](const std::string &name) { return name + " in " + path; });
  } catch (const UsageError &) {
    throw;
  } catch (const std::exception &error) {
    throw UsageError(path + ": " + error.what());
  }
}

struct Environment {
  po::parsed_options options;
  std::string config;                // the file that it names
  std::vector<std::string> unknown;  // look like ours; not an error, for a container platform may have made them
};

Environment read_environment(const char *const *environment) {
  Environment result{po::parsed_options(nullptr), "", {}};
  for (; *environment != nullptr; environment++) {
    std::string const entry = *environment;
    if (entry.rfind(kEnvironmentPrefix, 0) != 0) continue;
    std::string const variable = entry.substr(0, entry.find('='));
    std::string const value = entry.substr(std::min(variable.size() + 1, entry.size()));
    auto const option = std::find_if(all_options().begin(), all_options().end(),
                                     [&](const Option &o) { return in_environment(o.name) == variable; });
    if (option == all_options().end()) {
      result.unknown.push_back(variable);
      continue;
    }
    result.options.options.emplace_back(option->name, std::vector<std::string>{value});
    if (option->name == std::string("config")) result.config = value;
  }
  return result;
}

void fill(const GivenOptions &given, Config &config) {
  config.dsn = given.value("dsn");
  config.log_format = choice<LogFormat>(given, "log-format", {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});
  config.log_level = choice<LogLevel>(
      given, "log-level",
      {{"error", LogLevel::kError}, {"warning", LogLevel::kWarning}, {"info", LogLevel::kInfo}, {"debug", LogLevel::kDebug}});
  config.lock_timeout = duration(given, "lock-timeout");
  config.statement_timeout = duration(given, "statement-timeout");
  config.max_deltas = positive_number(given, "max-deltas", 1'000'000'000);
  config.schedule = schedule(given, "schedule");
  config.zone = zone(given);
  config.metrics_listen = listen_address(given);
  config.housekeeping_schedule = schedule(given, "housekeeping-schedule");
  config.partitions_ahead = duration(given, "partitions-ahead");
  config.verify_schedule = schedule(given, "verify-schedule");
  config.retention = retention(given);
  config.sources = sources(given);
  read_period(given, config);
  config.only_unbuilt = flag(given, "only-unbuilt");
  config.service = given.value("service");
  const std::vector<std::string> services = {"", "text_messaging", "chat", "telephony_outgoing", "telephony_incoming", "bot"};
  if (std::find(services.begin(), services.end(), config.service) == services.end())
    given.fail("service",
               "'" + config.service + "' is none of text_messaging, chat, telephony_outgoing, telephony_incoming and bot");
  config.dry_run = flag(given, "dry-run");
  config.format = choice<OutputFormat>(given, "format", {{"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}});
  if (given.has("older-than")) config.older_than = duration(given, "older-than");
  if (config.command == Command::kPrune && config.older_than == 0)
    throw UsageError("prune needs --older-than, for example --older-than 400d");
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
  Environment const variables = read_environment(environment);
  std::string const path = given.has("config") ? given.value("config") : variables.config;
  if (!path.empty()) read_file(path, given.has("config") ? "--config" : in_environment("config"), given);
  given.add(variables.options, in_environment);
  for (const std::string &variable : variables.unknown)
    config.warnings.push_back("the environment sets " + variable + ", which is no option");
  fill(given, config);
  return config;
}

}  // namespace materializer
