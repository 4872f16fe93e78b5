#include "watch.hpp"

#include "restore.hpp"
#include "sql.hpp"

extern "C" {
#include <nodes/parsenodes.h>
}

namespace reseller_report {

int OwnDdl::depth_ = 0;

namespace {

const EventTriggerData *event_of(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_EVENT_TRIGGER(fcinfo)) throw Error("39P03", "an event trigger function of reseller_report was called by hand");
  return reinterpret_cast<const EventTriggerData *>(fcinfo->context);
}

// Our own DDL follows itself; a restore brings the registry as it was; while the extension is dropped nothing is left to follow.
bool is_ignored() { return OwnDdl::under_way() || !OidIsValid(own_relation("source")) || is_restoring(); }

// What pg_restore's workers do to a table whose data is loaded, while others may still be loading the registry: constraints, and
// triggers, which are on from then. Anything else is somebody's own.
bool may_be_of_a_dump(const Node *statement) {
  if (IsA(statement, CreateTrigStmt)) return true;
  if (!IsA(statement, AlterTableStmt)) return false;
  auto const *const alter = reinterpret_cast<const AlterTableStmt *>(statement);
  if (alter->objtype == OBJECT_INDEX) return true;
  ListCell *cell = nullptr;
  foreach (cell, alter->cmds) {
    AlterTableType const kind = static_cast<const AlterTableCmd *>(lfirst(cell))->subtype;
    if (kind != AT_EnableAlwaysTrig && kind != AT_AddConstraint && kind != AT_ReplicaIdentity && kind != AT_ClusterOn) return false;
  }
  return true;
}

void follow(const char *sql, const SqlParameters &parameters) {
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  execute(sql, parameters);
}

// Of ALTER TYPE only a renamed label matters: rows that held it hold another from now on.
bool is_harmless(const Node *statement) {
  return IsA(statement, AlterEnumStmt) && reinterpret_cast<const AlterEnumStmt *>(statement)->oldVal == nullptr;
}

// The partition that a statement detaches concurrently; NULL when it does not.
const RangeVar *detached_concurrently(const Node *statement) {
  if (!IsA(statement, AlterTableStmt)) return nullptr;
  ListCell *cell = nullptr;
  foreach (cell, reinterpret_cast<const AlterTableStmt *>(statement)->cmds) {
    auto const *const command = static_cast<const AlterTableCmd *>(lfirst(cell));
    if (command->subtype != AT_DetachPartition) continue;
    auto const *const partition = reinterpret_cast<const PartitionCmd *>(command->def);
    if (partition->concurrent) return partition->name;
  }
  return nullptr;
}

// The old and the new name of a column, which is told apart from others by nothing else; two NULLs when none was renamed.
void add_renamed_column(const Node *statement, SqlParameters &parameters) {
  auto const *const rename = IsA(statement, RenameStmt) ? reinterpret_cast<const RenameStmt *>(statement) : nullptr;
  bool const is_column = rename != nullptr && (rename->renameType == OBJECT_COLUMN || rename->renameType == OBJECT_ATTRIBUTE);
  parameters.add(TEXTOID, is_column ? CStringGetTextDatum(rename->subname) : Datum{0});
  parameters.add(TEXTOID, is_column ? CStringGetTextDatum(rename->newname) : Datum{0});
  if (!is_column) parameters.nulls[1] = parameters.nulls[2] = 'n';
}

// Everything of the extension goes by the name of its schema, so that every write to a connected table would fail.
void refuse_renaming_own_schema(const Node *statement) {
  if (!IsA(statement, RenameStmt)) return;
  auto const *const rename = reinterpret_cast<const RenameStmt *>(statement);
  if (rename->renameType == OBJECT_SCHEMA && strcmp(rename->subname, "reseller_report") == 0)
    throw Error("0A000", "schema \"reseller_report\" cannot be renamed", "Its functions and the service go by this name.");
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_ddl_command_end) {
  const EventTriggerData *const event = event_of(fcinfo);
  refuse_renaming_own_schema(event->parsetree);
  if (is_harmless(event->parsetree) || is_ignored()) return PointerGetDatum(nullptr);
  if (may_be_of_a_dump(event->parsetree) && may_be_loading_dump()) return PointerGetDatum(nullptr);
  SqlParameters parameters;
  pg([&] {
    parameters.add(TEXTOID, CStringGetTextDatum(GetCommandTagName(event->tag)));
    add_renamed_column(event->parsetree, parameters);
  });
  follow("SELECT reseller_report._follow_ddl($1, $2::pg_catalog.text::pg_catalog.name, $3::pg_catalog.text::pg_catalog.name)",
         parameters);
  return PointerGetDatum(nullptr);
}

// DETACH PARTITION ... CONCURRENTLY commits in its midst, when the partition's rows are out of the table already: its days are
// un-built in the first of its transactions. All else is followed at its end.
RESELLER_REPORT_FUNCTION(reseller_report_ddl_command_start) {
  const RangeVar *const name = detached_concurrently(event_of(fcinfo)->parsetree);
  if (name == nullptr || is_ignored()) return PointerGetDatum(nullptr);
  Oid partition = InvalidOid;
  pg([&] { partition = RangeVarGetRelid(name, NoLock, true); });
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(partition));
  if (OidIsValid(partition)) follow("SELECT reseller_report._follow_detach($1)", parameters);
  return PointerGetDatum(nullptr);
}

RESELLER_REPORT_FUNCTION(reseller_report_sql_drop) {
  (void)event_of(fcinfo);
  if (!is_ignored()) follow("SELECT reseller_report._follow_drop()", {});
  return PointerGetDatum(nullptr);
}

RESELLER_REPORT_FUNCTION(reseller_report_table_rewrite) {
  const EventTriggerData *const event = event_of(fcinfo);
  if (is_ignored()) return PointerGetDatum(nullptr);
  SqlParameters parameters;
  pg([&] { parameters.add(TEXTOID, CStringGetTextDatum(GetCommandTagName(event->tag))); });
  follow("SELECT reseller_report._follow_rewrite($1)", parameters);
  return PointerGetDatum(nullptr);
}

// All rows of a table of the extension as of now, whatever snapshot the transaction has: DDL is not MVCC, so neither may what
// follows it be.
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

// Makes every session learn anew what it knows of a table.
RESELLER_REPORT_FUNCTION(reseller_report_invalidate) {
  Oid const relid = PG_GETARG_OID(0);
  pg([&] { CacheInvalidateRelcacheByRelid(relid); });
  return Datum{0};
}

}  // namespace reseller_report
