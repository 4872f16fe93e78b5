// The service without a database and without waiting: its rounds, its leadership, its failures and its end, with a fake of the
// extension and a clock that only moves when work or sleep takes time.
#include "service/service.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace materializer;

namespace {

/// The world of a service: a clock, a wish to stop, and what is in the database. It outlives connections.
struct World final : Process {
  double time = 0;  // since the beginning
  std::int64_t start = 1'800'000'000;
  double end = 300;  // when a stop is requested
  bool stop = false;
  bool reload = false;
  bool another_leads = false;
  int connections = 0;
  std::int64_t pending = 0;
  std::vector<std::string> tables;
  std::map<std::string, std::vector<Slice>> unbuilt;                                    // by table
  std::vector<std::string> days{"2026-01-01"};                                          // of each table, for verify
  std::set<std::string> differing;                                                      // of those, as "usage.a 2026-01-01"
  double luck = 0;                                                                      // what chance brings
  std::vector<std::string> begun;                                                       // calls, as "fold" or "prune usage.a"
  std::vector<std::string> done;                                                        // those that succeeded
  std::function<void(const std::string &call)> meanwhile = [](const std::string &) {};  // may take time, throw, or ask for a stop

  std::int64_t now() const override { return start + static_cast<std::int64_t>(time); }
  double seconds() const override { return time; }
  double chance() override { return luck; }
  bool stop_requested() const override { return stop || time >= end; }
  bool take_reload() override { return std::exchange(reload, false); }
  void sleep(double seconds) override { time += stop_requested() ? 0 : seconds; }
  void alive_for(std::chrono::seconds) override {}
  bool is_alive() const override { return true; }
  void tell_systemd(const std::string &) override {}

  void call(const std::string &name) {
    begun.push_back(name);
    meanwhile(name);
    done.push_back(name);
  }
  auto count(const std::string &name) const { return std::count(begun.begin(), begun.end(), name); }
  auto count_done(const std::string &act) const {
    return std::count_if(done.begin(), done.end(), [&](const std::string &call) { return call.rfind(act, 0) == 0; });
  }
};

/// A connection. Only a leader may work.
class Fake final : public Extension {
 public:
  explicit Fake(World &world) : world_(world) { world_.connections++; }

  ServerState server_state() override { return world_.call("server_state"), ServerState{}; }
  bool try_to_lead() override {
    CHECK_FALSE(leads_);
    world_.call("try_to_lead");
    return leads_ = !world_.another_leads;
  }
  std::optional<Leader> leader() override { return std::nullopt; }
  State state() override { return work("state"), State{}; }
  std::vector<Replication> freshness() override { return work("freshness"), std::vector<Replication>{}; }
  std::vector<Source> sources() override {
    work("sources");
    std::vector<Source> sources;
    for (const std::string &table : world_.tables)
      sources.push_back({{table, table}, "chat", "", world_.unbuilt[table].empty(), "", ""});
    return sources;
  }
  std::int64_t fold(std::int64_t max_deltas) override {
    work("fold");
    std::int64_t const taken = std::min(max_deltas, world_.pending);
    world_.pending -= taken;
    return taken;
  }
  Materialized materialize(std::int64_t max_deltas, bool) override {
    work("materialize");
    std::int64_t const taken = std::min(max_deltas, world_.pending);
    world_.pending -= taken;
    return {taken, taken};
  }
  std::vector<Partition> create_partitions(const Table &table, std::int64_t) override {
    return work("create_partitions " + table.name), std::vector<Partition>{{table, "", ""}};
  }
  std::vector<Partition> prune(const Table &table, std::int64_t) override {
    return work("prune " + table.name), std::vector<Partition>{{table, "", ""}};
  }
  std::vector<Partition> prunable(const Table &, std::int64_t) override { return {}; }
  std::vector<Slice> rebuild_slices(const Table &table, const Period &, bool only_unbuilt) override {
    work("rebuild_slices " + table.name);
    if (only_unbuilt) return world_.unbuilt[table.name];
    std::vector<Slice> slices;
    for (const std::string &day : world_.days) slices.push_back({table, day, day + " 23:59"});
    return slices;
  }
  void rebuild_slice(const Slice &slice) override {
    work("rebuild_slice " + slice.table.name + " " + slice.from);
    std::vector<Slice> &left = world_.unbuilt[slice.table.name];
    left.erase(std::find_if(left.begin(), left.end(), [&](const Slice &other) { return other.from == slice.from; }));
  }
  Rows verify(const Slice &slice, const std::optional<std::string> &) override {
    std::string const about = slice.table.name + " " + slice.from;
    work("verify " + about);
    return world_.differing.count(about) > 0 ? Rows{Row(kDifferenceColumns.size())} : Rows{};
  }
  std::vector<Bill> bills(const std::string &, const std::string &) override { return {}; }
  std::optional<std::string> issue_statement(const Bill &, bool) override { return std::nullopt; }
  Corrections open_corrections() override { return {}; }

 private:
  void work(const std::string &name) {
    CHECK(leads_);
    world_.call(name);
  }

  World &world_;
  bool leads_ = false;
};

Slice slice(const std::string &table, const std::string &day) { return {{table, table}, day, ""}; }

/// What a service says and how it ends, when it runs in a world with some options.
struct Run {
  ExitStatus status{};
  std::string said;

  Run(World &world, const std::vector<std::string> &options, const std::string &wrong = "") {
    std::vector<const char *> argv{"reseller-materializer", "run", "--log-level", "debug", "--max-deltas", "100"};
    for (const std::string &option : options) argv.push_back(option.c_str());
    // Most tests are of the rounds alone.
    if (std::find(options.begin(), options.end(), "--fold-every") == options.end()) argv.insert(argv.end(), {"--fold-every", "1d"});
    const char *const no_environment = nullptr;
    Config const config = read_config(static_cast<int>(argv.size()), argv.data(), &no_environment);
    std::ostringstream out;
    Log log(out, config.log_format, config.log_level);
    Connect const connect = [&](const Config &) { return std::make_unique<Fake>(world); };
    status = Service(
                 config, [&] { return wrong.empty() ? config : throw UsageError(wrong); }, connect, world, log)
                 .run();
    said = out.str();
  }

  int count(const std::string &text) const {
    int found = 0;
    for (std::size_t at = said.find(text); at != std::string::npos; at = said.find(text, at + 1)) found++;
    return found;
  }

  /// Whether these are said one after the other, whatever stands between them.
  bool says_in_order(const std::vector<std::string> &texts) const {
    std::size_t at = 0;
    for (const std::string &text : texts) {
      at = said.find(text, at);
      if (at == std::string::npos) return false;
      at += text.size();
    }
    return true;
  }
};

DatabaseError lost() { return {"the connection is gone", "57P01", Remedy::kReconnect}; }
DatabaseError cancelled() { return {"canceling statement due to user request", "57014", Remedy::kGiveUp}; }
DatabaseError refused(const std::string &message = "permission denied") { return {message, "42501", Remedy::kGiveUp}; }

const std::vector<std::string> kNothingElse = {"--housekeeping-schedule", "@never", "--verify-schedule", "@never"};

std::vector<std::string> with(std::vector<std::string> options, const std::vector<std::string> &more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

}  // namespace

TEST_CASE("leadership that is lost amid a round ends the round, and nothing is done until it leads again") {
  World world;
  world.pending = 1000;
  bool was_lost = false;
  world.meanwhile = [&](const std::string &call) {
    if (world.time >= 60) world.another_leads = false;
    if (call != "materialize" || was_lost || world.count("materialize") < 3) return;
    was_lost = world.another_leads = true;
    throw lost();
  };
  Run const run(world, kNothingElse);
  // The round that was cut short had folded 200. It is not told as done.
  CHECK(run.says_in_order({" leader\n", " disconnected reason=", " follower reason=", " leader\n", " folded deltas=800 "}));
  CHECK_EQ(run.count(" disconnected "), 1);
  CHECK_EQ(run.count(" follower "), 1);
  CHECK_EQ(run.count(" folded "), 1);
}

TEST_CASE("between the rounds of the schedule it folds as often as --fold-every says, and at once while more is pending") {
  World world;
  world.end = 600;
  world.meanwhile = [&](const std::string &call) {
    if (call == "fold" && world.time > 300 && world.time < 301) world.pending = 250;
  };
  Run const run(world, with({"--schedule", "@every 10m", "--fold-every", "20s"}, kNothingElse));
  CHECK_EQ(world.count("materialize"), 1);
  CHECK(world.count("fold") >= 29);
  CHECK(world.count("fold") <= 32);
  CHECK_EQ(world.pending, 0);
}

TEST_CASE("pending changes that never end keep nothing else from being done") {
  World world;
  world.tables = {"usage.a"};
  world.meanwhile = [&](const std::string &call) {
    world.pending = 1'000'000;
    if (call == "fold") world.time += 1;
  };
  Run const run(world, {"--schedule", "@never", "--fold-every", "1s", "--housekeeping-schedule", "@every 1m"});
  CHECK(world.count("create_partitions usage.a") >= 4);
  CHECK(world.count("fold") >= 250);
}

TEST_CASE("a backlog that never ends keeps nothing else from being done") {
  World world;
  world.end = 1000;
  world.tables = {"usage.a"};
  world.unbuilt["usage.a"] = {slice("usage.a", "2026-01-01"), slice("usage.a", "2026-01-02")};
  world.meanwhile = [&](const std::string &call) {
    world.pending = 1'000'000;
    if (call == "materialize") world.time += 1;
  };
  Run const run(world, {"--housekeeping-schedule", "@every 5m", "--verify-schedule", "@every 5m"});
  CHECK_EQ(run.count(" folded "), 0);
  CHECK_EQ(run.count(" folding "), 16);
  CHECK(world.count("create_partitions usage.a") >= 3);
  CHECK(world.count("verify usage.a 2026-01-01") >= 3);
  CHECK(world.count("state") >= 60);
  CHECK(world.unbuilt["usage.a"].empty());
  CHECK(world.count("materialize") >= 990);
}

TEST_CASE("a source that fails for ever stops no other, and is told once") {
  World world;
  world.end = 3600;
  world.tables = {"usage.a", "usage.broken", "usage.z"};
  for (const std::string &table : world.tables) world.unbuilt[table] = {slice(table, "2026-01-01")};
  world.meanwhile = [&](const std::string &call) {
    if (call == "materialize") world.pending = 10;
    if (call.find("usage.broken") != std::string::npos) throw refused();
  };
  Run const run(world, {"--housekeeping-schedule", "@every 60s", "--verify-schedule", "@every 60s", "--retention", "400d"});
  for (const char *const table : {"usage.a", "usage.z"}) {
    CHECK(world.unbuilt[table].empty());
    CHECK_EQ(world.count(std::string("create_partitions ") + table), 60);
    CHECK_EQ(world.count(std::string("prune ") + table), 60);
  }
  CHECK_EQ(world.count("create_partitions usage.broken"), 60);
  CHECK_EQ(world.count("materialize"), 60);
  CHECK_EQ(world.count("verify usage.a 2026-01-01"), 59);  // each time but the first, when none was built yet
  for (const char *const duty : {"partitions", "retention", "rebuild"})
    CHECK_EQ(run.count(std::string(duty) + " failed about=usage.broken "), 1);
  CHECK_EQ(run.count(" failed "), 3);
}

TEST_CASE("a slice whose rows are refused stops no other slice of its table, another error stops them all") {
  for (const char *const sqlstate : {"23514", "42501"}) {
    World world;
    world.end = 60;
    world.tables = {"usage.a"};
    for (const char *const day : {"2026-01-01", "2026-01-02", "2026-01-03"})
      world.unbuilt["usage.a"].push_back(slice("usage.a", day));
    world.meanwhile = [&](const std::string &call) {
      if (call == "rebuild_slice usage.a 2026-01-02") throw DatabaseError("refused", sqlstate, Remedy::kGiveUp);
    };
    Run const run(world, {"--housekeeping-schedule", "@every 1h", "--verify-schedule", "@never"});
    CHECK_EQ(world.count("rebuild_slice usage.a 2026-01-01"), 1);
    CHECK_EQ(world.count("rebuild_slice usage.a 2026-01-03"), sqlstate == std::string("23514") ? 1 : 0);
    CHECK_EQ(run.count("rebuild failed about=usage.a "), 1);
    CHECK_EQ(run.count("works again"), 0);
  }
}

TEST_CASE("days of a table that are not built are told once, and their end only when all of them are built") {
  World world;
  world.end = 2000;
  world.tables = {"usage.bad", "usage.good"};
  for (const char *const day : {"2026-01-01", "2026-01-02", "2026-01-03"})
    world.unbuilt["usage.bad"].push_back(slice("usage.bad", day));
  world.unbuilt["usage.good"] = {slice("usage.good", "2026-01-01")};
  world.meanwhile = [&](const std::string &call) {
    if (call == "rebuild_slice usage.bad 2026-01-02" && world.time < 1000) throw DatabaseError("refused", "23514", Remedy::kGiveUp);
    // What is told is known beyond a connection.
    if (call == "server_state" && world.time == 500) throw lost();
  };
  Run const run(world, {"--housekeeping-schedule", "@every 60s", "--verify-schedule", "@never"});
  CHECK(world.count("rebuild_slice usage.bad 2026-01-02") >= 15);
  CHECK_EQ(world.connections, 2);
  CHECK(run.says_in_order({" days are not built source=usage.bad slices=3\n", " days are not built source=usage.good slices=1\n",
                           " rebuild failed about=usage.bad ", " days were built source=usage.good\n", " disconnected ",
                           " rebuild works again about=usage.bad\n", " days were built source=usage.bad\n"}));
  CHECK_EQ(run.count(" days are not built "), 2);
  CHECK_EQ(run.count(" days were built "), 2);
  CHECK_EQ(run.count(" rebuild failed "), 1);
}

TEST_CASE("the end of un-built days is told, too, where somebody else builds them or the table is disconnected") {
  World world;
  world.end = 600;
  world.tables = {"usage.a", "usage.gone"};
  for (const std::string &table : world.tables) world.unbuilt[table] = {slice(table, "2026-01-01")};
  world.meanwhile = [&](const std::string &call) {
    if (world.time >= 300) {
      world.unbuilt.clear();
      world.tables = {"usage.a"};
    }
    if (call.rfind("rebuild_slice ", 0) == 0) throw refused();
  };
  Run const run(world, {"--housekeeping-schedule", "@every 60s", "--verify-schedule", "@never"});
  CHECK_EQ(run.count(" days are not built "), 2);
  CHECK_EQ(run.count(" days were built source=usage.a\n"), 1);
  CHECK_EQ(run.count(" days are not asked for any more source=usage.gone\n"), 1);
  CHECK_EQ(run.count(" days were built "), 1);
}

TEST_CASE("sources that cannot be listed are one trouble, whoever asks for them") {
  World world;
  world.end = 1000;
  world.tables = {"usage.a"};
  world.meanwhile = [&](const std::string &call) {
    if (call == "sources" && world.time < 500) throw refused();
  };
  Run const run(world, {"--housekeeping-schedule", "@every 60s", "--verify-schedule", "@every 60s"});
  CHECK_EQ(run.count(" sources failed "), 1);
  CHECK_EQ(run.count(" sources works again "), 1);
  CHECK_EQ(run.count(" failed "), 1);
  CHECK_EQ(run.count(" is not asked for any more "), 0);
}

TEST_CASE("a fold that fails while merges succeed is told once, and its end when it succeeds") {
  World world;
  world.end = 1000;
  world.meanwhile = [&](const std::string &call) {
    if (call == "fold" && world.time < 500) throw refused("permission denied for function fold");
  };
  Run const run(world, with({"--schedule", "@every 60s", "--fold-every", "1s"}, kNothingElse));
  CHECK_EQ(world.count("materialize"), 17);
  CHECK_EQ(run.count(" fold failed "), 1);
  CHECK_EQ(run.count(" fold works again "), 1);
}

TEST_CASE("a slice that cannot be verified is told once, and its end when it is verified, whatever others do") {
  World world;
  world.end = 2000;
  world.tables = {"usage.a"};
  world.days = {"2026-01-01", "2026-01-02"};
  world.meanwhile = [&](const std::string &call) {
    if (call == "verify usage.a 2026-01-01" && world.time < 1000) throw refused("canceling statement due to statement timeout");
    // Chance chooses one after the other.
    if (call == "rebuild_slices usage.a") world.luck = world.luck == 0 ? 0.9 : 0;
  };
  Run const run(world, {"--housekeeping-schedule", "@never", "--verify-schedule", "@every 60s"});
  CHECK(world.count("verify usage.a 2026-01-01") > 5);
  CHECK(world.count("verify usage.a 2026-01-02") > 5);
  CHECK_EQ(run.count(" verify failed about=usage.a "), 1);
  CHECK_EQ(run.count(" verify works again about=usage.a\n"), 1);
}

TEST_CASE("differences of a slice are told once, and their end soon after they are gone") {
  World world;
  world.end = 2000;
  world.tables = {"usage.a"};
  world.days = {"2026-01-01", "2026-01-02"};
  world.differing = {"usage.a 2026-01-01"};
  world.meanwhile = [&](const std::string &) {
    if (world.time >= 300) world.luck = 0.9;  // from now on chance chooses the other slice
    if (world.time >= 1000) world.differing.clear();
  };
  Run const run(world, {"--housekeeping-schedule", "@never", "--verify-schedule", "@every 60s"});
  CHECK(world.count("verify usage.a 2026-01-02") > 5);
  CHECK(run.says_in_order({" verify found differences source=usage.a from=2026-01-01 ",
                           " verify finds no differences any more source=usage.a from=2026-01-01 "}));
  CHECK_EQ(run.count(" verify found differences "), 1);
  CHECK_EQ(run.count(" verify finds no differences any more "), 1);
}

TEST_CASE("differences of a table that is disconnected end, and are not looked for again") {
  World world;
  world.end = 1000;
  world.tables = {"usage.a", "usage.gone"};
  world.differing = {"usage.gone 2026-01-01"};
  world.luck = 0.9;
  world.meanwhile = [&](const std::string &) {
    if (world.time >= 300) world.tables = {"usage.a"};
  };
  Run const run(world, {"--housekeeping-schedule", "@never", "--verify-schedule", "@every 60s"});
  CHECK(world.count("verify usage.a 2026-01-01") > 5);
  CHECK_EQ(run.count(" verify found differences "), 1);
  CHECK_EQ(run.count(" verify is not asked for any more source=usage.gone "), 1);
  CHECK_EQ(world.count("verify usage.gone 2026-01-01"), 2 * 5 - 1);  // each time but the first, again and by chance
}

TEST_CASE("that slices of a table cannot be verified ends soon after they can, however many failed") {
  World world;
  world.end = 2000 + 3 * 60;
  world.tables = {"usage.a"};
  for (int day = 2; day < 30; day++) world.days.push_back("2026-01-" + std::to_string(100 + day).substr(1));
  world.meanwhile = [&](const std::string &call) {
    if (call.rfind("verify ", 0) == 0 && world.time < 2000) throw refused("canceling statement due to statement timeout");
    if (call == "rebuild_slices usage.a") world.luck = world.luck > 0.9 ? 0 : world.luck + 0.04;
  };
  Run const run(world, {"--housekeeping-schedule", "@never", "--verify-schedule", "@every 60s"});
  CHECK_EQ(run.count(" verify failed about=usage.a "), 1);
  CHECK_EQ(run.count(" verify works again about=usage.a\n"), 1);
}

TEST_CASE("what differed is not told to agree while it is not built, nor once it is pruned") {
  for (bool const is_pruned : {false, true}) {
    World world;
    world.end = 3000;
    world.tables = {"usage.a"};
    world.differing = {"usage.a 2026-01-01"};
    world.meanwhile = [&](const std::string &) {
      bool const is_away = world.time >= 1000 && (is_pruned || world.time < 2000);
      world.differing.clear();
      if (!is_away) world.differing = {"usage.a 2026-01-01"};
      if (is_away && is_pruned) world.days.clear();
      world.unbuilt["usage.a"].assign(is_away && !is_pruned ? 1 : 0, slice("usage.a", "2026-01-01"));
    };
    Run const run(world, {"--housekeeping-schedule", "@never", "--verify-schedule", "@every 60s"});
    CHECK_EQ(run.count(" verify found differences "), 1);
    CHECK_EQ(run.count(" verify finds no differences any more "), 0);
    CHECK_EQ(run.count(" verify is not asked for any more "), is_pruned ? 1 : 0);
  }
}

TEST_CASE("a stop ends the work at once, wherever it comes, and nothing half done is told as done") {
  std::vector<std::string> const options{
      "--housekeeping-schedule", "@every 60s", "--verify-schedule", "@every 60s", "--retention", "400d"};
  auto const fill = [](World &world) {
    world.end = 30;
    world.pending = 250;
    world.tables = {"usage.a", "usage.b"};
    world.unbuilt["usage.b"] = {slice("usage.b", "2026-01-01"), slice("usage.b", "2026-01-02")};
  };
  World undisturbed;
  fill(undisturbed);
  Run const whole(undisturbed, options);
  REQUIRE_EQ(whole.count(" folded deltas=250 "), 1);
  REQUIRE_EQ(whole.count(" days were built"), 1);
  REQUIRE_EQ(whole.count(" verified "), 1);

  enum class Fate { kSucceeds, kIsCancelled, kIsLost };
  for (Fate const fate : {Fate::kSucceeds, Fate::kIsCancelled, Fate::kIsLost})
    for (std::size_t n = 1; n <= undisturbed.begun.size(); n++) {
      World world;
      fill(world);
      world.meanwhile = [&](const std::string &) {
        if (world.begun.size() < n) return;
        world.stop = true;
        if (fate == Fate::kIsCancelled) throw cancelled();
        if (fate == Fate::kIsLost) throw lost();
      };
      Run const run(world, options);
      INFO("a stop during call " << n << ", " << undisturbed.begun[n - 1] << ", which ends as " << static_cast<int>(fate));
      CHECK_EQ(run.status, ExitStatus::kDone);
      CHECK_EQ(world.begun.size(), n);
      CHECK_EQ(run.count(" stopped\n"), 1);
      CHECK_EQ(run.count(" failed ") + run.count(" works again ") + run.count(" disconnected "), 0);
      CHECK_EQ(run.count(" folded "), world.pending == 0 ? 1 : 0);
      CHECK_EQ(run.count(" partition made "), world.count_done("create_partitions"));
      CHECK_EQ(run.count(" usage dropped "), world.count_done("prune"));
      CHECK_EQ(run.count(" slice rebuilt "), world.count_done("rebuild_slice "));
      CHECK_EQ(run.count(" days were built"), world.unbuilt["usage.b"].empty() ? 1 : 0);
      CHECK_EQ(run.count(" verified "), world.count_done("verify"));
    }
}

TEST_CASE("a failure is told once for each reason, is tried again soon, and its end is told once") {
  World world;
  world.end = 7300;
  world.meanwhile = [&](const std::string &call) {
    auto const folds = world.count("materialize");
    if (call != "materialize" || folds > 6) return;
    throw refused(folds <= 3 ? "process " + std::to_string(1000 + folds) + " holds the lock" : "permission denied");
  };
  Run const run(world, with(kNothingElse, {"--schedule", "@every 1h"}));
  // 1,800,000,000 is a whole hour: the first round falls due as the service begins. Each failure is followed ten seconds later.
  // Then come two more rounds, which succeed.
  CHECK_EQ(world.count("materialize"), 9);
  CHECK_EQ(run.count(" fold failed "), 2);
  CHECK(run.says_in_order({"process 1001 holds the lock", "permission denied", " fold works again ", " nothing to fold "}));
  CHECK_EQ(run.count(" fold works again "), 1);
}

TEST_CASE("what falls due while a round lasts is skipped") {
  World world;
  world.end = 899;
  std::vector<double> begun;
  world.meanwhile = [&](const std::string &call) {
    if (call != "materialize") return;
    begun.push_back(world.time);
    world.time += 250;
  };
  Run const run(world, with(kNothingElse, {"--schedule", "@every 60s"}));
  REQUIRE_EQ(begun.size(), 3);
  // Each round ends 10 seconds after a minute that it has missed.
  CHECK_EQ(begun[0], 0);
  CHECK_EQ(begun[1], 300);
  CHECK_EQ(begun[2], 600);
}

TEST_CASE("housekeeping that takes longer than its interval is done once, and folds go between") {
  World world;
  world.end = 3000;
  world.tables = {"usage.a"};
  world.meanwhile = [&](const std::string &call) {
    if (call.rfind("create_partitions", 0) == 0) world.time += 700;
  };
  Run const run(world, {"--schedule", "@every 60s", "--housekeeping-schedule", "@every 5m", "--verify-schedule", "@never"});
  CHECK_EQ(world.count("create_partitions usage.a"), 4);  // at 0, 900, 1800 and 2700 seconds
  CHECK(world.count("materialize") > world.count("create_partitions usage.a"));
}

TEST_CASE("what is told to be due next is to come, and what fell due within the last minute is done all the same") {
  World world;
  world.start += 14;
  world.tables = {"usage.a"};
  bool reloaded = false;
  world.meanwhile = [&](const std::string &) {
    if (world.time >= 100 && !std::exchange(reloaded, true)) world.reload = true;
  };
  Run const run(world, {"--schedule", "*/5 * * * *", "--housekeeping-schedule", "@every 3s", "--verify-schedule", "@hourly"});
  // 1,800,000,000 is 08:00:00. The service begins 14 seconds later, and again at 08:01:54.
  CHECK_EQ(run.count(" due next schedule=2027-01-15T08:05:00Z housekeeping-schedule=2027-01-15T08:00:15Z"
                     " verify-schedule=2027-01-15T09:00:00Z\n"),
           1);
  CHECK_EQ(run.count(" due next schedule=2027-01-15T08:05:00Z housekeeping-schedule=2027-01-15T08:01:57Z"
                     " verify-schedule=2027-01-15T09:00:00Z\n"),
           1);
  CHECK_EQ(world.count("materialize"), 2);  // at once, and at 08:05:00
  CHECK_EQ(world.count("verify usage.a 2026-01-01"), 1);
}

TEST_CASE("a clock that is set back begins the schedules anew") {
  World world;
  world.end = 600;
  world.meanwhile = [&](const std::string &) {
    if (world.time > 100) world.start = 1'700'000'000;
  };
  Run const run(world, with(kNothingElse, {"--schedule", "@every 60s"}));
  CHECK(world.count("materialize") >= 10);
  // Two rounds before; then a line as it begins anew, and one after each round.
  CHECK_EQ(run.count(" due next schedule=2023-"), 1 + world.count("materialize") - 2);
}

TEST_CASE("a configuration that is read again needs a new connection, and one that is wrong changes nothing") {
  for (const std::string wrong : {"", "schedule in /etc/x.conf: it is wrong"}) {
    World world;
    world.meanwhile = [&](const std::string &) {
      if (world.time == 100) world.reload = true;
    };
    Run const run(world, kNothingElse, wrong);
    CHECK_EQ(run.count(" configuration read again\n"), wrong.empty() ? 1 : 0);
    CHECK_EQ(run.count(" configuration not read again, the old one stays reason=\"schedule in "), wrong.empty() ? 0 : 1);
    CHECK_EQ(world.connections, wrong.empty() ? 2 : 1);
    CHECK_EQ(world.count("try_to_lead"), world.connections);
    // Every minute; and a leader that begins anew does again what fell due within the last one.
    CHECK_EQ(world.count("materialize"), wrong.empty() ? 6 : 5);
  }
}
