#include "config/options.hpp"

#include "config/config.hpp"
#include "config/values.hpp"
#include "process/exit_status.hpp"

namespace materializer {
namespace {

constexpr unsigned bit(Command command) { return 1U << static_cast<int>(command); }
constexpr unsigned kRun = bit(Command::kRun);
constexpr unsigned kFolding = kRun | bit(Command::kOnce);
constexpr unsigned kRebuild = bit(Command::kRebuild);
constexpr unsigned kVerify = bit(Command::kVerify);
constexpr unsigned kPrune = bit(Command::kPrune);
constexpr unsigned kStatement = bit(Command::kStatement);
constexpr unsigned kStatus = bit(Command::kStatus);
constexpr unsigned kAll = ~0U;

constexpr std::size_t kCommandWidth = 12;
constexpr std::size_t kOptionWidth = 40;

constexpr CommandText kCommands[] = {
    {Command::kRun, "run", "the service: folds, makes partitions, builds, prunes and verifies on schedules, until SIGTERM"},
    {Command::kOnce, "once", "folds what is pending, then exits"},
    {Command::kStatus, "status", "what is pending, which instance leads, and the state of the sources"},
    {Command::kRebuild, "rebuild", "builds or recomputes summaries from raw usage, slice by slice"},
    {Command::kVerify, "verify", "compares raw usage with the summaries; exit status 3 where they differ"},
    {Command::kPrune, "prune", "drops old raw usage, partition by partition; its summaries, and so the reports, stay"},
    {Command::kStatement, "statement", "issues the statements of a month, those that are not issued yet"}};

/// Reads a value with `parse` and puts it into a field of the configuration.
template <auto Field, auto Parse>
void set(const std::string &value, Config &config) {
  config.*Field = Parse(value);
}

std::string as_given(const std::string &value) { return value; }

const std::vector<Option> kOptions = {
    {option::kDsn, "CONNINFO", "", kAll, "the database; what this leaves out comes from libpq's PG* variables",
     set<&Config::dsn, as_given>},
    {option::kConfig, "FILE", "", kAll, "a file of lines `option = value`", [](const std::string &, Config &) {}},
    {"log-format", "text|json", "text", kAll, "how to log: a line for each event, on standard error",
     set<&Config::log_format, values::log_format>},
    {"log-level", "LEVEL", "info", kAll, "log events of this level and graver ones: error, warning, info or debug",
     set<&Config::log_level, values::log_level>},
    {"lock-timeout", "DURATION", "10s", kAll, "stop waiting for a lock after this long, and try again later",
     set<&Config::lock_timeout, values::duration>},
    {"statement-timeout", "DURATION", "10m", kAll, "cancel a unit of work that takes longer",
     set<&Config::statement_timeout, values::duration>},
    {option::kMaxDeltas, "N", "100000", kFolding, "fold and merge at most so many changes in one transaction",
     set<&Config::max_deltas, values::count>},
    {option::kFoldEvery, "DURATION", "1s", kRun, "fold what is pending at most this often, between the times of the schedule",
     set<&Config::fold_every, values::duration>},
    {option::kSchedule, "EXPRESSION", "@every 60s", kRun,
     "when to fold and merge: five cron fields, @hourly and its like, or @every DURATION",
     set<&Config::schedule, values::schedule>},
    {"time-zone", "NAME", "UTC", kRun, "the zone of cron expressions", set<&Config::zone, values::zone>},
    {option::kMetricsListen, "ADDRESS:PORT", "", kRun, "serve Prometheus metrics at http://ADDRESS:PORT/metrics",
     set<&Config::metrics_listen, values::listen_address>},
    {option::kHousekeepingSchedule, "EXPRESSION", "@every 5m", kRun,
     "when to make partitions, prune, and look for days that are not built", set<&Config::housekeeping_schedule, values::schedule>},
    {"partitions-ahead", "DURATION", "62d", kRun, "make monthly partitions until this far from now",
     set<&Config::partitions_ahead, values::duration>},
    {option::kVerifySchedule, "EXPRESSION", "@every 1h", kRun,
     "when to verify a random slice of a random source; @never: not at all", set<&Config::verify_schedule, values::schedule>},
    {option::kRetention, "RULES", "", kRun,
     "drop raw usage older than this: 400d, or SCHEMA.TABLE=400d, or several with commas between",
     set<&Config::retention, values::retention>},
    {option::kSource, "SCHEMA.TABLE", "", kRebuild | kPrune, "only this source; may be repeated",
     [](const std::string &value, Config &config) { config.tables.push_back(values::table(value)); }, true},
    {option::kFrom, "MOMENT", "-infinity", kRebuild | kVerify, "the first moment of the period, ISO 8601; without a zone: UTC",
     [](const std::string &value, Config &config) { config.period.from = values::moment(value); }},
    {option::kTo, "MOMENT", "infinity", kRebuild | kVerify, "the first moment after the period",
     [](const std::string &value, Config &config) { config.period.to = values::to_after(config.period.from, value); }},
    {option::kOnlyUnbuilt, "", "false", kRebuild, "only days that are not built", set<&Config::only_unbuilt, values::yes_or_no>},
    {option::kService, "NAME", "", kVerify, "only this service, for example chat", set<&Config::service, as_given>},
    {option::kOlderThan, "DURATION", "", kPrune, "drop usage older than this, for example 400d",
     set<&Config::older_than, values::duration>},
    {"dry-run", "", "false", kPrune, "drop nothing, and only tell what would be dropped", set<&Config::dry_run, values::yes_or_no>},
    {option::kMonth, "YYYY-MM", "", kStatement, "the month to bill, on the clock of each reseller's zone, for example 2026-10",
     set<&Config::month, values::month>},
    {"reseller", "N", "", kStatement, "only this reseller; without it, every one with usage in the month",
     set<&Config::reseller, values::reseller>},
    {"format", "table|json", "table", kStatus, "how to print", set<&Config::format, values::output_format>}};

std::string padded(const std::string &text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string help_of(const Option &option) {
  std::string const left = std::string("  --") + option.name + (option.is_switch() ? "" : std::string(" ") + option.argument);
  bool const has_default = *option.fallback != '\0' && !option.is_switch();
  std::string const right = std::string(option.text) + (has_default ? std::string(" (default ") + option.fallback + ")" : "");
  return padded(left, kOptionWidth) + right + "\n";
}

// The commands that take an option: [run, once]. Empty where all do.
std::string takers_of(const Option &option) {
  std::string names;
  if (option.commands == kAll) return names;
  for (const CommandText &command : kCommands)
    if (option.is_for(command.command)) names += (names.empty() ? "[" : ", ") + std::string(command.name);
  return names + "] ";
}

}  // namespace

bool Option::is_for(Command command) const { return (commands & bit(command)) != 0; }

const std::vector<Option> &all_options() { return kOptions; }

const Option *find_option(const std::string &name) {
  for (const Option &option : kOptions)
    if (name == option.name) return &option;
  return nullptr;
}

const CommandText *find_command(const std::string &name) {
  for (const CommandText &command : kCommands)
    if (name == command.name) return &command;
  return nullptr;
}

std::string command_names() {
  std::string names;
  for (const CommandText &command : kCommands) {
    bool const is_last = &command == std::end(kCommands) - 1;
    names += (names.empty() ? "" : is_last ? " or " : ", ") + std::string(command.name);
  }
  return names;
}

std::string general_help() {
  std::string help =
      "reseller-materializer keeps the summaries of the PostgreSQL extension reseller_report folded.\n\n"
      "Usage: reseller-materializer COMMAND [options]\n\nCommands:\n";
  for (const CommandText &command : kCommands)
    help += padded(std::string("  ") + command.name, kCommandWidth) + command.does + "\n";
  help += "\nOptions:\n";
  for (const Option &option : kOptions) help += help_of(option).insert(kOptionWidth, takers_of(option));
  return help + padded("  --help", kOptionWidth) + "this text; after a command, just its options\n" +
         padded("  --version", kOptionWidth) +
         "the version\n\n"
         "An option that the command line does not give is taken from the file of --" +
         option::kConfig + ", else from the environment, where\n--" + option::kMaxDeltas +
         " is RESELLER_MATERIALIZER_MAX_DELTAS. A duration is for example 30s, 5m, 12h, 400d or 1h30m.\n\n" + kExitStatusHelp;
}

std::string help_for(const CommandText &command) {
  std::string help =
      std::string("Usage: reseller-materializer ") + command.name + " [options]\n\n" + command.does + "\n\nOptions:\n";
  for (const Option &option : kOptions)
    if (option.is_for(command.command)) help += help_of(option);
  return help;
}

}  // namespace materializer
