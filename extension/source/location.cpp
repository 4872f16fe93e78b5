#include "source/location.hpp"

#include "server/own_table.hpp"
#include "source/own_rows.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.source_table; must match sql/source.sql.
enum TableColumn : int { kSource = 1, kRelid, kKnowsLeaves, kTableColumns = kKnowsLeaves };

struct Noted {
  Oid relid;  // InvalidOid: none
  bool knows_leaves;
};

// Finds nothing while the extension is being dropped.
Noted noted(std::int64_t source) {
  Noted found = {InvalidOid, false};
  Oid const index = own_relation("source_table_pkey");
  if (!OidIsValid(index)) return found;
  OwnTable const table("source_table", AccessShareLock);
  pg([&] {
    for_each_own_row(table, index, source, [&](HeapTuple tuple) {
      found = {DatumGetObjectId(own_column(tuple, table.tuple_desc(), kRelid)),
               DatumGetBool(own_column(tuple, table.tuple_desc(), kKnowsLeaves))};
    });
  });
  return found;
}

Datum or_null(FunctionCallInfo fcinfo, Oid relid) {
  if (!OidIsValid(relid)) PG_RETURN_NULL();
  PG_RETURN_OID(relid);
}

}  // namespace

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

Oid table_of(std::int64_t source, const char *schema, const char *table) {
  Oid const relid = noted(source).relid;
  if (!OidIsValid(relid)) return table_named(schema, table);
  return is_there(relid) ? relid : InvalidOid;
}

bool knows_leaves(std::int64_t source) { return noted(source).knows_leaves; }

Oid noted_table(std::int64_t source) { return noted(source).relid; }

bool is_noted(std::int64_t source) { return OidIsValid(noted_table(source)); }

RESELLER_REPORT_FUNCTION(reseller_report_table_of_source) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_NULL();
  return or_null(fcinfo, table_of(PG_GETARG_INT64(0), NameStr(*PG_GETARG_NAME(1)), NameStr(*PG_GETARG_NAME(2))));
}

void note_table(std::int64_t source, Oid relid, bool with_leaves) {
  Noted const before = noted(source);
  if (before.relid == relid && (before.knows_leaves || !with_leaves)) return;
  // Without this lock, two sessions that follow DDL on parts of one table would update the same row at once, and one would fail.
  OwnTable const table("source_table", OidIsValid(before.relid) ? ShareRowExclusiveLock : RowExclusiveLock);
  Oid const index = own_relation("source_table_pkey");
  pg([&] {
    Datum values[] = {Int64GetDatum(source), ObjectIdGetDatum(relid), BoolGetDatum(with_leaves)};
    bool nulls[kTableColumns] = {};
    HeapTuple const fresh = heap_form_tuple(table.tuple_desc(), values, nulls);
    bool found = false;
    for_each_own_row(table, index, source, [&](HeapTuple old) {
      found = true;
      CatalogTupleUpdate(table.relation(), &old->t_self, fresh);
    });
    if (!found) CatalogTupleInsert(table.relation(), fresh);
    CacheInvalidateRelcacheByRelid(relid);
    CommandCounterIncrement();
  });
}

RESELLER_REPORT_FUNCTION(reseller_report_forget_table) {
  if (PG_ARGISNULL(0)) PG_RETURN_VOID();
  OwnTable const table("source_table", RowExclusiveLock);
  Oid const index = own_relation("source_table_pkey");
  pg([&] {
    for_each_own_row(table, index, PG_GETARG_INT64(0), [&](HeapTuple row) { CatalogTupleDelete(table.relation(), &row->t_self); });
  });
  PG_RETURN_VOID();
}

RESELLER_REPORT_FUNCTION(reseller_report_note_table) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_VOID();
  note_table(PG_GETARG_INT64(0), PG_GETARG_OID(1), PG_GETARG_BOOL(2));
  PG_RETURN_VOID();
}

}  // namespace reseller_report
