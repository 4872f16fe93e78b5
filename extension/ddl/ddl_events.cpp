// The event triggers that follow DDL on connected tables (law L4). They decide whether an event matters, and hand it on to
// altered.cpp or dropped.cpp.

#include <vector>

#include "ddl/altered.hpp"
#include "ddl/dropped.hpp"
#include "ddl/event.hpp"
#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/relation.hpp"
#include "source/restore.hpp"

extern "C" {
#include <catalog/pg_namespace.h>
#include <nodes/parsenodes.h>
}

namespace reseller_report {
namespace {

// Three kinds of DDL are not followed: our own, which keeps the registry itself; that of a restore, which brings the registry as it
// was; and the dropping of the extension, which takes the registry away.
bool is_ignored() { return OwnDdl::under_way() || !OidIsValid(own_relation("source")) || is_restoring(); }

// Whether a command is one that pg_restore's workers use on a table whose data is loaded, while others may still be loading the
// registry: it adds a constraint or a trigger, or switches a trigger on. Any other command is a user's own.
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

// Calls `f` as the extension's owner. DDL that it runs is our own and is not followed again.
template <typename F>
void follow(F &&f) {
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  f();
}

// Whether a command changes an enum without renaming a label. Only a rename matters: rows that hold the value show another label
// from then on.
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

// The partitions that a statement drops, and the partitioned tables.
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

// A mapping knows columns by their names alone, so a rename must be told.
AlteringCommand command_of(const EventTriggerData &event) {
  AlteringCommand command = {};
  pg([&] { command.tag = GetCommandTagName(event.tag); });
  if (!IsA(event.parsetree, RenameStmt)) return command;
  auto const *const rename = reinterpret_cast<const RenameStmt *>(event.parsetree);
  if (rename->renameType != OBJECT_COLUMN && rename->renameType != OBJECT_ATTRIBUTE) return command;
  command.old_column = rename->subname;
  command.new_column = rename->newname;
  return command;
}

// All that the extension does names its schema. Under another name, every write to a connected table would fail.
void refuse_renaming_own_schema(const Node *statement) {
  if (!IsA(statement, RenameStmt)) return;
  auto const *const rename = reinterpret_cast<const RenameStmt *>(statement);
  if (rename->renameType == OBJECT_SCHEMA && strcmp(rename->subname, "reseller_report") == 0)
    throw Error(sqlstate::kNotSupported, "schema \"reseller_report\" cannot be renamed",
                "The extension's functions and the service use this name.");
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_ddl_command_end) {
  const EventTriggerData &event = event_of(fcinfo);
  refuse_renaming_own_schema(event.parsetree);
  if (is_harmless(event.parsetree) || is_ignored()) return Datum{0};
  if (may_be_of_a_dump(event.parsetree) && may_be_loading_dump()) return Datum{0};
  AlteringCommand const command = command_of(event);
  follow([&] { follow_altered(command); });
  return Datum{0};
}

// Two commands must be followed before they begin. DETACH PARTITION ... CONCURRENTLY runs two transactions. After the first one the
// partition's rows have left the table, so that one must un-build the days. DROP TABLE leaves no rows to read.
RESELLER_REPORT_FUNCTION(reseller_report_ddl_command_start) {
  const Node *const statement = event_of(fcinfo).parsetree;
  if (const RangeVar *const name = detached_concurrently(statement); name != nullptr && !is_ignored()) {
    Oid partition = InvalidOid;
    pg([&] { partition = RangeVarGetRelid(name, NoLock, true); });
    if (OidIsValid(partition)) follow([&] { follow_detaching(partition); });
  }
  if (IsA(statement, DropStmt) && !is_ignored()) {
    std::vector<Oid> const dropped = dropped_partitions(statement);
    if (!dropped.empty()) follow([&] { follow_dropping(dropped); });
  }
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_sql_drop) {
  (void)event_of(fcinfo);
  if (!is_ignored()) follow(follow_dropped);
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_table_rewrite) {
  const EventTriggerData &event = event_of(fcinfo);
  if (!is_ignored()) follow([&] { follow_rewrite(GetCommandTagName(event.tag)); });
  return Datum{0};
}

}  // namespace reseller_report
