// The configuration: precedence, defaults, and errors that name the option.
#include "config/config.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <vector>

using namespace materializer;

namespace {

/// A configuration file that is removed again.
class File {
 public:
  explicit File(const std::string &text) {
    char name[] = "/tmp/reseller_materializer_config.XXXXXX";
    close(mkstemp(name));
    path_ = name;
    std::ofstream(path_) << text;
  }
  ~File() { std::remove(path_.c_str()); }
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  const std::string &path() const { return path_; }

 private:
  std::string path_;
};

Config read(const std::vector<std::string> &words, const std::vector<std::string> &environment = {}) {
  std::vector<const char *> argv{"reseller-materializer"};
  for (const std::string &word : words) argv.push_back(word.c_str());
  std::vector<const char *> environ;
  for (const std::string &entry : environment) environ.push_back(entry.c_str());
  environ.push_back(nullptr);
  return read_config(static_cast<int>(argv.size()), argv.data(), environ.data());
}

std::string complaint(const std::vector<std::string> &words, const std::vector<std::string> &environment = {}) {
  try {
    read(words, environment);
  } catch (const UsageError &error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the defaults") {
  Config const config = read({"run"});
  CHECK_EQ(config.command, Command::kRun);
  CHECK_EQ(config.max_deltas, 100000);
  CHECK_EQ(config.schedule.next(0, config.zone), 60);
  CHECK_EQ(config.metrics_listen, "");
  CHECK_EQ(config.log_format, LogFormat::kText);
  CHECK(config.retention.empty());
}

TEST_CASE("the command line goes before the file, and the file before the environment") {
  File const file("max-deltas = 2\nlock-timeout = 2s\n# a comment\n");
  std::vector<std::string> const environment{"RESELLER_MATERIALIZER_MAX_DELTAS=3", "RESELLER_MATERIALIZER_LOCK_TIMEOUT=3s",
                                             "RESELLER_MATERIALIZER_STATEMENT_TIMEOUT=3s", "HOME=/"};
  Config const config = read({"run", "--config", file.path(), "--max-deltas", "1"}, environment);
  CHECK_EQ(config.max_deltas, 1);
  CHECK_EQ(config.lock_timeout, 2);
  CHECK_EQ(config.statement_timeout, 3);
}

TEST_CASE("the environment may name the file") {
  File const file("max-deltas = 2\n");
  std::vector<std::string> const environment{"RESELLER_MATERIALIZER_CONFIG=" + file.path(), "RESELLER_MATERIALIZER_MAX_DELTAS=3"};
  CHECK_EQ(read({"once"}, environment).max_deltas, 2);
}

TEST_CASE("a file may hold options of other commands, the command line may not") {
  File const file("schedule = @hourly\nolder-than = 400d\n");
  CHECK_EQ(read({"status", "--config", file.path()}).command, Command::kStatus);
  CHECK_EQ(complaint({"status", "--schedule", "@hourly"}), "--schedule is not an option of status");
}

TEST_CASE("lists and switches") {
  Config const config = read({"rebuild", "--source", "usage.a", "--source=Usage.\"B, Größe\"", "--only-unbuilt"});
  REQUIRE_EQ(config.tables.size(), 2);
  CHECK(config.tables[0] == TableName{"usage", "a"});
  CHECK(config.tables[1] == TableName{"usage", "B, Größe"});
  CHECK(config.only_unbuilt);
  CHECK_FALSE(read({"prune", "--older-than", "1d", "--dry-run=false"}).dry_run);
  Retention const retention = read({"run", "--retention", "400d,usage.chat_message=90d"}).retention;
  CHECK_EQ(retention.others, 400 * 86400);
  CHECK_EQ(retention.named.at({"usage", "chat_message"}), 90 * 86400);
  Retention const quoted = read({"run", "--retention", "usage.\"a=b,c\"=90d,usage.сообщения=1d"}).retention;
  CHECK_EQ(quoted.named.at({"usage", "a=b,c"}), 90 * 86400);
  CHECK_EQ(quoted.named.at({"usage", "сообщения"}), 86400);
}

TEST_CASE("periods are read by the program itself") {
  Config const config = read({"verify", "--from", "2026-10-01T00:00+02:00", "--to=2026-11-01"});
  CHECK_EQ(say_moment(config.period.from), "2026-09-30T22:00:00Z");
  CHECK_EQ(say_moment(config.period.to), "2026-11-01T00:00:00Z");
  Config const all = read({"rebuild", "--from", "-infinity"});
  CHECK_EQ(say_moment(all.period.from), "-infinity");
  CHECK_EQ(say_moment(all.period.to), "infinity");
}

TEST_CASE("an error names the option, and where it was given") {
  File const unknown("shedule = @hourly\n"), wrong("time-zone = Mars/Base\n"), garbled("schedule\n"),
      twice("max-deltas = 1\nmax-deltas = 2\n"), section("[run]\nschedule = @hourly\n");
  struct Case {
    std::vector<std::string> words;
    std::vector<std::string> environment;
    std::string says;
  };
  Case const cases[] = {
      {{}, {}, "a command is missing: run, once, status, rebuild, verify, prune or statement"},
      {{"fold"}, {}, "there is no command 'fold'"},
      {{"run", "once"}, {}, "positional"},
      {{"run", "--shedule", "@hourly"}, {}, "'--shedule'"},
      {{"run", "--sched", "@hourly"}, {}, "'--sched'"},
      {{"run", "--schedule"}, {}, "'--schedule'"},
      {{"run", "--schedule", "@hourly", "--schedule", "@daily"}, {}, "--schedule is given twice"},
      {{"run", "--schedule", "* 25 * * *"}, {}, "--schedule: hour: 25 is out of range (0 to 23)\n  * 25 * * *\n    ^^"},
      {{"run", "--housekeeping-schedule", "often"}, {}, "--housekeeping-schedule: "},
      {{"run", "--verify-schedule", "@often"}, {}, "--verify-schedule: there is no @often"},
      {{"run", "--max-deltas", "0"}, {}, "--max-deltas: '0' is not a number from 1"},
      {{"run", "--max-deltas", "1e6"}, {}, "--max-deltas: '1e6'"},
      {{"run", "--lock-timeout", "10"}, {}, "--lock-timeout: '10' is not a duration"},
      {{"run", "--log-format", "xml"}, {}, "--log-format: 'xml' is none of text, json"},
      {{"run", "--log-level", "loud"}, {}, "--log-level: 'loud' is none of error, warning, info, debug"},
      {{"run", "--metrics-listen", "9187"}, {}, "--metrics-listen: '9187' is not ADDRESS:PORT"},
      {{"run", "--metrics-listen", "localhost:99999"}, {}, "--metrics-listen: "},
      {{"run", "--time-zone", "Mars/Base"}, {}, "--time-zone: there is no time zone 'Mars/Base'"},
      {{"run", "--retention", "400"}, {}, "--retention: '400' is neither"},
      {{"run", "--retention", "5d,6d"}, {}, "--retention: '6d' is a second rule"},
      {{"run", "--retention", "u.t=5d,u.t=6d"}, {}, "--retention: 'u.t=6d' is a second rule"},
      {{"run", "--config", "/"}, {}, "--config: cannot read '/'"},
      {{"status", "--format", "csv"}, {}, "--format: 'csv' is none of table, json"},
      {{"rebuild", "--source", "text_message"}, {}, "--source: 'text_message' must be named with its schema"},
      {{"rebuild", "--source", "a.b.c"}, {}, "--source: 'a.b.c' must be named with its schema"},
      {{"rebuild", "--from", "01.10.2026"}, {}, "--from: '01.10.2026' is not an ISO 8601 date or moment"},
      {{"verify", "--to", "10/01/2026"}, {}, "--to: '10/01/2026' is not an ISO 8601 date or moment"},
      {{"verify"}, {"RESELLER_MATERIALIZER_FROM=today"}, "RESELLER_MATERIALIZER_FROM: 'today' is not an ISO 8601 date or moment"},
      {{"verify", "--from", "2026-01-02", "--to", "2026-01-01"},
       {},
       "--to: the period must end after it begins, at 2026-01-02T00:00:00Z"},
      {{"verify", "--to", "-infinity"}, {}, "--to: the period must end after it begins, at -infinity"},
      {{"run", "--schedule", "CRON_TZ=UTC 0 5 * * *"}, {}, "--schedule: the zone of cron expressions is given by --time-zone UTC"},
      {{"rebuild", "--only-unbuilt=perhaps"}, {}, "--only-unbuilt: 'perhaps' is neither true nor false"},
      {{"prune"}, {}, "prune needs --older-than"},
      {{"statement"}, {}, "statement needs --month"},
      {{"statement", "--month", "2026-13"}, {}, "--month: '2026-13' is not a month"},
      {{"statement", "--month", "2026-10-01"}, {}, "--month: '2026-10-01' is not a month"},
      {{"statement", "--month", "2026-10", "--reseller", "x"}, {}, "--reseller: 'x' is not the number of a reseller"},
      {{"prune", "--older-than", "soon"}, {}, "--older-than: 'soon' is not a duration"},
      {{"run", "--config", "/nowhere.conf"}, {}, "--config: cannot read '/nowhere.conf': No such file"},
      {{"run"}, {"RESELLER_MATERIALIZER_CONFIG=/nowhere.conf"}, "RESELLER_MATERIALIZER_CONFIG: cannot read '/nowhere.conf'"},
      {{"run"}, {"RESELLER_MATERIALIZER_MAX_DELTAS=many"}, "RESELLER_MATERIALIZER_MAX_DELTAS: 'many'"},
      {{"run", "--config", unknown.path()}, {}, unknown.path() + ": unrecognised option 'shedule'"},
      {{"run", "--config", wrong.path()}, {}, "time-zone in " + wrong.path() + ": there is no time zone"},
      {{"run", "--config", garbled.path()}, {}, garbled.path() + ": "},
      {{"run", "--config", twice.path()}, {}, "max-deltas in " + twice.path() + " is given twice"},
      {{"run", "--config", section.path()}, {}, "'run.schedule'"}};
  for (const Case &c : cases) {
    std::string const said = complaint(c.words, c.environment);
    INFO(said);
    INFO(c.says);
    CHECK(said.find(c.says) != std::string::npos);
  }
}

TEST_CASE("the example shows options that there are, and their defaults") {
  std::ifstream example(EXAMPLE);
  std::set<std::string> shown;
  for (std::string line; std::getline(example, line);) {
    std::size_t const equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    std::string const name = line.substr(0, equals).substr(line.find_first_not_of("# "));
    std::string const value = line.substr(equals + 3);
    INFO(line);
    const Option *const option = find_option(name);
    REQUIRE(option != nullptr);
    CHECK_NOTHROW(read({"run", "--" + name, value}));
    // Two spaces mark what is no default, but is there to be chosen.
    if (line.rfind("# ", 0) == 0 && line.rfind("#  ", 0) != 0) CHECK_EQ(value, option->fallback);
    shown.insert(name);
  }
  for (const Option &option : all_options()) {
    INFO(option.name);
    CHECK(shown.count(option.name) == (option.is_for(Command::kRun) && option.name != std::string(option::kConfig) ? 1U : 0U));
  }
}

TEST_CASE("variables that only look like options are a warning") {
  Config const config = read({"run"}, {"RESELLER_MATERIALIZER_SHEDULE=@hourly"});
  REQUIRE_EQ(config.warnings.size(), 1);
  CHECK(config.warnings[0].find("RESELLER_MATERIALIZER_SHEDULE") != std::string::npos);
}

TEST_CASE("help names every option and its default") {
  std::string const help = read({"--help"}).help;
  for (const char *const text :
       {"--schedule EXPRESSION", "@every 60s", "--metrics-listen ADDRESS:PORT", "--older-than DURATION", "Exit status"})
    CHECK(help.find(text) != std::string::npos);
  CHECK(read({"prune", "--help"}).help.find("--schedule") == std::string::npos);
  CHECK_EQ(read({"--version"}).command, Command::kVersion);
}
