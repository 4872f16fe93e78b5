// Reads and deletes rows of the registry's tables as of now, past the executor. "Own" means the extension's here, as in
// own_table.hpp, and not the transaction's.
#pragma once

#include <cstdint>

#include "server/own_table.hpp"

namespace reseller_report {

/// Inside pg(): the value of a column that is NOT NULL.
inline Datum own_column(HeapTuple tuple, TupleDesc columns, int number) {
  bool is_null = false;
  return heap_getattr(tuple, number, columns, &is_null);
}

/// Inside pg(): hands on the rows of one source. Its id is the first column of the table and of the index.
template <typename F>
void for_each_own_row(const OwnTable &table, Oid index, std::int64_t source, F &&f) {
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(source));
  SysScanDesc const scan = systable_beginscan(table.relation(), index, OidIsValid(index), nullptr, 1, &key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) f(tuple);
  systable_endscan(scan);
}

/// Deletes a row at the place where it was found as of now. The transaction's own snapshot may not see the row.
void delete_own_row(const char *table, const ItemPointerData &place);

}  // namespace reseller_report
