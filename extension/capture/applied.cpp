#include "capture/applied.hpp"

#include "server/own_table.hpp"

extern "C" {
#include <replication/worker_internal.h>
#include <utils/pg_lsn.h>
}

namespace reseller_report {
namespace {

// Columns of reseller_report.applied; must match sql/freshness.sql.
enum AppliedColumn : int { kSubscription = 1, kLsn, kCommittedAt };
constexpr Oid kTypes[] = {OIDOID, PG_LSNOID, TIMESTAMPTZOID};
constexpr int kColumns = 3;

/// A transaction of the publisher.
struct Position {
  XLogRecPtr lsn;  ///< where it ends
  TimestampTz committed_at;
};

// The last one that was noted in this transaction or before.
XLogRecPtr noted = InvalidXLogRecPtr;

// Where this worker has written its row last, so that a snapshot that keeps old versions of it for long does not make each commit
// look through all of them. Not valid where the worker has not found its row yet.
ItemPointerData last_row;

bool is_own(const OwnTable &table, HeapTuple row) {
  bool is_null = false;
  return DatumGetObjectId(heap_getattr(row, kSubscription, table.tuple_desc(), &is_null)) == MyLogicalRepWorker->subid;
}

// Inside pg(): whether the row of this subscription is still where it was written last. Old versions that nobody sees any more make
// room on its page, as they would if the row were found by the index.
bool is_where_it_was(const OwnTable &table) {
  if (!ItemPointerIsValid(&last_row)) return false;
  if (ItemPointerGetBlockNumber(&last_row) >= RelationGetNumberOfBlocks(table.relation())) return false;
  HeapTupleData row = {};
  row.t_self = last_row;
  Buffer buffer = InvalidBuffer;
  bool const is_there = heap_fetch(table.relation(), GetLatestSnapshot(), &row, &buffer, false);
  bool const is = is_there && is_own(table, &row);
  if (is_there) {
    heap_page_prune_opt(table.relation(), buffer);
    ReleaseBuffer(buffer);
  }
  return is;
}

bool find_row(const OwnTable &table) {
  bool found = false;
  pg([&] { found = is_where_it_was(table); });
  if (found) return true;
  ScanKeyData key;
  ScanKeyInit(&key, kSubscription, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(MyLogicalRepWorker->subid));
  OwnScan scan(table, nullptr, own_relation("applied_pkey"), 1, &key);
  pg([&] {
    HeapTuple const row = scan.next();
    found = HeapTupleIsValid(row);
    if (found) last_row = row->t_self;
  });
  return found;
}

void note(const Position &position) {
  // There is no table while the extension is being dropped, or where an older version of it has not been updated yet.
  if (!OidIsValid(own_relation("applied"))) return;
  OwnTable const table("applied", RowExclusiveLock, kTypes);
  bool const is_there = find_row(table);
  pg([&] {
    // Columns that somebody has added are NULL.
    int const columns = table.tuple_desc()->natts;
    auto *const values = static_cast<Datum *>(palloc0(sizeof(Datum) * static_cast<std::size_t>(columns)));
    auto *const nulls = static_cast<bool *>(palloc(sizeof(bool) * static_cast<std::size_t>(columns)));
    for (int i = 0; i < columns; i++) nulls[i] = i >= kColumns;
    values[kSubscription - 1] = ObjectIdGetDatum(MyLogicalRepWorker->subid);
    values[kLsn - 1] = LSNGetDatum(position.lsn);
    values[kCommittedAt - 1] = TimestampTzGetDatum(position.committed_at);
    HeapTuple const row = heap_form_tuple(table.tuple_desc(), values, nulls);
    RowStore store;
    store.open(table);
    if (is_there)
      store.update(last_row, row);
    else
      store.insert(row);
    store.close();
    last_row = row->t_self;
    noted = position.lsn;
  });
}

void on_transaction(XactEvent event, void *) {
  // Workers that copy a table are ahead of their subscription, or behind it.
  if (MyLogicalRepWorker == nullptr || OidIsValid(MyLogicalRepWorker->relid)) return;
  if (event == XACT_EVENT_ABORT) {
    noted = InvalidXLogRecPtr;
    ItemPointerSetInvalid(&last_row);
  }
  // Not what is prepared: its row would stay locked until COMMIT PREPARED, and the worker would wait for itself.
  if (event != XACT_EVENT_PRE_COMMIT) return;
  // What the worker commits for itself has the position of the transaction before it.
  Position const position = {session_origin_lsn(), session_origin_timestamp()};
  if (position.lsn == InvalidXLogRecPtr || position.lsn == noted || position.committed_at == 0) return;
  guarded([&] {
    note(position);
    return Datum{0};
  });
}

}  // namespace

void initialize_applied() {
  ItemPointerSetInvalid(&last_row);
  RegisterXactCallback(on_transaction, nullptr);
}

}  // namespace reseller_report
