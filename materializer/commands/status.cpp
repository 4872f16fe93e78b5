#include <cmath>
#include <cstdio>

#include "commands/commands.hpp"
#include "process/text.hpp"
#include "schedule/duration.hpp"

namespace materializer {
namespace {

struct Status {
  ServerState server;
  std::optional<Leader> leader;
  State state;
  std::vector<Source> sources;
  std::vector<Replication> replications;
};

bool is_standby(const Status &status) { return status.server.kind == ServerState::Kind::kStandby; }

std::string whole(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

std::string say_leader(const Status &status) {
  if (!status.leader) return is_standby(status) ? "none: this is a standby" : "none";
  const Leader &leader = *status.leader;
  return leader.name + ", server process " + leader.pid + (leader.since.empty() ? "" : ", since " + leader.since);
}

void print_status_table(const Status &status) {
  const State &state = status.state;
  std::vector<std::vector<std::string>> table{
      {"materializer", RESELLER_REPORT_VERSION},
      {"extension", status.server.extension_version},
      {"leader", say_leader(status)},
      {"pending", whole(state.pending_deltas) + " deltas" +
                      (state.pending_deltas > 0 ? ", the oldest for " + say_duration(std::llround(state.oldest_pending_age)) : "")},
      {"not merged",
       whole(state.unmerged_entries) + " changes" +
           (state.unmerged_entries > 0 ? ", the oldest for " + say_duration(std::llround(state.oldest_unmerged_age)) : "")},
      {"last fold", state.last_fold_at
                        ? *state.last_fold_at + " (" + say_duration(std::stoll(*state.last_fold_age)) + " ago), " +
                              state.last_fold_deltas.value_or("0") + " deltas in " + state.last_fold_seconds.value_or("0") + " s"
                        : "never"},
      {"dead deltas", whole(state.dead_deltas)},
      {"oldest xmin age", whole(state.oldest_xmin_age)}};
  if (state.is_restoring)
    table.push_back({"restore", "under way: nothing is captured or folded until reseller_report.post_restore()"});
  print_table(table);
  std::puts("");
  table = {{"source", "service", "connected", "built", "usage kept from"}};
  for (const Source &source : status.sources)
    table.push_back({source.table.name, source.service, source.attached_at.substr(0, std::string("2026-01-01").size()),
                     source.is_built ? "yes" : "no: " + source.unbuilt_reasons,
                     source.horizon == "-infinity" ? "the beginning" : source.horizon});
  print_table(table);
  if (status.replications.empty()) return;
  std::puts("");
  table = {{"replication", "complete through", "applied", "not applied", "lag", "state"}};
  for (const Replication &replication : status.replications)
    table.push_back({replication.kind == replication.name ? replication.kind : replication.kind + " " + replication.name,
                     replication.complete_through.value_or("unknown"), replication.applied_lsn.value_or("unknown"),
                     replication.lag_bytes.value_or("unknown") + " bytes",
                     replication.lag ? say_duration(std::llround(std::stod(*replication.lag))) : "unknown", replication.state});
  print_table(table);
}

std::string json_text(const std::optional<std::string> &text) { return text ? json_quote(*text) : "null"; }

void print_status_json(const Status &status) {
  const State &state = status.state;
  std::string json = "{\"materializer\":" + json_quote(RESELLER_REPORT_VERSION) +
                     ",\"extension\":" + json_quote(status.server.extension_version) +
                     ",\"standby\":" + (is_standby(status) ? "true" : "false") +
                     ",\"restoring\":" + (state.is_restoring ? "true" : "false") + ",\"leader\":";
  if (status.leader) {
    std::optional<std::string> const since = status.leader->since.empty() ? std::nullopt : std::optional(status.leader->since);
    json +=
        "{\"name\":" + json_quote(status.leader->name) + ",\"pid\":" + status.leader->pid + ",\"since\":" + json_text(since) + "}";
  } else {
    json += "null";
  }
  json +=
      ",\"pending_deltas\":" + whole(state.pending_deltas) +
      ",\"oldest_pending_seconds\":" + (state.pending_deltas > 0 ? whole(state.oldest_pending_age) : "null") +
      ",\"unmerged_entries\":" + whole(state.unmerged_entries) +
      ",\"oldest_unmerged_seconds\":" + (state.unmerged_entries > 0 ? whole(state.oldest_unmerged_age) : "null") +
      ",\"last_materialized_at\":" + json_text(state.last_fold_at) + ",\"last_deltas\":" + state.last_fold_deltas.value_or("null") +
      ",\"last_duration_seconds\":" + state.last_fold_seconds.value_or("null") + ",\"dead_deltas\":" + whole(state.dead_deltas) +
      ",\"oldest_xmin_age\":" + whole(state.oldest_xmin_age) + ",\"sources\":[";
  for (const Source &source : status.sources)
    json += std::string(&source == &status.sources.front() ? "" : ",") + "{\"source\":" + json_quote(source.table.name) +
            ",\"service\":" + json_quote(source.service) + ",\"attached_at\":" + json_quote(source.attached_at) +
            ",\"built\":" + (source.is_built ? "true" : "false") +
            ",\"unbuilt_reasons\":" + (source.is_built ? "null" : json_quote(source.unbuilt_reasons)) +
            ",\"horizon\":" + json_quote(source.horizon) + "}";
  json += "],\"replications\":[";
  for (const Replication &replication : status.replications)
    json += std::string(&replication == &status.replications.front() ? "" : ",") + "{\"kind\":" + json_quote(replication.kind) +
            ",\"name\":" + json_quote(replication.name) + ",\"complete_through\":" + json_text(replication.complete_through) +
            ",\"received_lsn\":" + json_text(replication.received_lsn) + ",\"applied_lsn\":" + json_text(replication.applied_lsn) +
            ",\"lag_bytes\":" + replication.lag_bytes.value_or("null") + ",\"lag_seconds\":" + replication.lag.value_or("null") +
            ",\"state\":" + json_quote(replication.state) + "}";
  std::puts((json + "]}").c_str());
}

}  // namespace

ExitStatus run_status(const Config &config, const Connect &connect) {
  std::unique_ptr<Extension> const extension = connect(config);
  ServerState const server = extension->server_state();
  if (server.kind != ServerState::Kind::kStandby && server.kind != ServerState::Kind::kReady)
    throw DatabaseError(server.detail, "", Remedy::kGiveUp);
  Status const status{server, extension->leader(), extension->state(), extension->sources(), extension->freshness()};
  if (config.format == OutputFormat::kJson) {
    print_status_json(status);
  } else {
    print_status_table(status);
  }
  return ExitStatus::kDone;
}

}  // namespace materializer
