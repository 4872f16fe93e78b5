#include "source/leaf.hpp"

#include "server/own_table.hpp"
#include "server/relation.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.source_leaf; must match sql/source.sql.
enum LeafColumn : int { kSource = 1, kFrom = 4, kTo, kRelid };

Datum column(HeapTuple tuple, TupleDesc columns, int number) {
  bool is_null = false;
  return heap_getattr(tuple, number, columns,
                      &is_null);  // all columns read here are NOT NULL
}

}  // namespace

std::vector<Leaf> leaves_of(const Source &source) {
  List *tables = NIL;
  pg([&] { tables = find_all_inheritors(source.relid, NoLock, nullptr); });
  std::vector<Leaf> leaves;
  for (int i = 0; i < list_length(tables); i++) leaves.push_back({list_nth_oid(tables, i), {kMinusInfinity, kInfinity}});
  OwnTable const table("source_leaf", AccessShareLock);
  pg([&] {
    ScanKeyData key;
    ScanKeyInit(&key, kSource, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(source.id));
    SysScanDesc const scan = systable_beginscan(table.relation(), InvalidOid, false, nullptr, 1, &key);
    for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
      TupleDesc const columns = table.tuple_desc();
      Oid const relid = DatumGetObjectId(column(tuple, columns, kRelid));
      for (Leaf &leaf : leaves)
        if (leaf.relid == relid)
          leaf.days = {DatumGetTimestampTz(column(tuple, columns, kFrom)), DatumGetTimestampTz(column(tuple, columns, kTo))};
    }
    systable_endscan(scan);
  });
  return leaves;
}

void lock_what_came(const Source &source) {
  for (Oid const table : family_of(source.relid)) pg([&] { LockRelationOid(table, AccessShareLock); });
}

}  // namespace reseller_report
