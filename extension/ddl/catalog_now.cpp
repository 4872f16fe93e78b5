// What following DDL reads as of now, whatever snapshot the transaction has: DDL is not MVCC, so neither may what follows it be.
#include "server/boundary.hpp"

namespace reseller_report {

// All rows of a table of the extension.
RESELLER_REPORT_FUNCTION(reseller_report_latest_rows) {
  pg([&] {
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Oid const relid = get_typ_typrelid(get_fn_expr_argtype(fcinfo->flinfo, 0));
    Relation const table = table_open(relid, AccessShareLock);
    SysScanDesc const scan = systable_beginscan(table, InvalidOid, false, nullptr, 0, nullptr);
    for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) tuplestore_puttuple(result->setResult, tuple);
    systable_endscan(scan);
    table_close(table, AccessShareLock);
  });
  return Datum{0};
}

// Deletes a row that _latest gave, which the transaction's own snapshot may not see.
RESELLER_REPORT_FUNCTION(reseller_report_delete_latest) {
  pg([&] {
    Datum const unwanted = PG_GETARG_DATUM(0);
    Oid const relid = get_typ_typrelid(get_fn_expr_argtype(fcinfo->flinfo, 0));
    FmgrInfo same = {};
    fmgr_info(F_RECORD_IMAGE_EQ, &same);
    Relation const table = table_open(relid, RowExclusiveLock);
    SysScanDesc const scan = systable_beginscan(table, InvalidOid, false, nullptr, 0, nullptr);
    for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
      Datum const row = heap_copy_tuple_as_datum(tuple, RelationGetDescr(table));
      if (DatumGetBool(FunctionCall2(&same, row, unwanted))) CatalogTupleDelete(table, &tuple->t_self);
    }
    systable_endscan(scan);
    table_close(table, NoLock);
  });
  PG_RETURN_VOID();
}

RESELLER_REPORT_FUNCTION(reseller_report_lock_out) {
  bool both_there = false;
  pg([&] {
    LockRelationOid(PG_GETARG_OID(0), AccessExclusiveLock);
    LockRelationOid(PG_GETARG_OID(1), AccessExclusiveLock);
    both_there = SearchSysCacheExists1(RELOID, PG_GETARG_DATUM(0)) && SearchSysCacheExists1(RELOID, PG_GETARG_DATUM(1));
  });
  PG_RETURN_BOOL(both_there);
}

RESELLER_REPORT_FUNCTION(reseller_report_column_type) {
  Datum type = 0;
  pg([&] {
    Oid const table = PG_GETARG_OID(0);
    HeapTuple const tuple = SearchSysCacheAttName(table, NameStr(*PG_GETARG_NAME(1)));
    if (!HeapTupleIsValid(tuple)) return;
    auto const *const column = reinterpret_cast<const FormData_pg_attribute *>(GETSTRUCT(tuple));
    int32 modifier = column->atttypmod;
    Oid const base = getBaseTypeAndTypmod(column->atttypid, &modifier);
    const char *const prefix = column->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL ? "virtual " : "";
    type = CStringGetTextDatum(psprintf("%s%s", prefix, format_type_with_typemod(base, modifier)));
    ReleaseSysCache(tuple);
  });
  if (type == 0) PG_RETURN_NULL();
  return type;
}

// Makes every session learn anew what it knows of a table.
RESELLER_REPORT_FUNCTION(reseller_report_invalidate) {
  Oid const relid = PG_GETARG_OID(0);
  pg([&] { CacheInvalidateRelcacheByRelid(relid); });
  return Datum{0};
}

}  // namespace reseller_report
