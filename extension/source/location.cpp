#include "source/location.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "server/own_table.hpp"

extern "C" {
#include <catalog/pg_inherits.h>
}

namespace reseller_report {
namespace {

// Columns of reseller_report.source_table; must match sql/source.sql.
enum TableColumn : int { kSource = 1, kRelid, kKnowsLeaves, kTableColumns = kKnowsLeaves };

// Columns of reseller_report.source_leaf; must match sql/source.sql.
enum LeafColumn : int { kLeafSource = 1, kLeafSchema, kLeafName, kLeafFrom, kLeafTo, kLeafRelid };

struct Noted {
  Oid relid;  // InvalidOid: none
  bool knows_leaves;
};

Datum column(HeapTuple tuple, TupleDesc columns, int number) {
  bool is_null = false;
  return heap_getattr(tuple, number, columns, &is_null);  // all columns read here are NOT NULL
}

// Rows of a table of the extension for one source as of now, found by an index that begins with it; inside pg().
template <typename F>
void for_each_row(const OwnTable &table, Oid index, std::int64_t source, F &&f) {
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(source));
  SysScanDesc const scan = systable_beginscan(table.relation(), index, OidIsValid(index), nullptr, 1, &key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) f(tuple);
  systable_endscan(scan);
}

// None while the extension is being dropped.
Noted noted(std::int64_t source) {
  Noted found = {InvalidOid, false};
  Oid const index = own_relation("source_table_pkey");
  if (!OidIsValid(index)) return found;
  OwnTable const table("source_table", AccessShareLock);
  pg([&] {
    for_each_row(table, index, source, [&](HeapTuple tuple) {
      found = {DatumGetObjectId(column(tuple, table.tuple_desc(), kRelid)),
               DatumGetBool(column(tuple, table.tuple_desc(), kKnowsLeaves))};
    });
  });
  return found;
}

bool is_there(Oid relid) {
  bool there = false;
  pg([&] { there = SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)); });
  return there;
}

Oid table_named(const char *schema, const char *table) {
  Oid relid = InvalidOid;
  pg([&] {
    Oid const in_schema = get_namespace_oid(schema, true);
    if (OidIsValid(in_schema)) relid = get_relname_relid(table, in_schema);
  });
  return relid;
}

// In order. Those of another database, which have no number here, are left out.
std::vector<Oid> registered_leaves(std::int64_t source) {
  std::vector<Oid> leaves;
  OwnTable const table("source_leaf", AccessShareLock);
  Oid const index = own_relation("source_leaf_pkey");
  pg([&] {
    for_each_row(table, index, source, [&](HeapTuple tuple) {
      Oid const relid = DatumGetObjectId(column(tuple, table.tuple_desc(), kLeafRelid));
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

Datum or_null(FunctionCallInfo fcinfo, Oid relid) {
  if (!OidIsValid(relid)) PG_RETURN_NULL();
  PG_RETURN_OID(relid);
}

}  // namespace

Oid table_of(std::int64_t source, const char *schema, const char *table) {
  Oid const relid = noted(source).relid;
  if (!OidIsValid(relid)) return table_named(schema, table);
  return is_there(relid) ? relid : InvalidOid;
}

bool is_noted(std::int64_t source) { return OidIsValid(noted(source).relid); }

bool has_strangers(std::int64_t source, Oid relid) {
  if (!noted(source).knows_leaves) return false;
  // One that is attached just now may be in the one and not in the other when they are looked at, but not for long.
  constexpr int kLooks = 3;
  for (int look = 0; look < kLooks; look++)
    if (agree(registered_leaves(source), tables_of(relid))) return false;
  return true;
}

RESELLER_REPORT_FUNCTION(reseller_report_table_of_source) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_NULL();
  return or_null(fcinfo, table_of(PG_GETARG_INT64(0), NameStr(*PG_GETARG_NAME(1)), NameStr(*PG_GETARG_NAME(2))));
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
    source = DatumGetInt64(GetAttributeByNum(leaf, kLeafSource, &is_null));
    schema = *DatumGetName(GetAttributeByNum(leaf, kLeafSchema, &is_null));
    name = *DatumGetName(GetAttributeByNum(leaf, kLeafName, &is_null));
    relid = DatumGetObjectId(GetAttributeByNum(leaf, kLeafRelid, &is_null));
  });
  if (!noted(source).knows_leaves) return or_null(fcinfo, table_named(NameStr(schema), NameStr(name)));
  return or_null(fcinfo, is_there(relid) ? relid : InvalidOid);
}

void note_table(std::int64_t source, Oid relid, bool knows_leaves) {
  Noted const before = noted(source);
  if (before.relid == relid && before.knows_leaves >= knows_leaves) return;
  // Two sessions that follow DDL on parts of one table would otherwise fail to note the same thing.
  OwnTable const table("source_table", OidIsValid(before.relid) ? ShareRowExclusiveLock : RowExclusiveLock);
  Oid const index = own_relation("source_table_pkey");
  pg([&] {
    Datum values[] = {Int64GetDatum(source), ObjectIdGetDatum(relid), BoolGetDatum(knows_leaves)};
    bool nulls[kTableColumns] = {};
    HeapTuple const fresh = heap_form_tuple(table.tuple_desc(), values, nulls);
    bool found = false;
    for_each_row(table, index, source, [&](HeapTuple old) {
      found = true;
      CatalogTupleUpdate(table.relation(), &old->t_self, fresh);
    });
    if (!found) CatalogTupleInsert(table.relation(), fresh);
    CacheInvalidateRelcacheByRelid(relid);
    CommandCounterIncrement();
  });
}

RESELLER_REPORT_FUNCTION(reseller_report_note_table) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_VOID();
  note_table(PG_GETARG_INT64(0), PG_GETARG_OID(1), PG_GETARG_BOOL(2));
  PG_RETURN_VOID();
}

}  // namespace reseller_report
