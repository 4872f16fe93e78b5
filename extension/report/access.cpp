#include "report/access.hpp"

#include <algorithm>
#include <optional>

#include "server/own_table.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.access; must match sql/access.sql.
enum AccessColumn : int { kRole = 1, kReseller };
constexpr Oid kTypes[] = {REGROLEOID, INT8OID};

bool is_superuser(Oid role) {
  bool is = false;
  pg([&] { is = superuser_arg(role); });
  return is;
}

/// The grants as the latest commit has them, like any privilege: a revoked grant ends at once, also for a REPEATABLE READ
/// transaction.
class GrantScan {
 public:
  explicit GrantScan(Oid role) : role_(role), table_("access", AccessShareLock, kTypes), scan_(table_, nullptr) {}

  /// The next grant to the role; false when there is none. NULL stands for every reseller.
  bool next(std::optional<std::int64_t> &reseller) {
    bool found = false;
    pg([&] {
      HeapTuple tuple;
      while (!found && HeapTupleIsValid(tuple = scan_.next())) {
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
  OwnTable table_;
  OwnScan scan_;
};

bool has_grant(Oid role, std::int64_t reseller) {
  GrantScan grants(role);
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
  GrantScan grants(role);
  std::optional<std::int64_t> granted;
  while (!readable.is_all && grants.next(granted)) {
    readable.is_all = !granted;
    if (granted) readable.resellers.push_back(*granted);
  }
  std::sort(readable.resellers.begin(), readable.resellers.end());
  return readable;
}

void require_access(std::int64_t reseller) {
  Oid const role = GetUserId();
  if (is_superuser(role) || has_grant(role, reseller)) return;
  throw Error(sqlstate::kNotPermitted, "permission denied for reseller " + std::to_string(reseller),
              "Ask for reseller_report.grant_access(role, " + std::to_string(reseller) + ").");
}

}  // namespace reseller_report
