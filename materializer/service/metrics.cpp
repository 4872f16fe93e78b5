#include "service/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "service/endpoint.hpp"
#include "service/failures.hpp"

namespace materializer {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Registry;

std::string named(const char *name) { return std::string("reseller_materializer_") + name; }

Counter &counter(Registry &registry, const char *name, const char *help) {
  return prometheus::BuildCounter().Name(named(name)).Help(help).Register(registry).Add({});
}

Gauge &gauge(Registry &registry, const char *name, const char *help) {
  return prometheus::BuildGauge().Name(named(name)).Help(help).Register(registry).Add({});
}

prometheus::Family<Gauge> &replications(Registry &registry, const char *name, const char *help) {
  return prometheus::BuildGauge().Name(named(name)).Help(help).Register(registry);
}

double number(const std::optional<std::string> &text) { return text ? std::stod(*text) : NAN; }

}  // namespace

struct Metrics::Registered {
  std::shared_ptr<Registry> const registry = std::make_shared<Registry>();
  Counter &rounds = counter(*registry, "runs_total", "Rounds of folds and merges that ended well.");
  prometheus::Histogram &round_seconds =
      prometheus::BuildHistogram()
          .Name(named("run_seconds"))
          .Help("Seconds that a round of folds and merges took.")
          .Register(*registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300});
  prometheus::Family<Counter> &failures =
      prometheus::BuildCounter()
          .Name(named("failures_total"))
          .Help("Units of work that failed, by task: fold, sources, partitions, retention, rebuild, verify, corrections, state.")
          .Register(*registry);
  Counter &deltas = counter(*registry, "deltas_folded_total", "Changes folded, and changes merged.");
  Counter &rows = counter(*registry, "summary_rows_written_total", "Summary rows written by folding.");
  Counter &slices = counter(*registry, "slices_rebuilt_total", "Slices rebuilt from raw usage.");
  Counter &verifications = counter(*registry, "verifications_total", "Slices verified.");
  Counter &mismatches = counter(*registry, "verify_mismatches_total", "Figures found to differ between raw usage and summaries.");
  Gauge &connected = gauge(*registry, "connected", "1 while there is a connection to the database.");
  Gauge &leader = gauge(*registry, "leader", "1 while this instance leads.");
  Gauge &pending =
      gauge(*registry, "pending_deltas",
            "Changes that wait to be folded. NaN, like all gauges of the database, where this instance does not lead.");
  Gauge &pending_age = gauge(*registry, "oldest_pending_age_seconds", "How long the oldest pending change has waited.");
  Gauge &unmerged = gauge(*registry, "unmerged_entries", "Changes that are folded and wait to be merged into the summaries.");
  Gauge &unmerged_age = gauge(*registry, "oldest_unmerged_age_seconds",
                              "How long the oldest change that is not merged has waited since its capture.");
  Gauge &unbuilt = gauge(*registry, "unbuilt_sources", "Sources with days that reports read from raw usage.");
  Gauge &dead = gauge(*registry, "dead_deltas", "Dead rows of the delta table that vacuum has not removed.");
  Gauge &xmin_age = gauge(*registry, "oldest_xmin_age", "Age, in transactions, of the oldest one that holds vacuum back.");
  Gauge &corrections = gauge(*registry, "open_corrections", "Rows of open_corrections of all resellers with statements.");
  Gauge &corrections_price =
      gauge(*registry, "open_corrections_price_to_twin", "The sum of their differences of price_to_twin, each without its sign.");
  Gauge &stopped = gauge(*registry, "replications_stopped",
                         "Subscriptions and standbys whose replication stands still until somebody looks at it.");
  Gauge &largest_lag = gauge(*registry, "largest_replication_lag_seconds", "The largest of replication_lag_seconds.");
  prometheus::Family<Gauge> &lags =
      replications(*registry, "replication_lag_seconds", "How long what is committed at the publisher is not here yet.");
  prometheus::Family<Gauge> &lag_bytes =
      replications(*registry, "replication_lag_bytes", "What is received of the publisher's log and not applied yet.");
  prometheus::Family<Gauge> &complete_ages = replications(*registry, "replication_complete_through_age_seconds",
                                                          "How long ago that was committed up to which all is known to be here.");
  std::vector<std::pair<prometheus::Family<Gauge> *, Gauge *>> of_replications;  // those that are shown
  std::function<bool()> is_alive;
  std::mutex mutex;  // of what follows, which the endpoint's threads read
  bool is_ready = false;
  std::string state = "not connected";
  std::string address;
  std::unique_ptr<Endpoint> endpoint;

  Answer metrics() const { return {200, "text/plain; version=0.0.4", prometheus::TextSerializer().Serialize(registry->Collect())}; }

  Answer health() const {
    if (is_alive()) return {200, "text/plain", "alive\n"};
    return {503, "text/plain", "the work has not gone on for longer than a unit of it may take\n"};
  }

  Answer readiness() {
    std::lock_guard const lock(mutex);
    return {is_ready ? 200 : 503, "text/plain", state + "\n"};
  }
};

Metrics::Metrics(std::function<bool()> is_alive) : registered_(std::make_unique<Registered>()) {
  registered_->is_alive = std::move(is_alive);
  prometheus::BuildGauge()
      .Name(named("info"))
      .Help("The version.")
      .Register(*registered_->registry)
      .Add({{"version", RESELLER_REPORT_VERSION}})
      .Set(1);
  for (const char *const duty : kDuties) registered_->failures.Add({{"task", duty}});
  forget_state();
}

Metrics::~Metrics() = default;

void Metrics::listen(const std::string &address) {
  if (address == registered_->address) return;
  Registered *const registered = registered_.get();
  std::unique_ptr<Endpoint> endpoint;
  if (!address.empty())
    endpoint = std::make_unique<Endpoint>(address, Pages{{"/metrics", [=] { return registered->metrics(); }},
                                                         {"/healthz", [=] { return registered->health(); }},
                                                         {"/readyz", [=] { return registered->readiness(); }}});
  registered_->endpoint = std::move(endpoint);
  registered_->address = address;
}

void Metrics::count_round(double seconds) {
  registered_->rounds.Increment();
  registered_->round_seconds.Observe(seconds);
}

void Metrics::count_failure(const std::string &duty) { registered_->failures.Add({{"task", duty}}).Increment(); }

void Metrics::count_fold(double deltas, double summary_rows) {
  registered_->deltas.Increment(deltas);
  registered_->rows.Increment(summary_rows);
}

void Metrics::count_slice() { registered_->slices.Increment(); }

void Metrics::count_verification(double differences) {
  registered_->verifications.Increment();
  registered_->mismatches.Increment(differences);
}

void Metrics::set_connected(bool connected) { registered_->connected.Set(connected ? 1 : 0); }

void Metrics::set_ready(bool ready, const std::string &state) {
  std::lock_guard const lock(registered_->mutex);
  registered_->is_ready = ready;
  registered_->state = state;
}

void Metrics::set_leading(bool leading) { registered_->leader.Set(leading ? 1 : 0); }

void Metrics::set_state(const State &state) {
  registered_->pending.Set(state.pending_deltas);
  registered_->pending_age.Set(state.oldest_pending_age);
  registered_->unmerged.Set(state.unmerged_entries);
  registered_->unmerged_age.Set(state.oldest_unmerged_age);
  registered_->unbuilt.Set(state.unbuilt_sources);
  registered_->dead.Set(state.dead_deltas);
  registered_->xmin_age.Set(state.oldest_xmin_age);
}

void Metrics::set_open_corrections(const Corrections &corrections) {
  registered_->corrections.Set(corrections.rows);
  registered_->corrections_price.Set(corrections.price_to_twin);
}

void Metrics::set_replications(const std::vector<Replication> &replications) {
  auto const before = std::exchange(registered_->of_replications, {});
  auto const &now = registered_->of_replications;
  double stopped = 0;
  double largest = 0;
  for (const Replication &replication : replications) {
    auto const show = [&](prometheus::Family<Gauge> &family, const std::optional<std::string> &value) {
      Gauge &shown = family.Add({{"kind", replication.kind}, {"name", replication.name}});
      shown.Set(number(value));
      registered_->of_replications.emplace_back(&family, &shown);
    };
    show(registered_->lags, replication.lag);
    show(registered_->lag_bytes, replication.lag_bytes);
    show(registered_->complete_ages, replication.complete_through_age);
    stopped += replication.is_stopped() ? 1 : 0;
    largest = std::max(largest, replication.lag ? number(replication.lag) : 0);
  }
  for (const auto &shown : before)
    if (std::find(now.begin(), now.end(), shown) == now.end()) shown.first->Remove(shown.second);
  registered_->stopped.Set(stopped);
  registered_->largest_lag.Set(largest);
}

void Metrics::forget_state() {
  set_replications({});
  registered_->stopped.Set(NAN);
  registered_->largest_lag.Set(NAN);
  State unknown;
  for (double *const value :
       {&unknown.pending_deltas, &unknown.oldest_pending_age, &unknown.unmerged_entries, &unknown.oldest_unmerged_age,
        &unknown.unbuilt_sources, &unknown.dead_deltas, &unknown.oldest_xmin_age})
    *value = NAN;
  set_state(unknown);
  set_open_corrections({NAN, NAN});
}

}  // namespace materializer
