#include "summary/memberships.hpp"

#include <algorithm>
#include <memory>

#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.dependency; must match sql/company.sql.
enum DependencyColumn : int { kReseller, kCompany, kDuring };
// Columns of dependency_reseller_idx.
enum IndexColumn : int { kIndexReseller = 1, kIndexCompany };
constexpr Oid kTypes[] = {INT8OID, INT8OID, TSTZRANGEOID};

void sort_and_unite(std::vector<std::int64_t> &companies) {
  std::sort(companies.begin(), companies.end());
  companies.erase(std::unique(companies.begin(), companies.end()), companies.end());
}

}  // namespace

Range range_of(Datum stored) {
  // A dependency that was never moved has no bounds. In a report of many companies the server's way to say so takes its time.
  auto const *const bytes = reinterpret_cast<const struct varlena *>(DatumGetPointer(stored));
  if (VARATT_IS_SHORT(bytes) && VARSIZE_ANY_EXHDR(bytes) == sizeof(Oid) + 1 &&
      VARDATA_ANY(bytes)[sizeof(Oid)] == (RANGE_LB_INF | RANGE_UB_INF))
    return kAllTime;
  RangeBound lower = {};
  RangeBound upper = {};
  pg([&] {
    RangeType *const range = DatumGetRangeTypeP(stored);
    bool empty = false;
    range_deserialize(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO), range, &lower, &upper, &empty);
    // Of a million dependencies the copies would be held until the report ends.
    if (PointerGetDatum(range) != stored) pfree(range);
  });
  return {lower.infinite ? kMinusInfinity : DatumGetTimestampTz(lower.val),
          upper.infinite ? kInfinity : DatumGetTimestampTz(upper.val)};
}

Membership membership_of(const Datum *values) {
  return {DatumGetInt64(values[kCompany]), DatumGetInt64(values[kReseller]), range_of(values[kDuring])};
}

std::vector<Membership> memberships_of(std::vector<std::int64_t> companies) {
  std::vector<Membership> memberships;
  if (companies.empty()) return memberships;
  sort_and_unite(companies);
  SqlParameters parameters;
  parameters.add_bigints(companies.data(), static_cast<int>(companies.size()));
  ActingAs const owner(extension_owner());
  query("SELECT reseller_id, company_id, during FROM reseller_report.dependency WHERE company_id = ANY ($1) ORDER BY company_id",
        parameters, [&](const Datum *values, const bool *) { memberships.push_back(membership_of(values)); });
  return memberships;
}

std::vector<Membership> memberships_on(std::int64_t reseller, std::optional<std::int64_t> company) {
  OwnTable const table("dependency", AccessShareLock, kTypes);
  std::vector<Membership> found;
  bool is_all = true;
  {
    OwnIndexScan scan(table, "dependency_reseller_idx", company ? 2 : 1, Tracking::kLikeAQuery);
    pg([&] {
      ScanKeyData keys[2];
      ScanKeyInit(&keys[0], kIndexReseller, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(reseller));
      ScanKeyInit(&keys[1], kIndexCompany, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(company.value_or(0)));
      scan.seek(keys);
      scan.read(kDuring + 1, [&](const Datum *values) {
        is_all = company || !table.is_sooner_whole(found.size());
        if (is_all) found.push_back(membership_of(values));
        return is_all;
      });
    });
  }
  if (is_all) return found;
  found.clear();
  table.read_whole(kDuring + 1, [&](const Datum *values) {
    if (DatumGetInt64(values[kReseller]) == reseller) found.push_back(membership_of(values));
  });
  return found;
}

std::vector<FormerMembership> memberships_taken_away(std::vector<std::int64_t> companies) {
  std::vector<FormerMembership> memberships;
  sort_and_unite(companies);
  OwnTable const table("dependency", AccessShareLock, kTypes);
  Oid const index = own_relation("dependency_company_idx");
  auto const columns = static_cast<size_t>(table.tuple_desc()->natts);  // the owner may have added some
  std::vector<Datum> values(columns);
  auto const nulls = std::make_unique<bool[]>(columns);
  for (std::int64_t const company : companies) {
    SysScanDesc scan = nullptr;
    pg([&] {
      ScanKeyData key;
      ScanKeyInit(&key, kCompany + 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(company));
      scan = systable_beginscan(table.relation(), index, true, SnapshotAny, 1, &key);
    });
    for (;;) {
      HeapTuple tuple = nullptr;
      pg([&] {
        tuple = systable_getnext(scan);
        if (HeapTupleIsValid(tuple)) heap_deform_tuple(tuple, table.tuple_desc(), values.data(), nulls.get());
      });
      if (tuple == nullptr) break;
      if (TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(tuple->t_data)))
        memberships.push_back(
            {membership_of(values.data()), TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data))});
    }
    pg([&] { systable_endscan(scan); });
  }
  return memberships;
}

bool awaits_moves() {
  Oid const relid = own_relation("dependency");
  bool pending = false;
  pg([&] { pending = AfterTriggerPendingOnRel(relid); });
  return pending;
}

void require_dependencies_followed() {
  if (awaits_moves())
    throw Error(sqlstate::kWrongState, "dependencies were changed, and usage has not followed them yet",
                "Do it after the statement that changes reseller_report.dependency, and not in a trigger of it.");
}

}  // namespace reseller_report
