#include "source/leaf.hpp"

#include <algorithm>
#include <iterator>

#include "server/own_table.hpp"
#include "server/relation.hpp"
#include "source/location.hpp"
#include "source/own_rows.hpp"

extern "C" {
#include <catalog/pg_inherits.h>
}

namespace reseller_report {
namespace {

// Columns of reseller_report.source_leaf; must match sql/source.sql.
enum LeafColumn : int { kSource = 1, kSchemaName, kTableName, kLeafFrom, kLeafTo, kRelid };

// In order. Those of another database, which have no number here, are left out.
std::vector<Oid> registered_leaves(std::int64_t source) {
  std::vector<Oid> leaves;
  OwnTable const table("source_leaf", AccessShareLock);
  Oid const index = own_relation("source_leaf_pkey");
  pg([&] {
    for_each_own_row(table, index, source, [&](HeapTuple tuple) {
      Oid const relid = DatumGetObjectId(own_column(tuple, table.tuple_desc(), kRelid));
      if (OidIsValid(relid)) leaves.push_back(relid);
    });
  });
  std::sort(leaves.begin(), leaves.end());
  return leaves;
}

// A table and all that hold its rows, in order of their numbers; not locked.
std::vector<Oid> tables_of(Oid relid) {
  std::vector<Oid> tables;
  pg([&] {
    List *const found = find_all_inheritors(relid, NoLock, nullptr);
    for (int i = 0; i < list_length(found); i++) tables.push_back(list_nth_oid(found, i));
    list_free(found);
  });
  std::sort(tables.begin(), tables.end());
  return tables;
}

// Whether a partition, or one that it is a part of, waits for the end of a DETACH PARTITION ... CONCURRENTLY.
bool is_being_detached(Oid table) {
  bool pending = false;
  pg([&] {
    Relation const inherits = table_open(InheritsRelationId, AccessShareLock);
    for (Oid at = table; OidIsValid(at) && !pending;) {
      ScanKeyData key;
      ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(at));
      at = InvalidOid;
      SysScanDesc const scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
      HeapTuple const tuple = systable_getnext(scan);
      if (HeapTupleIsValid(tuple)) {
        auto const *const row = reinterpret_cast<const FormData_pg_inherits *>(GETSTRUCT(tuple));
        pending = row->inhdetachpending;
        at = row->inhparent;
      }
      systable_endscan(scan);
    }
    table_close(inherits, AccessShareLock);
  });
  return pending;
}

// A partition that is being detached concurrently may be among the tables or not, and in the registry or not: its days are
// un-built.
bool agree(const std::vector<Oid> &registered, const std::vector<Oid> &tables) {
  std::vector<Oid> strange;
  if (registered == tables) return true;
  std::set_symmetric_difference(registered.begin(), registered.end(), tables.begin(), tables.end(), std::back_inserter(strange));
  return std::all_of(strange.begin(), strange.end(), is_being_detached);
}

}  // namespace

std::vector<Leaf> leaves_of(const Source &source) {
  List *tables = NIL;
  pg([&] { tables = find_all_inheritors(source.relid, NoLock, nullptr); });
  std::vector<Leaf> leaves;
  for (int i = 0; i < list_length(tables); i++) leaves.push_back({list_nth_oid(tables, i), {kMinusInfinity, kInfinity}});
  OwnTable const table("source_leaf", AccessShareLock);
  pg([&] {
    for_each_own_row(table, InvalidOid, source.id, [&](HeapTuple tuple) {
      TupleDesc const columns = table.tuple_desc();
      Oid const relid = DatumGetObjectId(own_column(tuple, columns, kRelid));
      for (Leaf &leaf : leaves)
        if (leaf.relid == relid)
          leaf.days = {DatumGetTimestampTz(own_column(tuple, columns, kLeafFrom)),
                       DatumGetTimestampTz(own_column(tuple, columns, kLeafTo))};
    });
  });
  return leaves;
}

void lock_what_came(const Source &source) {
  for (Oid const table : family_of(source.relid)) pg([&] { LockRelationOid(table, AccessShareLock); });
}

bool has_strangers(std::int64_t source, Oid relid) {
  if (!knows_leaves(source)) return false;
  // One that is attached just now may be in the one and not in the other when they are looked at, but not for long.
  constexpr int kLooks = 3;
  for (int look = 0; look < kLooks; look++)
    if (agree(registered_leaves(source), tables_of(relid))) return false;
  return true;
}

RESELLER_REPORT_FUNCTION(reseller_report_table_of_leaf) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  Oid relid = InvalidOid;
  std::int64_t source = 0;
  NameData schema = {};
  NameData name = {};
  pg([&] {
    HeapTupleHeader const leaf = PG_GETARG_HEAPTUPLEHEADER(0);
    bool is_null = false;
    source = DatumGetInt64(GetAttributeByNum(leaf, kSource, &is_null));
    schema = *DatumGetName(GetAttributeByNum(leaf, kSchemaName, &is_null));
    name = *DatumGetName(GetAttributeByNum(leaf, kTableName, &is_null));
    relid = DatumGetObjectId(GetAttributeByNum(leaf, kRelid, &is_null));
  });
  if (!knows_leaves(source)) relid = table_named(NameStr(schema), NameStr(name));
  if (!OidIsValid(relid) || !is_there(relid)) PG_RETURN_NULL();
  PG_RETURN_OID(relid);
}

}  // namespace reseller_report
