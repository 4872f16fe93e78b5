#include "commands/status.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "database/leader.hpp"
#include "process/text.hpp"
#include "schedule/duration.hpp"

namespace materializer {
namespace {

constexpr char kFigures[] =
    "SELECT s.pending_deltas, coalesce(extract(epoch FROM clock_timestamp() - s.oldest_pending_at), 0)::double precision,"
    " cardinality(s.unbuilt_sources), h.dead_deltas, h.oldest_xmin_age"
    " FROM reseller_report.materializer_state s CROSS JOIN reseller_report.health() h";

double number(const std::optional<std::string> &text) { return text ? std::strtod(text->c_str(), nullptr) : 0; }

Figures figures_of(const Row &row) { return {number(row[0]), number(row[1]), number(row[2]), number(row[3]), number(row[4])}; }

struct Status {
  std::string extension;
  bool is_standby;
  std::optional<Leader> leader;
  Figures figures;
  bool is_restoring;
  Row last;      // moment, seconds ago, deltas, seconds
  Rows sources;  // source, service, attached_at, is_built, unbuilt_reasons, horizon
};

Status read_status(Session &session) {
  Row const place =
      session.query("SELECT extversion, pg_is_in_recovery()::int FROM pg_extension WHERE extname = 'reseller_report'").front();
  return {
      *place[0],
      place[1] == "1",
      current_leader(session),
      figures_of(session.query(kFigures).front()),
      session.query("SELECT restoring::int FROM reseller_report.health()").front()[0] == "1",
      session
          .query("SELECT last_materialized_at, extract(epoch FROM clock_timestamp() - last_materialized_at)::bigint, last_deltas,"
                 " extract(epoch FROM last_duration)::numeric(12, 3) FROM reseller_report.materializer_state")
          .front(),
      session.query("SELECT source, service, attached_at, is_built::int, unbuilt_reasons, horizon FROM reseller_report.sources()"
                    " ORDER BY source::text, service")};
}

std::string whole(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

std::string say_leader(const Status &status) {
  if (!status.leader) return status.is_standby ? "none: this is a standby" : "none";
  const Leader &leader = *status.leader;
  return leader.name + ", server process " + leader.pid + (leader.since.empty() ? "" : ", since " + leader.since);
}

void print_status_table(const Status &status) {
  const Figures &figures = status.figures;
  std::vector<std::vector<std::string>> table{
      {"materializer", RESELLER_REPORT_VERSION},
      {"extension", status.extension},
      {"leader", say_leader(status)},
      {"pending",
       whole(figures.pending_deltas) + " deltas" +
           (figures.pending_deltas > 0 ? ", the oldest for " + say_duration(std::llround(figures.oldest_pending_age)) : "")},
      {"last fold", status.last[0] ? *status.last[0] + " (" + say_duration(std::stoll(*status.last[1])) + " ago), " +
                                         status.last[2].value_or("0") + " deltas in " + status.last[3].value_or("0") + " s"
                                   : "never"},
      {"dead deltas", whole(figures.dead_deltas)},
      {"oldest xmin age", whole(figures.oldest_xmin_age)}};
  if (status.is_restoring)
    table.push_back({"restore", "under way: nothing is captured or folded until reseller_report.post_restore()"});
  print_table(table);
  std::puts("");
  table = {{"source", "service", "connected", "built", "usage kept from"}};
  for (const Row &row : status.sources)
    table.push_back({row[0].value_or(""), row[1].value_or(""), row[2].value_or("").substr(0, 10),
                     row[3] == "1" ? "yes" : "no: " + row[4].value_or(""),
                     row[5] == "-infinity" ? "the beginning" : row[5].value_or("")});
  print_table(table);
}

std::string json_text(const std::optional<std::string> &text) { return text ? json_quote(*text) : "null"; }

void print_status_json(const Status &status) {
  const Figures &figures = status.figures;
  std::string json = "{\"materializer\":" + json_quote(RESELLER_REPORT_VERSION) + ",\"extension\":" + json_quote(status.extension) +
                     ",\"standby\":" + (status.is_standby ? "true" : "false") +
                     ",\"restoring\":" + (status.is_restoring ? "true" : "false") + ",\"leader\":";
  if (status.leader) {
    Param const since = status.leader->since.empty() ? std::nullopt : Param(status.leader->since);
    json +=
        "{\"name\":" + json_quote(status.leader->name) + ",\"pid\":" + status.leader->pid + ",\"since\":" + json_text(since) + "}";
  } else {
    json += "null";
  }
  json += ",\"pending_deltas\":" + whole(figures.pending_deltas) +
          ",\"oldest_pending_seconds\":" + (figures.pending_deltas > 0 ? whole(figures.oldest_pending_age) : "null") +
          ",\"last_materialized_at\":" + json_text(status.last[0]) + ",\"last_deltas\":" + status.last[2].value_or("null") +
          ",\"last_duration_seconds\":" + status.last[3].value_or("null") + ",\"dead_deltas\":" + whole(figures.dead_deltas) +
          ",\"oldest_xmin_age\":" + whole(figures.oldest_xmin_age) + ",\"sources\":[";
  for (const Row &row : status.sources)
    json += std::string(&row == &status.sources.front() ? "" : ",") + "{\"source\":" + json_text(row[0]) +
            ",\"service\":" + json_text(row[1]) + ",\"attached_at\":" + json_text(row[2]) +
            ",\"built\":" + (row[3] == "1" ? "true" : "false") + ",\"unbuilt_reasons\":" + json_text(row[4]) +
            ",\"horizon\":" + json_text(row[5]) + "}";
  std::puts((json + "]}").c_str());
}

}  // namespace

Figures figures(Session &session) { return figures_of(session.unit(kFigures).front()); }

int run_status(const Config &config, Interrupt &interrupt, Log &log) {
  Session session(config, interrupt, log);
  Look const look = look_at(session);
  if (look.place != Place::kStandby && look.place != Place::kReady) throw DatabaseError(look.detail, "", Remedy::kGiveUp);
  Status const status = read_status(session);
  if (config.format == OutputFormat::kJson) {
    print_status_json(status);
  } else {
    print_status_table(status);
  }
  return 0;
}

}  // namespace materializer
