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
  if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
    throw Error(sqlstate::kWrongEventTriggerCall, "an event trigger function of reseller_report was called by hand");
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
    throw Error(sqlstate::kNotSupported, "schema \"reseller_report\" cannot be renamed",
                "Its functions and the service go by this name.");
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

}  // namespace reseller_report
