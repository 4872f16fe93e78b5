#include "database/server_extension.hpp"

#include <cstdlib>

namespace materializer {
namespace {

constexpr char kLeaderLock[] = "8243122740717774194";  // the bytes of "reseller"

double number(const Param &text) { return text ? std::strtod(text->c_str(), nullptr) : 0; }

int major_of(const std::string &version) { return static_cast<int>(std::strtol(version.c_str(), nullptr, 10)); }

std::string interval(std::int64_t seconds) { return std::to_string(seconds) + " seconds"; }

std::string boolean(bool value) { return value ? "true" : "false"; }

// From a row of the query of state().
State state_of(const Row &row) {
  return {number(row[0]), number(row[1]), number(row[2]), number(row[3]), number(row[4]), number(row[5]),
          number(row[6]), row[7] == "1",  row[8],         row[9],         row[10],        row[11]};
}

// Slices or partitions, from rows with the columns source, its oid, from, to.
template <typename T>
std::vector<T> periods_of(const Rows &rows) {
  std::vector<T> periods;
  for (const Row &row : rows)
    periods.push_back({{row[0].value_or(""), row[1].value_or("")}, row[2].value_or(""), row[3].value_or("")});
  return periods;
}

}  // namespace

ServerState ServerExtension::server_state() {
  using Kind = ServerState::Kind;
  Row const row = session_
                      .query(
                          "SELECT pg_is_in_recovery()::int, (SELECT extversion FROM pg_extension WHERE extname = "
                          "'reseller_report'), current_database()")
                      .front();
  std::string const version = row[1].value_or("");
  if (row[0] == "1")
    return {Kind::kStandby, "the server is a standby", version, row[1] && major_of(version) == major_of(RESELLER_REPORT_VERSION)};
  if (!row[1])
    return {Kind::kNoExtension,
            "database " + *row[2] + " has no extension reseller_report; run: CREATE EXTENSION reseller_report CASCADE", "", false};
  std::string const differs = "the extension is version " + version + ", this program " RESELLER_REPORT_VERSION;
  int const theirs = major_of(version);
  int const ours = major_of(RESELLER_REPORT_VERSION);
  if (theirs < ours)
    return {Kind::kWrongVersion, differs + "; run: ALTER EXTENSION reseller_report UPDATE TO '" RESELLER_REPORT_VERSION "'",
            version, false};
  if (theirs > ours) return {Kind::kWrongVersion, differs + "; install reseller-materializer " + version, version, false};
  return {Kind::kReady, "", version, true};
}

bool ServerExtension::try_to_lead() {
  return session_.query("SELECT pg_try_advisory_lock($1::bigint)::int", {kLeaderLock}).front()[0] == "1";
}

std::optional<Leader> ServerExtension::leader() {
  Rows const rows = session_.query(
      "SELECT coalesce(a.application_name, ''), l.pid, a.backend_start"
      " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
      " WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted"
      " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " AND (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint",
      {kLeaderLock});
  if (rows.empty()) return std::nullopt;
  return Leader{*rows[0][0], *rows[0][1], rows[0][2].value_or("")};
}

State ServerExtension::state() {
  return state_of(
      session_
          .unit(
              "SELECT s.pending_deltas, coalesce(extract(epoch FROM clock_timestamp() - s.oldest_pending_at), 0)::double precision,"
              " s.unmerged_entries, coalesce(extract(epoch FROM clock_timestamp() - s.oldest_unmerged_at), 0)::double precision,"
              " cardinality(s.unbuilt_sources), h.dead_deltas, h.oldest_xmin_age, h.restoring::int, s.last_materialized_at,"
              " extract(epoch FROM clock_timestamp() - s.last_materialized_at)::bigint, s.last_deltas,"
              " extract(epoch FROM s.last_duration)::numeric(12, 3)"
              " FROM reseller_report.materializer_state s CROSS JOIN reseller_report.health() h")
          .front());
}

std::vector<Replication> ServerExtension::freshness() {
  std::vector<Replication> replications;
  for (const Row &row : session_.query("SELECT kind, name, complete_through,"
                                       " extract(epoch FROM clock_timestamp() - complete_through)::numeric(20, 3), received_lsn,"
                                       " applied_lsn, lag_bytes, extract(epoch FROM lag)::numeric(20, 3), state"
                                       " FROM reseller_report.freshness"))
    replications.push_back({*row[0], *row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8].value_or("")});
  return replications;
}

std::vector<Source> ServerExtension::sources() {
  std::vector<Source> sources;
  for (const Row &row : session_.query("SELECT source, source::oid, service, attached_at, is_built::int, unbuilt_reasons, horizon"
                                       " FROM reseller_report.sources() ORDER BY source::text, service"))
    sources.push_back(
        {{*row[0], *row[1]}, row[2].value_or(""), row[3].value_or(""), row[4] == "1", row[5].value_or(""), row[6].value_or("")});
  return sources;
}

std::int64_t ServerExtension::fold(std::int64_t max_deltas) {
  return std::stoll(*session_.unit("SELECT reseller_report.fold($1::int)", {std::to_string(max_deltas)}).front()[0]);
}

Materialized ServerExtension::materialize(std::int64_t max_deltas, bool only_what_pays) {
  Rows const rows = session_.unit(
      "SELECT deltas, summary_rows FROM reseller_report.materialize(max_deltas => $1::int, only_what_pays => $2::boolean)",
      {std::to_string(max_deltas), boolean(only_what_pays)});
  return {std::stoll(*rows[0][0]), std::stoll(*rows[0][1])};
}

std::vector<Partition> ServerExtension::create_partitions(const Table &table, std::int64_t ahead) {
  return periods_of<Partition>(session_.unit_that_locks_out(
      "SELECT source, source::oid, period_from, period_to FROM reseller_report.create_partitions($1::interval, $2::oid)",
      {interval(ahead), table.oid}));
}

std::vector<Partition> ServerExtension::prune(const Table &table, std::int64_t older_than) {
  return periods_of<Partition>(session_.unit_that_locks_out(
      "SELECT source, source::oid, period_from, period_to FROM reseller_report.prune($1::oid, now() - $2::interval)",
      {table.oid, interval(older_than)}));
}

std::vector<Partition> ServerExtension::prunable(const Table &table, std::int64_t older_than) {
  return periods_of<Partition>(session_.unit(
      "SELECT source, source::oid, period_from, period_to FROM reseller_report.prunable($1::oid, now() - $2::interval)",
      {table.oid, interval(older_than)}));
}

std::vector<Slice> ServerExtension::rebuild_slices(const Table &table, const Period &period, bool only_unbuilt) {
  return periods_of<Slice>(
      session_.unit("SELECT $1::oid::regclass, $1, slice_from, slice_to"
                    " FROM reseller_report.rebuild_slices($1::oid, $2::timestamptz, $3::timestamptz, $4::boolean)",
                    {table.oid, say_moment(period.from), say_moment(period.to), boolean(only_unbuilt)}));
}

void ServerExtension::rebuild_slice(const Slice &slice) {
  session_.unit("SELECT count(*) FROM reseller_report.rebuild_slice($1::oid, $2::timestamptz, $3::timestamptz)",
                {slice.table.oid, slice.from, slice.to});
}

Rows ServerExtension::verify(const Slice &slice, const std::optional<std::string> &service) {
  return session_.unit(
      "SELECT source, reseller_id, company_id, service, item, bucket, figure, raw, summary"
      " FROM reseller_report.verify($1::timestamptz, $2::timestamptz, $3::text, $4::oid)",
      {slice.from, slice.to, service, slice.table.oid});
}

std::vector<Bill> ServerExtension::bills(const std::string &month, const std::string &reseller) {
  std::string const named = "(SELECT $2::bigint AS reseller_id)";
  std::string const all = "(SELECT reseller_id FROM reseller_report.resellers WHERE $2::bigint IS NULL)";
  Rows const rows = session_.unit(
      "SELECT r.reseller_id, p.period_from, p.period_to, (SELECT s.number FROM reseller_report.statements s"
      " WHERE s.reseller_id = r.reseller_id AND s.withdrawn_at IS NULL"
      " AND (s.period_from, s.period_to) = (p.period_from, p.period_to))"
      " FROM " +
          (reseller.empty() ? all : named) +
          " r CROSS JOIN LATERAL reseller_report.named_period(r.reseller_id, 'last_month',"
          " ($1::date + interval '1 month 14 days') AT TIME ZONE 'UTC') p ORDER BY 1",
      {month + "-01", reseller.empty() ? Param() : Param(reseller)});
  std::vector<Bill> bills;
  for (const Row &row : rows) bills.push_back({*row[0], *row[1], *row[2], row[3].value_or("")});
  return bills;
}

std::optional<std::string> ServerExtension::issue_statement(const Bill &bill, bool only_with_usage) {
  Rows const issued = session_.unit(
      "SELECT reseller_report.issue_statement($1::bigint, $2::timestamptz, $3::timestamptz) WHERE NOT $4::boolean"
      " OR EXISTS (SELECT FROM reseller_report.usage($1::bigint, $2::timestamptz, $3::timestamptz))",
      {bill.reseller, bill.from, bill.to, boolean(only_with_usage)});
  if (issued.empty()) return std::nullopt;
  return session_.query("SELECT number FROM reseller_report.statements WHERE id = $1::bigint", {issued[0][0]}).front()[0];
}

Corrections ServerExtension::open_corrections() {
  Row const row = session_
                      .unit(
                          "SELECT count(*), coalesce(sum(abs(o.price_to_twin_difference)), 0)"
                          " FROM (SELECT DISTINCT s.reseller_id FROM reseller_report.statements s"
                          " JOIN reseller_report.resellers r ON r.reseller_id = s.reseller_id) r"
                          " CROSS JOIN LATERAL reseller_report.open_corrections(r.reseller_id) o")
                      .front();
  return {number(row[0]), number(row[1])};
}

}  // namespace materializer
