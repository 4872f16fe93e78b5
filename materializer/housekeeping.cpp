#include "housekeeping.hpp"

#include <algorithm>
#include <cstdio>

#include "text.hpp"

namespace materializer {
namespace {

// From the columns source, its oid, from, to.
std::vector<Slice> slices_of(const Rows &rows) {
  std::vector<Slice> slices;
  for (const Row &row : rows)
    slices.push_back({{row[0].value_or(""), row[1].value_or("")}, row[2].value_or(""), row[3].value_or("")});
  return slices;
}

std::string interval(std::int64_t seconds) { return std::to_string(seconds) + " seconds"; }

void print(const std::vector<std::string> &heading, const Rows &rows) {
  std::vector<std::vector<std::string>> table{heading};
  for (const Row &row : rows) {
    table.emplace_back();
    for (const auto &value : row) table.back().push_back(value.value_or("-"));
  }
  print_table(table);
}

}  // namespace

const std::vector<std::string> kDifferenceColumns = {"source", "reseller_id", "company_id", "service", "item",
                                                     "bucket", "figure",      "raw",        "summary"};

std::vector<Slice> make_partitions(Session &session, const Source &source, std::int64_t ahead) {
  return slices_of(session.unit_that_locks_out(
      "SELECT source, source::oid, period_from, period_to FROM reseller_report.create_partitions($1::interval, $2::oid)",
      {interval(ahead), source.oid}));
}

std::vector<Source> sources(Session &session, const std::vector<std::string> &only, const char *option) {
  std::vector<Source> all;
  for (const Row &row : session.query("SELECT source, source::oid FROM reseller_report.sources() ORDER BY source::text"))
    all.push_back({*row[0], *row[1]});
  if (only.empty()) return all;
  std::vector<Source> chosen;
  for (const std::string &name : only) {
    auto const found = std::find_if(all.begin(), all.end(), [&](const Source &source) { return source.name == name; });
    if (found == all.end())
      throw DatabaseError(std::string("--") + option + ": " + name + " is not connected; `status` lists what is", "42704",
                          Remedy::kGiveUp);
    chosen.push_back(*found);
  }
  return chosen;
}

std::vector<Slice> prune(Session &session, const Source &source, std::int64_t seconds, bool dry_run) {
  std::vector<Param> const params = {source.oid, interval(seconds)};
  std::string const columns = "SELECT source, source::oid, period_from, period_to FROM reseller_report.";
  if (dry_run) return slices_of(session.unit(columns + "prunable($1::oid, now() - $2::interval)", params));
  return slices_of(session.unit_that_locks_out(columns + "prune($1::oid, now() - $2::interval)", params));
}

std::vector<Slice> rebuild_slices(Session &session, const Source &source, const std::string &from, const std::string &to,
                                  bool only_unbuilt) {
  return slices_of(
      session.unit("SELECT $1::oid::regclass, $1, slice_from, slice_to"
                   " FROM reseller_report.rebuild_slices($1::oid, $2::timestamptz, $3::timestamptz, $4::boolean)",
                   {source.oid, from, to, only_unbuilt ? "true" : "false"}));
}

std::vector<Slice> unbuilt_slices(Session &session) {
  return slices_of(session.unit(
      "SELECT s.source, s.source::oid, r.slice_from, r.slice_to FROM reseller_report.sources() s"
      " CROSS JOIN LATERAL reseller_report.rebuild_slices(s.source, only_unbuilt => true) r WHERE s.is_built IS NOT TRUE"));
}

void rebuild(Session &session, const Slice &slice) {
  session.unit("SELECT count(*) FROM reseller_report.rebuild_slice($1::oid, $2::timestamptz, $3::timestamptz)",
               {slice.source.oid, slice.from, slice.to});
}

std::optional<Verification> verify_random_slice(Session &session) {
  Rows const source = session.unit(
      "SELECT source::oid, CASE WHEN service IN ('text_messaging', 'chat', 'telephony_outgoing', 'telephony_incoming', 'bot') THEN "
      "service END"
      " FROM reseller_report.sources() WHERE is_built ORDER BY random() LIMIT 1");
  if (source.empty()) return std::nullopt;
  Rows const slices = session.unit(
      "SELECT $1::oid::regclass, $1, slice_from, slice_to FROM reseller_report.rebuild_slices($1::oid)"
      " WHERE isfinite(slice_from) AND isfinite(slice_to) ORDER BY random() LIMIT 1",
      {source[0][0]});
  if (slices.empty()) return std::nullopt;
  Slice const slice = slices_of(slices).front();
  return Verification{slice, verify(session, slice.from, slice.to, source[0][1])};
}

Rows verify(Session &session, const std::string &from, const std::string &to, const Param &service) {
  return session.unit(
      "SELECT source, reseller_id, company_id, service, item, bucket, figure, raw, summary"
      " FROM reseller_report.verify($1::timestamptz, $2::timestamptz, $3::text)",
      {from, to, service});
}

int run_verify(const Config &config, Interrupt &interrupt, Log &log) {
  Session session(config, interrupt, log);
  expect_ready(session);
  auto const [from, to] = checked_period(session, config);
  Rows const differences = verify(session, from, to, config.service.empty() ? std::nullopt : Param(config.service));
  if (!differences.empty()) print(kDifferenceColumns, differences);
  log.info(differences.empty() ? "raw usage and summaries agree" : "raw usage and summaries differ",
           {{"differences", differences.size()}});
  return differences.empty() ? 0 : 3;
}

int run_prune(const Config &config, Interrupt &interrupt, Log &log) {
  Session session(config, interrupt, log);
  expect_ready(session);
  std::size_t count = 0;
  bool well = true;
  for (const Source &source : sources(session, config.sources)) {
    if (interrupt.stop_requested()) return 1;
    try {
      for (const Slice &slice : prune(session, source, config.older_than, config.dry_run)) {
        std::printf("%s %s: %s to %s\n", config.dry_run ? "would drop" : "dropped", slice.source.name.c_str(), slice.from.c_str(),
                    slice.to.c_str());
        count++;
      }
    } catch (const DatabaseError &error) {
      if (error.remedy() == Remedy::kReconnect || interrupt.stop_requested()) throw;
      // One table that cannot be pruned keeps no others.
      log.error("not pruned", {{"source", source.name}, {"reason", error.what()}, {"sqlstate", error.sqlstate()}});
      well = false;
    }
  }
  log.info(config.dry_run ? "nothing was dropped: dry run" : "pruned", {{"partitions", count}});
  return well ? 0 : 1;
}

}  // namespace materializer
