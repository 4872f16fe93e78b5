#include <algorithm>
#include <vector>

#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "source/restore.hpp"

extern "C" {
#include <catalog/pg_inherits.h>
#include <catalog/pg_namespace.h>
#include <nodes/parsenodes.h>
}

namespace reseller_report {

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

// Whether the current role may drop a table: others, who will be refused, must not lock it first.
bool may_drop(Oid table) {
  bool may = false;
  Oid const table_owner = owner_of(table);
  pg([&] {
    Oid const schema = get_rel_namespace(table);
    HeapTuple const tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for namespace %u", schema);
    Oid const schema_owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple))->nspowner;
    ReleaseSysCache(tuple);
    may = has_privs_of_role(GetUserId(), table_owner) || has_privs_of_role(GetUserId(), schema_owner);
  });
  return may;
}

bool is_partition_or_has_some(Oid table) {
  bool is = false;
  pg([&] { is = get_rel_relispartition(table) || get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE; });
  return is;
}

// The partitions that a statement drops, or tables of them.
std::vector<Oid> dropped_partitions(const Node *statement) {
  std::vector<Oid> tables;
  if (!IsA(statement, DropStmt) || reinterpret_cast<const DropStmt *>(statement)->removeType != OBJECT_TABLE) return tables;
  ListCell *cell = nullptr;
  foreach (cell, reinterpret_cast<const DropStmt *>(statement)->objects) {
    Oid table = InvalidOid;
    pg([&] { table = RangeVarGetRelid(makeRangeVarFromNameList(static_cast<List *>(lfirst(cell))), NoLock, true); });
    if (OidIsValid(table) && is_partition_or_has_some(table) && may_drop(table)) tables.push_back(table);
  }
  return tables;
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

// What cannot be followed at the end of a command. DETACH PARTITION ... CONCURRENTLY commits in its midst, when the partition's
// rows are out of the table already: its days are un-built in the first of its transactions. And dropped rows are gone.
RESELLER_REPORT_FUNCTION(reseller_report_ddl_command_start) {
  const Node *const statement = event_of(fcinfo)->parsetree;
  if (const RangeVar *const name = detached_concurrently(statement); name != nullptr && !is_ignored()) {
    Oid partition = InvalidOid;
    pg([&] { partition = RangeVarGetRelid(name, NoLock, true); });
    SqlParameters parameters;
    parameters.add(REGCLASSOID, ObjectIdGetDatum(partition));
    if (OidIsValid(partition)) follow("SELECT reseller_report._follow_detach($1)", parameters);
  }
  if (IsA(statement, DropStmt) && !is_ignored()) {
    std::vector<Oid> const dropped = dropped_partitions(statement);
    SqlParameters parameters;
    parameters.add_tables(dropped);
    if (!dropped.empty()) follow("SELECT reseller_report._follow_dropping($1)", parameters);
  }
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
