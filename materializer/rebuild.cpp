#include "rebuild.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "housekeeping.hpp"
#include "progress.hpp"

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

std::vector<Slice> slices_to_rebuild(Session &session, const Config &config) {
  auto const [from, to] = checked_period(session, config);
  std::vector<Slice> slices;
  for (const Source &source : sources(session, config.sources))
    for (Slice &slice : rebuild_slices(session, source, from, to, config.only_unbuilt)) slices.push_back(std::move(slice));
  return slices;
}

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

// What is left, as commands: one a source that is not finished, from the earliest slice that is missing.
void tell_how_to_go_on(const std::vector<Slice> &slices, std::size_t done, const Config &config, Log &log) {
  std::map<std::string, std::string> earliest;
  for (std::size_t i = done; i < slices.size(); i++) {
    std::string &from = earliest.emplace(slices[i].source.name, slices[i].from).first->second;
    from = std::min(from, slices[i].from);  // as the server prints moments, their text sorts as they do
  }
  for (const auto &[source, from] : earliest)
    log.info("to go on", {{"run", "reseller-materializer rebuild --source " + source + " --from '" + from + "' --to '" + config.to +
                                      "'" + (config.only_unbuilt ? " --only-unbuilt" : "")}});
}

}  // namespace

int run_rebuild(const Config &config, Interrupt &interrupt, Log &log) {
  LastingSession session(config, interrupt, log);
  std::vector<Slice> const slices = slices_to_rebuild(session.get(), config);
  Display display(slices.size(), log);
  std::size_t done = 0;
  std::optional<DatabaseError> failure;
  Clock::time_point give_up = Clock::now() + kKeepTrying;
  while (done < slices.size() && !interrupt.stop_requested() && !failure) {
    try {
      rebuild(session.get(), slices[done]);
      display.advance(slices[done]);
      done++;
      give_up = Clock::now() + kKeepTrying;
    } catch (const DatabaseError &error) {
      if (interrupt.stop_requested()) break;
      // Somebody else works on the same data for a while; each attempt waits for the lock by itself.
      bool const locked = error.sqlstate() == kLockNotAvailable;
      if ((error.remedy() != Remedy::kReconnect && !locked) || Clock::now() > give_up) failure = error;
      if (failure || locked) continue;
      display.end_line();
      session.reconnect(error, give_up);
    }
  }
  display.end_line();
  if (failure)
    log.error("rebuild failed", {{"reason", failure->what()},
                                 {"sqlstate", failure->sqlstate()},
                                 {"source", slices[done].source.name},
                                 {"slice", slices[done].from}});
  log.info(done == slices.size() ? "rebuilt" : "stopped", {{"slices", done}, {"of", slices.size()}});
  tell_how_to_go_on(slices, done, config, log);
  return done == slices.size() ? 0 : 1;
}

}  // namespace materializer
