#include "database/leader.hpp"

namespace materializer {
namespace {

constexpr char kLock[] = "8243122740717774194";  // the bytes of "reseller"

}  // namespace

bool try_to_lead(Session &session) {
  return session.query("SELECT pg_try_advisory_lock($1::bigint)::int", {kLock}).front()[0] == "1";
}

std::optional<Leader> current_leader(Session &session) {
  Rows const rows = session.query(
      "SELECT coalesce(a.application_name, ''), l.pid, a.backend_start"
      " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
      " WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted"
      " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " AND (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint",
      {kLock});
  if (rows.empty()) return std::nullopt;
  return Leader{*rows[0][0], *rows[0][1], rows[0][2].value_or("")};
}

}  // namespace materializer
