#include "report/access.hpp"

#include "server/own_table.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.access; must match sql/access.sql.
enum AccessColumn : int { kRole = 1, kReseller };
constexpr Oid kTypes[] = {REGROLEOID, INT8OID};

// Read as the latest commit has it, like any privilege: a revoked grant ends at once, also for a REPEATABLE READ transaction.
bool has_grant(Oid role, std::int64_t reseller) {
  OwnTable const table("access", AccessShareLock, kTypes);
  bool granted = false;
  OwnScan scan(table, nullptr);
  pg([&] {
    HeapTuple tuple;
    while (!granted && HeapTupleIsValid(tuple = scan.next())) {
      bool is_null = false;
      Datum const of_reseller = heap_getattr(tuple, kReseller, table.tuple_desc(), &is_null);
      if (!is_null && DatumGetInt64(of_reseller) != reseller) continue;
      Oid const grantee = DatumGetObjectId(heap_getattr(tuple, kRole, table.tuple_desc(), &is_null));
      // A role that was dropped has no members; asking for them would raise.
      granted = SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(grantee)) && has_privs_of_role(role, grantee);
    }
  });
  return granted;
}

}  // namespace

void require_access(std::int64_t reseller) {
  Oid const role = GetUserId();
  bool is_superuser = false;
  pg([&] { is_superuser = superuser_arg(role); });
  if (is_superuser || has_grant(role, reseller)) return;
  throw Error(sqlstate::kNotPermitted, "permission denied for reseller " + std::to_string(reseller),
              "Ask for reseller_report.grant_access(role, " + std::to_string(reseller) + ").");
}

}  // namespace reseller_report
