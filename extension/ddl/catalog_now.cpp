#include "ddl/catalog_now.hpp"

namespace reseller_report {

// All rows of a table of the extension, as of now.
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

std::optional<ColumnNow> column_now(Oid table, const char *name) {
  std::optional<ColumnNow> found;
  pg([&] {
    HeapTuple const tuple = SearchSysCacheAttName(table, name);
    if (!HeapTupleIsValid(tuple)) return;
    auto const *const column = reinterpret_cast<const FormData_pg_attribute *>(GETSTRUCT(tuple));
    int32 modifier = column->atttypmod;
    Oid const base = getBaseTypeAndTypmod(column->atttypid, &modifier);
    const char *const prefix = column->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL ? "virtual " : "";
    found = ColumnNow{base, psprintf("%s%s", prefix, format_type_with_typemod(base, modifier))};
    ReleaseSysCache(tuple);
  });
  return found;
}

// Makes every session read anew what it has cached of a table.
RESELLER_REPORT_FUNCTION(reseller_report_invalidate) {
  Oid const relid = PG_GETARG_OID(0);
  pg([&] { CacheInvalidateRelcacheByRelid(relid); });
  return Datum{0};
}

}  // namespace reseller_report
