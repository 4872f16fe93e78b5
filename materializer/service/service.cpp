#include "service/service.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace materializer {
namespace {

// Short against the five seconds within which another instance must take over.
constexpr double kSecondsBetweenLooks = 0.5;
constexpr std::chrono::seconds kToConnect{120};

}  // namespace

Service::Service(Config config, std::function<Config()> read_again, Connect connect, Process &process, Log &log)
    : config_(std::move(config)),
      read_again_(std::move(read_again)),
      connect_(std::move(connect)),
      process_(process),
      log_(log),
      metrics_([&process] { return process.is_alive(); }),
      duties_(process, log, metrics_) {}

ExitStatus Service::run() {
  try {
    metrics_.listen(config_.metrics_listen);
  } catch (const std::exception &error) {
    log_.error("cannot listen",
               {{"option", option::kMetricsListen}, {"address", config_.metrics_listen}, {"reason", error.what()}});
    return ExitStatus::kFailed;
  }
  log_.info("started", {{"version", RESELLER_REPORT_VERSION}});
  process_.tell_systemd("READY=1");
  while (!process_.stop_requested()) {
    if (process_.take_reload()) reload();
    try {
      step();
    } catch (const DatabaseError &error) {
      lose(error);
    }
  }
  process_.tell_systemd("STOPPING=1");
  extension_.reset();
  log_.info("stopped");
  return ExitStatus::kDone;
}

void Service::step() {
  if (!extension_) connect();
  if (!may_work() || !duties_.do_one(*extension_, config_)) rest();
}

void Service::connect() {
  process_.alive_for(kToConnect);
  extension_ = connect_(config_);
  metrics_.set_connected(true);
}

// Whether this instance leads, and its server is ready.
bool Service::may_work() {
  if (process_.stop_requested()) return false;
  ServerState const server = extension_->server_state();
  if (server.kind != ServerState::Kind::kReady) {
    bool const is_standby = server.kind == ServerState::Kind::kStandby;
    bool const is_ready = is_standby && server.versions_agree;
    announce(is_ready, is_standby ? "idle" : "waiting", server.detail);
    if (is_ready) duties_.watch_standby(*extension_);
    return false;
  }
  if (process_.stop_requested()) return false;
  bool const led = leads_;
  leads_ = leads_ || extension_->try_to_lead();
  if (!leads_) {
    announce(true, "follower", "another instance leads");
    return false;
  }
  announce(true, "leader", "");
  if (!led) duties_.begin(config_);
  return true;
}

void Service::rest() {
  // Reset only here, and not as soon as a connection is made: work that costs the connection each time must not be tried again at
  // once.
  backoff_.reset();
  process_.sleep(kSecondsBetweenLooks);
}

void Service::lose(const DatabaseError &error) {
  extension_.reset();
  leads_ = false;
  metrics_.set_connected(false);
  if (process_.stop_requested()) return;
  announce(false, "disconnected", error.what());
  process_.sleep(backoff_.next(process_.chance()));
}

void Service::reload() {
  process_.tell_systemd("RELOADING=1");
  try {
    Config config = read_again_();
    metrics_.listen(config.metrics_listen);
    log_.configure(config.log_format, config.log_level);
    // The new settings need a new connection. The leader's lock goes with the old one.
    extension_.reset();
    leads_ = false;
    config_ = std::move(config);
    log_.info("configuration read again");
  } catch (const std::exception &error) {
    log_.error("configuration not read again, the old one stays", {{"reason", error.what()}});
  }
  process_.tell_systemd("READY=1");
}

void Service::announce(bool is_ready, const std::string &state, const std::string &detail) {
  bool const leads = state == "leader";
  metrics_.set_leading(leads);
  metrics_.set_ready(is_ready, state + (detail.empty() ? "" : ": " + detail));
  std::string const announcement = state + " " + detail;
  if (announcement == announced_) return;
  announced_ = announcement;
  if (!leads) metrics_.forget_state();
  if (detail.empty()) {
    log_.info(state);
  } else if (state == "disconnected" || state == "waiting") {
    log_.warning(state, {{"reason", detail}});
  } else {
    log_.info(state, {{"reason", detail}});
  }
  process_.tell_systemd("STATUS=" + state + (detail.empty() ? "" : ": " + detail));
}

}  // namespace materializer
