#include "service/housekeeping.hpp"

#include <algorithm>
#include <cstdio>

#include "process/text.hpp"

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

// Does something with each table; one with which it fails is named and stops no other. Tells whether all went well.
template <typename Work>
bool for_each_source(const std::vector<Source> &all, Interrupt &interrupt, Log &log, const char *failed, Work &&work) {
  bool well = true;
  for (const Source &source : all) {
    if (interrupt.stop_requested()) return false;
    try {
      work(source);
    } catch (const DatabaseError &error) {
      if (error.remedy() == Remedy::kReconnect || interrupt.stop_requested()) throw;
      log.error(failed, {{"source", source.name}, {"reason", error.what()}, {"sqlstate", error.sqlstate()}});
      well = false;
    }
  }
  return well;
}

}  // namespace

const std::vector<std::string> kDifferenceColumns = {"source", "reseller_id", "company_id", "service", "item",
                                                     "bucket", "figure",      "raw",        "summary"};

std::vector<Source> sources(Session &session) {
  std::vector<Source> all;
  for (const Row &row :
       session.query("SELECT source, source::oid FROM reseller_report.sources() GROUP BY source ORDER BY source::text"))
    all.push_back({*row[0], *row[1]});
  return all;
}

const Source &find(const std::vector<Source> &all, const TableName &name, const char *option) {
  auto const found =
      std::find_if(all.begin(), all.end(), [&](const Source &source) { return parse_table_name(source.name) == name; });
  if (found == all.end())
    throw DatabaseError(std::string("--") + option + ": " + say_table_name(name) +
                            " is not connected; `status` lists what is, as it is to be written",
                        "42704", Remedy::kGiveUp);
  return *found;
}

std::vector<Source> chosen_sources(Session &session, const Config &config) {
  std::vector<Source> all = sources(session);
  if (config.sources.empty()) return all;
  std::vector<Source> chosen;
  for (const TableName &name : config.sources) chosen.push_back(find(all, name, "source"));
  return chosen;
}

std::optional<std::int64_t> kept_for(const Retention &retention, const Source &source) {
  std::optional<TableName> const name = parse_table_name(source.name);
  auto const named = name ? retention.named.find(*name) : retention.named.end();
  return named != retention.named.end() ? std::optional(named->second) : retention.others;
}

std::vector<Slice> make_partitions(Session &session, const Source &source, std::int64_t ahead) {
  return slices_of(session.unit_that_locks_out(
      "SELECT source, source::oid, period_from, period_to FROM reseller_report.create_partitions($1::interval, $2::oid)",
      {interval(ahead), source.oid}));
}

std::vector<Slice> prune(Session &session, const Source &source, std::int64_t seconds, bool dry_run) {
  std::vector<Param> const params = {source.oid, interval(seconds)};
  std::string const columns = "SELECT source, source::oid, period_from, period_to FROM reseller_report.";
  if (dry_run) return slices_of(session.unit(columns + "prunable($1::oid, now() - $2::interval)", params));
  return slices_of(session.unit_that_locks_out(columns + "prune($1::oid, now() - $2::interval)", params));
}

std::vector<Slice> rebuild_slices(Session &session, const Source &source, const Period &period, bool only_unbuilt) {
  return slices_of(
      session.unit("SELECT $1::oid::regclass, $1, slice_from, slice_to"
                   " FROM reseller_report.rebuild_slices($1::oid, $2::timestamptz, $3::timestamptz, $4::boolean)",
                   {source.oid, say_moment(period.from), say_moment(period.to), only_unbuilt ? "true" : "false"}));
}

void rebuild(Session &session, const Slice &slice) {
  session.unit("SELECT count(*) FROM reseller_report.rebuild_slice($1::oid, $2::timestamptz, $3::timestamptz)",
               {slice.source.oid, slice.from, slice.to});
}

// Classes 22 and 23: a value that is refused, a sum that is too large.
bool is_about_rows(const DatabaseError &error) {
  std::string const error_class = error.sqlstate().substr(0, 2);
  return error_class == "22" || error_class == "23";
}

std::optional<Source> random_built_source(Session &session) {
  Rows const rows = session.unit(
      "SELECT source, source::oid FROM reseller_report.sources() GROUP BY source HAVING bool_and(is_built) ORDER BY random() LIMIT "
      "1");
  return rows.empty() ? std::nullopt : std::optional(Source{*rows[0][0], *rows[0][1]});
}

namespace {

Rows verify(Session &session, const Source &source, const std::string &from, const std::string &to, const Param &service) {
  return session.unit(
      "SELECT source, reseller_id, company_id, service, item, bucket, figure, raw, summary"
      " FROM reseller_report.verify($1::timestamptz, $2::timestamptz, $3::text, $4::oid)",
      {from, to, service, source.oid});
}

}  // namespace

std::optional<Verification> verify_random_slice(Session &session, const Source &source) {
  Rows const slices = session.unit(
      "SELECT $1::oid::regclass, $1, slice_from, slice_to FROM reseller_report.rebuild_slices($1::oid)"
      " WHERE isfinite(slice_from) AND isfinite(slice_to) ORDER BY random() LIMIT 1",
      {source.oid});
  if (slices.empty()) return std::nullopt;
  Slice const slice = slices_of(slices).front();
  return Verification{slice, verify(session, source, slice.from, slice.to, std::nullopt)};
}

int run_verify(const Config &config, Interrupt &interrupt, Log &log) {
  Session session(config, interrupt, log);
  expect_ready(session);
  log.info("period", {{"from", say_moment(config.from)}, {"to", say_moment(config.to)}});
  Param const service = config.service.empty() ? std::nullopt : Param(config.service);
  Rows differences;
  bool const well = for_each_source(sources(session), interrupt, log, "not verified", [&](const Source &source) {
    Rows const found = verify(session, source, say_moment(config.from), say_moment(config.to), service);
    differences.insert(differences.end(), found.begin(), found.end());
  });
  if (!differences.empty()) print(kDifferenceColumns, differences);
  if (differences.empty() && !well) return 1;
  log.info(differences.empty() ? "raw usage and summaries agree" : "raw usage and summaries differ",
           {{"differences", differences.size()}});
  return differences.empty() ? 0 : 3;
}

int run_prune(const Config &config, Interrupt &interrupt, Log &log) {
  Session session(config, interrupt, log);
  expect_ready(session);
  std::size_t count = 0;
  bool const well = for_each_source(chosen_sources(session, config), interrupt, log, "not pruned", [&](const Source &source) {
    for (const Slice &slice : prune(session, source, config.older_than, config.dry_run)) {
      std::printf("%s %s: %s to %s\n", config.dry_run ? "would drop" : "dropped", slice.source.name.c_str(), slice.from.c_str(),
                  slice.to.c_str());
      count++;
    }
  });
  log.info(config.dry_run ? "nothing was dropped: dry run" : "pruned", {{"partitions", count}});
  return well ? 0 : 1;
}

}  // namespace materializer
