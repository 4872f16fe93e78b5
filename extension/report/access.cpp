#include "report/access.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "server/own_table.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.access; must match sql/access.sql.
enum AccessColumn : int { kRole = 1, kReseller };
constexpr Oid kTypes[] = {REGROLEOID, INT8OID};

constexpr std::int64_t kAllGrants = std::numeric_limits<std::int64_t>::max();

bool is_superuser(Oid role) {
  bool is = false;
  pg([&] { is = superuser_arg(role); });
  return is;
}

/// The grants as the latest commit has them, like any privilege: a revoked grant ends at once, also for a REPEATABLE READ
/// transaction.
class GrantScan {
 public:
  /// Looks at `most` grants, whoever they are to.
  GrantScan(Oid role, std::int64_t most)
      : role_(role), left_(most), table_("access", AccessShareLock, kTypes), scan_(table_, nullptr) {}

  /// The next grant to the role; false when there is none. NULL stands for every reseller.
  bool next(std::optional<std::int64_t> &reseller) {
    bool found = false;
    pg([&] {
      HeapTuple tuple;
      while (!found && left_-- > 0 && HeapTupleIsValid(tuple = scan_.next())) {
        bool is_null = false;
        Oid const grantee = DatumGetObjectId(heap_getattr(tuple, kRole, table_.tuple_desc(), &is_null));
        // A role that was dropped has no members; asking for them would raise.
        if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(grantee)) || !has_privs_of_role(role_, grantee)) continue;
        Datum const of_reseller = heap_getattr(tuple, kReseller, table_.tuple_desc(), &is_null);
        reseller.reset();
        if (!is_null) reseller = DatumGetInt64(of_reseller);
        found = true;
      }
    });
    return found;
  }

 private:
  Oid role_;
  std::int64_t left_;
  OwnTable table_;
  OwnScan scan_;
};

/// Whether a grant names the role itself. The index tells.
bool is_named(Oid role, std::int64_t reseller) {
  OwnTable const table("access", AccessShareLock, kTypes);
  Oid const index = own_relation("access_role_reseller_id_key");
  for (bool const to_all : {false, true}) {
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], kRole, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(role));
    if (to_all)
      ScanKeyEntryInitialize(&keys[1], SK_ISNULL | SK_SEARCHNULL, kReseller, InvalidStrategy, InvalidOid, InvalidOid, InvalidOid,
                             Datum{0});
    else
      ScanKeyInit(&keys[1], kReseller, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(reseller));
    OwnScan scan(table, nullptr, index, 2, keys);
    bool found = false;
    pg([&] { found = HeapTupleIsValid(scan.next()); });
    if (found) return true;
  }
  return false;
}

bool has_grant(Oid role, std::int64_t reseller, std::int64_t most) {
  if (is_named(role, reseller)) return true;
  GrantScan grants(role, most);
  std::optional<std::int64_t> granted;
  while (grants.next(granted))
    if (!granted || *granted == reseller) return true;
  return false;
}

}  // namespace

bool Readable::contains(std::int64_t reseller) const {
  return is_all || std::binary_search(resellers.begin(), resellers.end(), reseller);
}

Readable readable_by(Oid role) {
  Readable readable = {is_superuser(role), {}};
  if (readable.is_all) return readable;
  GrantScan grants(role, kAllGrants);
  std::optional<std::int64_t> granted;
  while (!readable.is_all && grants.next(granted)) {
    readable.is_all = !granted;
    if (granted) readable.resellers.push_back(*granted);
  }
  std::sort(readable.resellers.begin(), readable.resellers.end());
  return readable;
}

bool may_read(std::int64_t reseller, std::int64_t most) {
  Oid const role = GetUserId();
  return is_superuser(role) || has_grant(role, reseller, most);
}

void require_access(std::int64_t reseller) {
  if (may_read(reseller, kAllGrants)) return;
  throw Error(sqlstate::kNotPermitted, "permission denied for reseller " + std::to_string(reseller),
              "Ask for reseller_report.grant_access(role, " + std::to_string(reseller) + ").");
}

}  // namespace reseller_report
