#include "service/service.hpp"

#include <chrono>
#include <exception>

#include "database/leader.hpp"

namespace materializer {
namespace {

// Short against the five seconds in which another instance must take over.
constexpr double kBetweenLooks = 0.5;
constexpr std::chrono::seconds kToConnect{120};

}  // namespace

Service::Service(Config config, std::function<Config()> read_again, Interrupt &interrupt, Log &log)
    : config_(std::move(config)),
      read_again_(std::move(read_again)),
      interrupt_(interrupt),
      log_(log),
      duties_(log, metrics_, interrupt) {}

int Service::run() {
  try {
    metrics_.listen(config_.metrics_listen);
  } catch (const std::exception &error) {
    log_.error("cannot listen", {{"option", "metrics-listen"}, {"address", config_.metrics_listen}, {"reason", error.what()}});
    return 1;
  }
  log_.info("started", {{"version", RESELLER_REPORT_VERSION}});
  Interrupt::tell_systemd("READY=1");
  while (!interrupt_.stop_requested()) {
    if (interrupt_.take_reload()) reload();
    try {
      step();
    } catch (const DatabaseError &error) {
      lose(error);
    }
  }
  Interrupt::tell_systemd("STOPPING=1");
  session_.reset();
  log_.info("stopped");
  return 0;
}

void Service::reload() {
  Interrupt::tell_systemd("RELOADING=1");
  try {
    Config config = read_again_();
    metrics_.listen(config.metrics_listen);
    log_.configure(config.log_format, config.log_level);
    // A new session has the new settings; the old one's lock goes with it.
    session_.reset();
    leads_ = false;
    config_ = std::move(config);
    log_.info("configuration read again");
  } catch (const std::exception &error) {
    log_.error("configuration not read again, the old one stays", {{"reason", error.what()}});
  }
  Interrupt::tell_systemd("READY=1");
}

void Service::step() {
  if (!session_) {
    interrupt_.alive_for(kToConnect);
    session_ = std::make_unique<Session>(config_, interrupt_, log_);
    metrics_.set_connected(true);
  }
  Look const look = look_at(*session_);
  if (look.place != Place::kReady) {
    announce(look.place == Place::kStandby ? "idle" : "waiting", look.detail);
    return rest();
  }
  if (!leads_) {
    if (!try_to_lead(*session_)) {
      announce("follower", "another instance leads");
      return rest();
    }
    leads_ = true;
    announce("leader", "");
    duties_.begin(config_, wall_clock());
  }
  announce("leader", "");
  work_as_leader();
}

void Service::work_as_leader() {
  metrics_.set_leading(true);
  if (!duties_.do_one(*session_, config_, wall_clock())) rest();
}

void Service::rest() {
  // Only now: work that costs the session each time must not be tried again at once.
  backoff_.reset();
  pause(kBetweenLooks);
}

void Service::lose(const DatabaseError &error) {
  session_.reset();
  leads_ = false;
  metrics_.set_connected(false);
  if (interrupt_.stop_requested()) return;
  announce("disconnected", error.what());
  pause(backoff_.next(chance()));
}

void Service::announce(const std::string &state, const std::string &detail) {
  if (state != "leader") {
    metrics_.set_leading(false);
    metrics_.forget_figures();
  }
  std::string const now = state + " " + detail;
  if (now == announced_) return;
  announced_ = now;
  if (detail.empty()) {
    log_.info(state);
  } else if (state == "disconnected" || state == "waiting") {
    log_.warning(state, {{"reason", detail}});
  } else {
    log_.info(state, {{"reason", detail}});
  }
  Interrupt::tell_systemd("STATUS=" + state + (detail.empty() ? "" : ": " + detail));
}

void Service::pause(double seconds) {
  interrupt_.sleep_until(Clock::now() + std::chrono::milliseconds(static_cast<int>(seconds * 1000)));
}

}  // namespace materializer
