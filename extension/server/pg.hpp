// The server's headers that most rooms need, and the home of every difference between server versions. Only boundary.hpp includes
// it. A room that needs one or two headers besides includes them itself, after boundary.hpp.
#pragma once

// PostgreSQL 16 makes exported symbols visible itself; before, PGDLLEXPORT is empty and -fvisibility=hidden would hide
// every entry point.
#ifndef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

#include <cstddef>

extern "C" {
#include <postgres.h>
#if PG_VERSION_NUM >= 190000
#include <nodes/miscnodes.h>
#endif

#include <access/genam.h>
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/parallel.h>
#include <access/relation.h>
#include <access/relscan.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/index.h>
#include <catalog/indexing.h>
#include <catalog/namespace.h>
#include <catalog/partition.h>
#include <catalog/pg_class.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_enum.h>
#include <catalog/pg_inherits.h>
#include <catalog/pg_namespace.h>
#include <catalog/pg_operator.h>
#include <catalog/pg_trigger.h>
#include <catalog/pg_type.h>
#include <commands/event_trigger.h>
#include <commands/tablecmds.h>
#include <commands/trigger.h>
#include <executor/executor.h>
#include <executor/spi.h>
#include <fmgr.h>
#include <mb/pg_wchar.h>
#include <funcapi.h>
#include <miscadmin.h>
#include <pgtime.h>
#include <replication/origin.h>
#include <storage/bufmgr.h>
#include <storage/lmgr.h>
#include <storage/lock.h>
#include <storage/predicate.h>
#include <storage/proc.h>
#include <tcop/cmdtag.h>
#include <tcop/pquery.h>
#include <utils/acl.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/date.h>
#include <utils/datetime.h>
#include <utils/datum.h>
#include <utils/fmgroids.h>
#include <utils/guc.h>
#include <utils/inval.h>
#include <utils/jsonb.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/numeric.h>
#include <utils/portal.h>
#include <utils/rangetypes.h>
#include <utils/regproc.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
#include <utils/syscache.h>
#include <utils/timestamp.h>
#include <utils/tuplestore.h>
#include <utils/typcache.h>
#include <utils/uuid.h>
#include <utils/varlena.h>
}

#if PG_VERSION_NUM < 150000
#error "reseller_report needs PostgreSQL 15 or later"
#endif

// PostgreSQL 18 added an instrumentation argument to index_beginscan, PostgreSQL 19 flags to it and to table_beginscan.
#if PG_VERSION_NUM < 190000
constexpr uint32 SO_NONE = 0;
inline IndexScanDesc index_beginscan(Relation table, Relation index, Snapshot snapshot, std::nullptr_t, int keys, int order_bys,
                                     uint32) {
#if PG_VERSION_NUM < 180000
  return index_beginscan(table, index, snapshot, keys, order_bys);
#else
  return index_beginscan(table, index, snapshot, nullptr, keys, order_bys);
#endif
}
inline TableScanDesc table_beginscan(Relation table, Snapshot snapshot, int count, ScanKeyData *keys, uint32) {
  return table_beginscan(table, snapshot, count, keys);
}
#endif

// PostgreSQL 19 wants to be told when a description of columns is complete.
#if PG_VERSION_NUM < 190000
inline void TupleDescFinalize(TupleDesc) {}
#endif

// What a callback is told of a cache of the catalogs: PostgreSQL 19 made it the enum.
#if PG_VERSION_NUM < 190000
using CacheId = int;
#else
using CacheId = SysCacheIdentifier;
#endif

// A moment beyond the range of timestamptz is infinite. PostgreSQL 19 reports it as an error that the caller may take.
#if PG_VERSION_NUM < 190000
inline TimestampTz moment_of_date(DateADT date) {
  int overflow = 0;
  return date2timestamptz_opt_overflow(date, &overflow);
}
inline TimestampTz moment_of_timestamp(Timestamp timestamp) {
  int overflow = 0;
  return timestamp2timestamptz_opt_overflow(timestamp, &overflow);
}
#else
inline TimestampTz moment_of_date(DateADT date) {
  ErrorSaveContext error = {};
  error.type = T_ErrorSaveContext;
  TimestampTz const moment = date2timestamptz_safe(date, reinterpret_cast<Node *>(&error));
  return !error.error_occurred ? moment : date > 0 ? DT_NOEND : DT_NOBEGIN;
}
inline TimestampTz moment_of_timestamp(Timestamp timestamp) {
  ErrorSaveContext error = {};
  error.type = T_ErrorSaveContext;
  TimestampTz const moment = timestamp2timestamptz_safe(timestamp, reinterpret_cast<Node *>(&error));
  return !error.error_occurred ? moment : timestamp > 0 ? DT_NOEND : DT_NOBEGIN;
}
#endif

// PostgreSQL 17 gave LockHeldByMe a choice between this lock and a stronger one.
#if PG_VERSION_NUM < 170000
inline bool LockHeldByMe(const LOCKTAG *lock, LOCKMODE mode, bool) { return LockHeldByMe(lock, mode); }
#endif

// PostgreSQL 18 added virtual generated columns.
#ifndef ATTRIBUTE_GENERATED_VIRTUAL
#define ATTRIBUTE_GENERATED_VIRTUAL 'v'
#endif

// PostgreSQL 16 tells which indexes a row's new version must be entered into, and can enter it into those alone that summarize
// (BRIN). PostgreSQL 19 made flags of that choice and others.
#if PG_VERSION_NUM < 160000
enum TU_UpdateIndexes { TU_None, TU_All, TU_Summarizing };
inline void simple_heap_update(Relation table, ItemPointer old, HeapTuple row, TU_UpdateIndexes *indexes) {
  simple_heap_update(table, old, row);
  *indexes = HeapTupleIsHeapOnly(row) ? TU_None : TU_All;
}
#endif
#if PG_VERSION_NUM < 190000
constexpr uint32 EIIT_ONLY_SUMMARIZING = 1 << 2;
inline List *ExecInsertIndexTuples(ResultRelInfo *table, EState *state, [[maybe_unused]] uint32 flags, TupleTableSlot *row,
                                   List *arbiters, bool *conflict) {
#if PG_VERSION_NUM < 160000
  return ExecInsertIndexTuples(table, row, state, false, false, conflict, arbiters);
#else
  return ExecInsertIndexTuples(table, row, state, false, false, conflict, arbiters, flags == EIIT_ONLY_SUMMARIZING);
#endif
}
#endif

// PostgreSQL 16 gave stringToQualifiedNameList a place for errors.
#if PG_VERSION_NUM < 160000
inline List *stringToQualifiedNameList(const char *name, std::nullptr_t) { return stringToQualifiedNameList(name); }
#endif

// PostgreSQL 19 gave heap_page_prune_opt a buffer for the visibility map, and wants to know whether the table is only read.
#if PG_VERSION_NUM >= 190000
inline void heap_page_prune_opt(Relation table, Buffer page) {
  Buffer map = InvalidBuffer;
  heap_page_prune_opt(table, page, &map, false);
  if (BufferIsValid(map)) ReleaseBuffer(map);
}
#endif

// PostgreSQL 19 put what is known of the transaction that an apply worker applies into one variable.
#if PG_VERSION_NUM < 190000
inline XLogRecPtr session_origin_lsn() { return replorigin_session_origin_lsn; }
inline TimestampTz session_origin_timestamp() { return replorigin_session_origin_timestamp; }
#else
inline XLogRecPtr session_origin_lsn() { return replorigin_xact_state.origin_lsn; }
inline TimestampTz session_origin_timestamp() { return replorigin_xact_state.origin_timestamp; }
#endif

// PostgreSQL 17 keeps both parts of a transaction's virtual id together.
inline LocalTransactionId local_transaction() {
#if PG_VERSION_NUM < 170000
  return MyProc->lxid;
#else
  return MyProc->vxid.lxid;
#endif
}

// PostgreSQL 16 merged pg_namespace_aclcheck and its like into object_aclcheck.
#if PG_VERSION_NUM < 160000
inline AclResult object_aclcheck(Oid, Oid schema, Oid role, AclMode mode) { return pg_namespace_aclcheck(schema, role, mode); }
#endif
