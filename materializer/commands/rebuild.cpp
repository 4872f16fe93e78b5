#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <utility>

#include "commands/commands.hpp"
#include "commands/progress.hpp"
#include "database/slice_queue.hpp"
#include "process/text.hpp"
#include "schedule/schedule.hpp"

namespace materializer {
namespace {

// In seconds.
constexpr double kBetweenLines = 10;
constexpr double kKeepTrying = 600;  // at one slice

// An option with its value, as a shell reads it.
std::string given(const char *option, const std::string &value) { return std::string(" --") + option + " " + shell_quote(value); }

/// Shows how far the work has come: on a terminal a bar that is drawn over itself, else a line in the log now and then.
class Display {
 public:
  Display(std::size_t total, Process &process, Log &log)
      : progress_(total, process.seconds()), process_(process), log_(log), is_terminal_(isatty(STDERR_FILENO) == 1 && total > 0) {
    if (!is_terminal_) log_.info("rebuilding", {{"progress", progress_.line(process_.seconds())}});
    draw("");
  }

  void advance(const Slice &slice) {
    progress_.advance();
    draw(slice.table.name + " " + slice.from.substr(0, std::string("2026-01-01").size()));
    double const now = process_.seconds();
    if (is_terminal_ || now < next_line_) return;
    next_line_ = now + kBetweenLines;
    log_.info("rebuilding", {{"progress", progress_.line(now)}, {"source", slice.table.name}, {"slice", slice.from}});
  }

  /// Ends the line of the bar. To be called before anything else is written.
  void end_line() const {
    if (is_terminal_) std::fputs("\n", stderr);
  }

 private:
  void draw(const std::string &about) {
    if (is_terminal_) std::fprintf(stderr, "\r\033[K%s  %s", progress_.bar(process_.seconds()).c_str(), about.c_str());
  }

  Progress progress_;
  Process &process_;
  Log &log_;
  bool is_terminal_;
  double next_line_ = process_.seconds() + kBetweenLines;
};

/// One `rebuild`: its connection, the slices that are left, and those that failed.
class Rebuild {
 public:
  Rebuild(const Config &config, const Connect &connect, Process &process, Log &log)
      : config_(config), connect_(connect), process_(process), log_(log), extension_(connect_to_ready(connect, config)) {}

  ExitStatus run() {
    list_slices();
    std::size_t const total = slices_.size();
    std::size_t built = 0;
    Display display(total, process_, log_);
    give_up_at_ = process_.seconds() + kKeepTrying;
    while (!slices_.empty() && !process_.stop_requested()) {
      try {
        extension_->rebuild_slice(slices_.next());
        display.advance(slices_.next());
        slices_.finish_next();
        built++;
        give_up_at_ = process_.seconds() + kKeepTrying;
      } catch (const DatabaseError &error) {
        if (process_.stop_requested()) break;
        display.end_line();
        if (!recover(error)) break;
      }
    }
    display.end_line();
    bool const well = slices_.empty() && slices_.failed().empty();
    log_.info(well ? "rebuilt" : "stopped", {{"slices", built}, {"of", total}});
    log_how_to_go_on();
    return well ? ExitStatus::kDone : ExitStatus::kFailed;
  }

 private:
  // A table whose slices cannot even be listed stops no other.
  void list_slices() {
    for (const Table &table : chosen_tables(*extension_, config_)) {
      try {
        slices_.add(extension_->rebuild_slices(table, config_.period, config_.only_unbuilt));
      } catch (const DatabaseError &error) {
        if (error.is_loss()) throw;
        log_failure(error, table.name, "");
        slices_.add_failed({table, say_moment(config_.period.from), say_moment(config_.period.to)});
      }
    }
  }

  // After a slice failed: tries it again later, or gives it up. Tells whether the rebuild can go on.
  bool recover(const DatabaseError &error) {
    bool const is_in_time = process_.seconds() <= give_up_at_;
    // Somebody else may hold the table for a while. The attempt itself has waited for the lock.
    if (error.is_lock_timeout() && is_in_time) {
      slices_.defer_table();
      return true;
    }
    if (error.is_loss() && is_in_time) {
      connect_again(error);
      return true;
    }
    log_failure(error, slices_.next().table.name, slices_.next().from);
    slices_.fail_next(error);
    return !error.is_loss();
  }

  // Throws where it does not succeed in time. Returns without a connection where a stop is requested.
  void connect_again(const DatabaseError &loss) {
    log_.warning("connection lost", {{"reason", loss.what()}});
    extension_.reset();
    Backoff backoff;
    while (!process_.stop_requested()) {
      process_.sleep(backoff.next(process_.chance()));
      try {
        extension_ = connect_to_ready(connect_, config_);
        log_.info("connected again");
        return;
      } catch (const DatabaseError &) {
        if (process_.seconds() > give_up_at_) throw;
      }
    }
  }

  // What is left, as commands: one for each table that is not finished, from its earliest slice that is missing.
  void log_how_to_go_on() const {
    std::map<std::string, std::string> earliest;
    for (const auto *slices : {&slices_.waiting(), &slices_.failed()})
      for (const Slice &slice : *slices) {
        std::string &from = earliest.emplace(slice.table.name, slice.from).first->second;
        from = std::min(from, slice.from);  // moments as the server prints them sort as text
      }
    for (const auto &[table, from] : earliest) {
      std::string command = "reseller-materializer rebuild" + given(option::kSource, table) + given(option::kFrom, from) +
                            given(option::kTo, say_moment(config_.period.to));
      if (config_.only_unbuilt) command += std::string(" --") + option::kOnlyUnbuilt;
      log_.info("to go on", {{"run", command}});
    }
  }

  void log_failure(const DatabaseError &error, const std::string &table, const std::string &slice) const {
    log_.error("rebuild failed", {{"reason", error.what()}, {"sqlstate", error.sqlstate()}, {"source", table}, {"slice", slice}});
  }

  const Config &config_;
  const Connect &connect_;
  Process &process_;
  Log &log_;
  std::unique_ptr<Extension> extension_;
  SliceQueue slices_;
  double give_up_at_ = 0;  // at the slice that is next, by Process::seconds()
};

}  // namespace

ExitStatus run_rebuild(const Config &config, const Connect &connect, Process &process, Log &log) {
  Rebuild rebuild(config, connect, process, log);
  log.info("period", {{"from", say_moment(config.period.from)}, {"to", say_moment(config.period.to)}});
  return rebuild.run();
}

}  // namespace materializer
