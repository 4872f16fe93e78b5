#include "commands/rebuild.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "commands/progress.hpp"
#include "process/text.hpp"
#include "service/housekeeping.hpp"

namespace materializer {
namespace {

constexpr std::chrono::seconds kBetweenLines{10};
constexpr std::chrono::minutes kKeepTrying{10};  // at one slice
constexpr char kLockNotAvailable[] = "55P03";

double seconds_now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

/// Shows progress: a bar that is drawn over itself on a terminal, else a line now and then.
class Display {
 public:
  Display(std::size_t total, Log &log)
      : progress_(total, seconds_now()), log_(log), terminal_(isatty(STDERR_FILENO) == 1 && total > 0) {
    if (!terminal_) log_.info("rebuilding", {{"progress", progress_.line(seconds_now())}});
    draw("");
  }

  void advance(const Slice &slice) {
    progress_.advance();
    draw(slice.source.name + " " + slice.from.substr(0, std::string("2026-01-01").size()));
    if (terminal_ || Clock::now() < next_line_) return;
    next_line_ = Clock::now() + kBetweenLines;
    log_.info("rebuilding", {{"progress", progress_.line(seconds_now())}, {"source", slice.source.name}, {"slice", slice.from}});
  }

  /// Before anything else is written.
  void end_line() const {
    if (terminal_) std::fputs("\n", stderr);
  }

 private:
  void draw(const std::string &about) {
    if (terminal_) std::fprintf(stderr, "\r\033[K%s  %s", progress_.bar(seconds_now()).c_str(), about.c_str());
  }

  Progress progress_;
  Log &log_;
  bool terminal_;
  Clock::time_point next_line_ = Clock::now() + kBetweenLines;
};

/// A session that is made anew when it is lost.
class LastingSession {
 public:
  LastingSession(const Config &config, Interrupt &interrupt, Log &log)
      : config_(config), interrupt_(interrupt), log_(log), session_(std::make_unique<Session>(config, interrupt, log)) {
    expect_ready(*session_);
  }

  Session &get() { return *session_; }

  /// Connects again; throws when that has not succeeded until `give_up`. When a stop is requested there is no session.
  void reconnect(const DatabaseError &reason, Clock::time_point give_up) {
    log_.warning("connection lost", {{"reason", reason.what()}});
    session_.reset();
    Backoff backoff;
    while (!interrupt_.stop_requested()) {
      interrupt_.sleep_until(Clock::now() + std::chrono::milliseconds(static_cast<int>(backoff.next(chance()) * 1000)));
      try {
        session_ = std::make_unique<Session>(config_, interrupt_, log_);
        expect_ready(*session_);
        log_.info("connected again");
        return;
      } catch (const DatabaseError &) {
        session_.reset();
        if (Clock::now() > give_up) throw;
      }
    }
  }

 private:
  const Config &config_;
  Interrupt &interrupt_;
  Log &log_;
  std::unique_ptr<Session> session_;
};

/// The slices of a rebuild: those to come, and those set aside because they or their table failed.
class Work {
 public:
  Work(const Config &config, Log &log) : config_(config), log_(log) {}

  // A table whose slices cannot even be listed stops no other.
  void list(Session &session) {
    for (const Source &source : chosen_sources(session, config_)) {
      try {
        std::vector<Slice> const slices = rebuild_slices(session, source, {config_.from, config_.to}, config_.only_unbuilt);
        to_come_.insert(to_come_.end(), slices.begin(), slices.end());
      } catch (const DatabaseError &error) {
        if (error.remedy() == Remedy::kReconnect) throw;
        tell(error, source.name, "");
        aside_.push_back({source, say_moment(config_.from), say_moment(config_.to)});
      }
    }
  }

  bool is_over() const { return to_come_.empty(); }
  const Slice &next() const { return to_come_.front(); }
  std::size_t left() const { return to_come_.size(); }
  bool well() const { return to_come_.empty() && aside_.empty(); }
  void done() { to_come_.pop_front(); }

  void let_others_go_first() {
    std::string const oid = next().source.oid;
    std::stable_partition(to_come_.begin(), to_come_.end(), [&](const Slice &slice) { return slice.source.oid != oid; });
  }

  /// Gives the next slice up, and the rest of its table, but where the trouble is with this slice's rows.
  void set_aside(const DatabaseError &error) {
    Slice const failed = next();
    tell(error, failed.source.name, failed.from);
    auto const first_aside = std::stable_partition(std::next(to_come_.begin()), to_come_.end(), [&](const Slice &slice) {
      return is_about_rows(error) || slice.source.oid != failed.source.oid;
    });
    aside_.push_back(failed);
    aside_.insert(aside_.end(), first_aside, to_come_.end());
    to_come_.erase(first_aside, to_come_.end());
    to_come_.pop_front();
  }

  /// What is left, as commands: one a source that is not finished, from the earliest slice that is missing.
  void tell_how_to_go_on() const {
    std::map<std::string, std::string> earliest;
    for (const auto *slices : {&to_come_, &aside_})
      for (const Slice &slice : *slices) {
        std::string &from = earliest.emplace(slice.source.name, slice.from).first->second;
        from = std::min(from, slice.from);  // as the server prints moments, their text sorts as they do
      }
    for (const auto &[source, from] : earliest)
      log_.info("to go on",
                {{"run", "reseller-materializer rebuild --source " + shell_quote(source) + " --from " + shell_quote(from) +
                             " --to " + say_moment(config_.to) + (config_.only_unbuilt ? " --only-unbuilt" : "")}});
  }

 private:
  void tell(const DatabaseError &error, const std::string &source, const std::string &slice) const {
    log_.error("rebuild failed", {{"reason", error.what()}, {"sqlstate", error.sqlstate()}, {"source", source}, {"slice", slice}});
  }

  const Config &config_;
  Log &log_;
  std::deque<Slice> to_come_;
  std::deque<Slice> aside_;
};

}  // namespace

int run_rebuild(const Config &config, Interrupt &interrupt, Log &log) {
  LastingSession session(config, interrupt, log);
  log.info("period", {{"from", say_moment(config.from)}, {"to", say_moment(config.to)}});
  Work work(config, log);
  work.list(session.get());
  std::size_t const total = work.left();
  std::size_t done = 0;
  Display display(total, log);
  Clock::time_point give_up = Clock::now() + kKeepTrying;
  while (!work.is_over() && !interrupt.stop_requested()) {
    try {
      rebuild(session.get(), work.next());
      display.advance(work.next());
      work.done();
      done++;
      give_up = Clock::now() + kKeepTrying;
    } catch (const DatabaseError &error) {
      if (interrupt.stop_requested()) break;
      display.end_line();
      bool const in_time = Clock::now() <= give_up;
      // Somebody else works on the same data for a while; each attempt waits for the lock by itself.
      if (error.sqlstate() == kLockNotAvailable && in_time) {
        work.let_others_go_first();
      } else if (error.remedy() == Remedy::kReconnect && in_time) {
        session.reconnect(error, give_up);
      } else {
        work.set_aside(error);
        if (error.remedy() == Remedy::kReconnect) break;
      }
    }
  }
  display.end_line();
  log.info(work.well() ? "rebuilt" : "stopped", {{"slices", done}, {"of", total}});
  work.tell_how_to_go_on();
  return work.well() ? 0 : 1;
}

}  // namespace materializer
