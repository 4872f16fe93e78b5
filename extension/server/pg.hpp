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

#include <access/genam.h>
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/parallel.h>
#include <access/relation.h>
#include <access/relscan.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
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
#include <storage/bufmgr.h>
#include <storage/lmgr.h>
#include <storage/predicate.h>
#include <tcop/cmdtag.h>
#include <tcop/pquery.h>
#include <utils/acl.h>
#include <utils/array.h>
#include <utils/builtins.h>
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

// PostgreSQL 18 added an instrumentation argument to index_beginscan.
#if PG_VERSION_NUM < 180000
inline IndexScanDesc index_beginscan(Relation table, Relation index, Snapshot snapshot, std::nullptr_t, int keys, int order_bys) {
  return index_beginscan(table, index, snapshot, keys, order_bys);
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
// (BRIN).
#if PG_VERSION_NUM < 160000
enum TU_UpdateIndexes { TU_None, TU_All, TU_Summarizing };
inline void simple_heap_update(Relation table, ItemPointer old, HeapTuple row, TU_UpdateIndexes *indexes) {
  simple_heap_update(table, old, row);
  *indexes = HeapTupleIsHeapOnly(row) ? TU_None : TU_All;
}
inline List *ExecInsertIndexTuples(ResultRelInfo *table, TupleTableSlot *slot, EState *state, bool update, bool no_error,
                                   bool *conflict, List *arbiters, bool) {
  return ExecInsertIndexTuples(table, slot, state, update, no_error, conflict, arbiters);
}
#endif

// PostgreSQL 16 gave stringToQualifiedNameList a place for errors.
#if PG_VERSION_NUM < 160000
inline List *stringToQualifiedNameList(const char *name, std::nullptr_t) { return stringToQualifiedNameList(name); }
#endif

// PostgreSQL 16 merged pg_namespace_aclcheck and its like into object_aclcheck.
#if PG_VERSION_NUM < 160000
inline AclResult object_aclcheck(Oid, Oid schema, Oid role, AclMode mode) { return pg_namespace_aclcheck(schema, role, mode); }
#endif
