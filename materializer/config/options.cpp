#include "config/options.hpp"

namespace materializer {
namespace {

constexpr unsigned bit(Command command) { return 1U << static_cast<int>(command); }
constexpr unsigned kRun = bit(Command::kRun);
constexpr unsigned kFolding = kRun | bit(Command::kOnce);
constexpr unsigned kRebuild = bit(Command::kRebuild);
constexpr unsigned kVerify = bit(Command::kVerify);
constexpr unsigned kPrune = bit(Command::kPrune);
constexpr unsigned kStatus = bit(Command::kStatus);
constexpr unsigned kAll = ~0U;

constexpr CommandText kCommands[] = {
    {Command::kRun, "run", "the service: folds on a schedule and keeps house, until SIGTERM"},
    {Command::kOnce, "once", "folds what is pending, then exits"},
    {Command::kStatus, "status", "what is pending, who leads, and the state of the sources"},
    {Command::kRebuild, "rebuild", "builds or recomputes summaries from raw usage, slice by slice"},
    {Command::kVerify, "verify", "compares raw usage with the summaries; exit 3 where they differ"},
    {Command::kPrune, "prune", "drops old raw usage, partition by partition; reports stay"}};

// Every option, its default and its help.
const std::vector<Option> kOptions = {
    {"dsn", "CONNINFO", "", kAll, "where the database is; what it leaves out comes from libpq's PG* variables"},
    {"config", "FILE", "", kAll, "a file of lines `option = value`"},
    {"log-format", "text|json", "text", kAll, "a line an event, on standard error"},
    {"log-level", "LEVEL", "info", kAll, "error, warning, info or debug"},
    {"lock-timeout", "DURATION", "10s", kAll, "give up waiting for a lock after this long, and try again later"},
    {"statement-timeout", "DURATION", "10m", kAll, "cancel a unit of work that takes longer"},
    {"max-deltas", "N", "100000", kFolding, "changes folded in one transaction"},
    {"schedule", "EXPRESSION", "@every 60s", kRun, "when to fold: five cron fields, @hourly and its like, or @every DURATION"},
    {"time-zone", "NAME", "UTC", kRun, "the zone of cron expressions"},
    {"metrics-listen", "ADDRESS:PORT", "", kRun, "serve Prometheus metrics at http://ADDRESS:PORT/metrics"},
    {"housekeeping-schedule", "EXPRESSION", "@every 5m", kRun, "when to make partitions, prune, and look for un-built days"},
    {"partitions-ahead", "DURATION", "62d", kRun, "how far ahead monthly partitions are made"},
    {"verify-schedule", "EXPRESSION", "@every 1h", kRun, "when to verify a random day of a random source; @never: not at all"},
    {"retention", "RULES", "", kRun, "drop raw usage older than this: 400d, or SCHEMA.TABLE=400d, or both, with commas between"},
    {"source", "SCHEMA.TABLE", "", kRebuild | kPrune, "only this source; may be repeated"},
    {"from", "MOMENT", "-infinity", kRebuild | kVerify, "the first moment of the period, ISO 8601; without a zone: UTC"},
    {"to", "MOMENT", "infinity", kRebuild | kVerify, "the first moment after it"},
    {"only-unbuilt", "", "false", kRebuild, "only days that are not built"},
    {"service", "NAME", "", kVerify, "only this service, for example chat"},
    {"older-than", "DURATION", "", kPrune, "which usage to drop, for example 400d"},
    {"dry-run", "", "false", kPrune, "only tell what would be dropped"},
    {"format", "table|json", "table", kStatus, "how to print"}};

std::string padded(const std::string &text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string help_of(const Option &option) {
  std::string const left = std::string("  --") + option.name + (*option.argument != '\0' ? std::string(" ") + option.argument : "");
  bool const has_default = *option.fallback != '\0' && *option.argument != '\0';
  std::string const right = std::string(option.text) + (has_default ? std::string(" (default ") + option.fallback + ")" : "");
  return padded(left, 40) + right + "\n";
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

std::string general_help() {
  std::string help =
      "reseller-materializer keeps the summaries of the PostgreSQL extension reseller_report folded.\n\n"
      "Usage: reseller-materializer COMMAND [options]\n\nCommands:\n";
  for (const CommandText &command : kCommands) help += padded(std::string("  ") + command.name, 12) + command.does + "\n";
  help += "\nOptions:\n";
  for (const Option &option : kOptions) {
    std::string only;
    if (option.commands != kAll)
      for (const CommandText &command : kCommands)
        if (option.is_for(command.command)) only += (only.empty() ? "" : ", ") + std::string(command.name);
    std::string line = help_of(option);
    if (!only.empty()) line.insert(40, "[" + only + "] ");
    help += line;
  }
  return help +
         "  --help                                this text; after a command, just its options\n"
         "  --version                             the version\n\n"
         "An option is taken from the command line, else from the file of --config, else from the environment, where --max-deltas "
         "is\n"
         "RESELLER_MATERIALIZER_MAX_DELTAS. A duration is for example 30s, 5m, 12h, 400d or 1h30m.\n\n"
         "Exit status: 0 done, 1 failed, 2 wrong usage, 3 verify found differences.\n";
}

std::string help_for(const CommandText &command) {
  std::string help =
      std::string("Usage: reseller-materializer ") + command.name + " [options]\n\n" + command.does + "\n\nOptions:\n";
  for (const Option &option : kOptions)
    if (option.is_for(command.command)) help += help_of(option);
  return help;
}

}  // namespace materializer
