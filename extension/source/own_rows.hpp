// Rows of the registry's tables as of now, past the executor.
#pragma once

#include <cstdint>

#include "server/own_table.hpp"

namespace reseller_report {

/// Inside pg(): a column that is NOT NULL.
inline Datum own_column(HeapTuple tuple, TupleDesc columns, int number) {
  bool is_null = false;
  return heap_getattr(tuple, number, columns, &is_null);
}

/// Inside pg(): hands on the rows of one source, whose id is the first column; by the index, which begins with it.
template <typename F>
void for_each_own_row(const OwnTable &table, Oid index, std::int64_t source, F &&f) {
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(source));
  SysScanDesc const scan = systable_beginscan(table.relation(), index, OidIsValid(index), nullptr, 1, &key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) f(tuple);
  systable_endscan(scan);
}

/// Deletes a row that was found in a table of the registry as of now, which the transaction's own snapshot may not see.
void delete_own_row(const char *table, const ItemPointerData &place);

}  // namespace reseller_report
