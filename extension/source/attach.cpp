// Connecting and disconnecting tables. Checks who may do it, then has the work done with the rights of the extension's owner.

#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/registry.hpp"

namespace reseller_report {
namespace {

void require_owner(Oid table) {
  bool allowed = false;
  const char *name = nullptr;
  Oid const role = GetUserId();
  Oid const owner = owner_of(table);
  pg([&] {
    allowed = has_privs_of_role(role, owner);
    name = get_rel_name(table);
  });
  if (!allowed) throw Error(sqlstate::kNotPermitted, "must be owner of table " + std::string(name));
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_attach_source) {
  require_not_null(fcinfo, {0}, "service");
  require_not_null(fcinfo, {1}, "source");
  require_not_null(fcinfo, {2}, "columns");
  require_owner(PG_GETARG_OID(1));
  SqlParameters parameters;
  parameters.add(TEXTOID, PG_GETARG_DATUM(0)).add(REGCLASSOID, PG_GETARG_DATUM(1)).add(JSONBOID, PG_GETARG_DATUM(2));
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  execute("SELECT reseller_report._attach_source($1, $2, $3)", parameters);
  PG_RETURN_VOID();
}

RESELLER_REPORT_FUNCTION(reseller_report_detach_source) {
  require_not_null(fcinfo, {0}, "source");
  require_owner(PG_GETARG_OID(0));
  Oid const table = PG_GETARG_OID(0);
  // Dropping a trigger takes this lock.
  take_lease_and(Patience::Kind::kWhileNobodyWaits, [&](Patience &patience) {
    return is_connected(table) ? lock_tree(table, AccessExclusiveLock, AccessExclusiveLock, patience) : Lacking{};
  });
  SqlParameters parameters;
  parameters.add(REGCLASSOID, PG_GETARG_DATUM(0)).add(TEXTOID, PG_GETARG_DATUM(1));
  if (PG_ARGISNULL(1)) parameters.nulls[1] = 'n';
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  execute("SELECT reseller_report._detach_source($1, $2)", parameters);
  PG_RETURN_VOID();
}

RESELLER_REPORT_FUNCTION(reseller_report_is_empty) {
  Oid const table = PG_GETARG_OID(0);
  std::string const sql = "SELECT 1 FROM " + qualified_name(table) + " LIMIT 1";
  bool empty = true;
  auto const look = [&] { query(sql.c_str(), {}, [&](const Datum *, const bool *) { empty = false; }); };
  // Read as the owner, because even planning a query runs functions that the owner has put into indexes and policies.
  reading_as_owner(table, [&](const ActingAs &) {
    Snapshot latest = nullptr;
    pg([&] { latest = GetLatestSnapshot(); });
    ActiveSnapshot const snapshot(latest);
    look();
    // The second look is for rows that this transaction deleted before the table was captured. A dependency change reads without
    // this transaction's own changes. So it would still find such rows, and move usage that nobody has counted.
    OthersSnapshot const others;
    look();
  });
  PG_RETURN_BOOL(empty);
}

// The first and the last finite moment of a usage table, as an array. Both are NULL where it has none. The result is NULL where no
// column is given, because the source has left the registry since the caller's snapshot.
RESELLER_REPORT_FUNCTION(reseller_report_moment_bounds) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) PG_RETURN_NULL();
  Oid const table = PG_GETARG_OID(0);
  const char *moment = nullptr;
  pg([&] { moment = quote_identifier(NameStr(*PG_GETARG_NAME(1))); });
  std::string const column = moment;
  bool const has_zone = PG_ARGISNULL(2);
  std::string const in_utc = has_zone ? "" : " - $1) AT TIME ZONE 'UTC'";
  std::string const opening = has_zone ? "" : "(";
  std::string const sql = "SELECT ARRAY[" + opening + "min(" + column + ")" + in_utc + ", " + opening + "max(" + column + ")" +
                          in_utc + "] FROM " + qualified_name(table) + " WHERE " + column + " > '-infinity' AND " + column +
                          " < 'infinity'";
  SqlParameters parameters;
  if (!has_zone) parameters.add(INTERVALOID, PG_GETARG_DATUM(2));
  Datum bounds = 0;
  reading_as_owner(table, [&](const ActingAs &) {
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    bounds = query_array(sql.c_str(), parameters);
  });
  return bounds;
}

}  // namespace reseller_report
