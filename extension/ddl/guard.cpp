// Refuses DDL on the extension's own tables that would change what C++ relies on when it reads and writes them.

#include "ddl/event.hpp"
#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "source/restore.hpp"

extern "C" {
#include <commands/extension.h>
#include <nodes/parsenodes.h>
}

namespace reseller_report {
namespace {

// The scripts of the extension and its own DDL may alter its tables. While it is being dropped nothing is left to guard.
bool is_ours_to_alter() {
  return creating_extension || IsBinaryUpgrade || OwnDdl::under_way() || !OidIsValid(own_relation("own_part"));
}

void guard(const char *sql, const SqlParameters &parameters) {
  ActingAs const owner(extension_owner());
  execute(sql, parameters);
}

SqlParameters whether_restoring() {
  SqlParameters parameters;
  parameters.add(BOOLOID, BoolGetDatum(is_restoring() || may_be_loading_dump()));
  return parameters;
}

// The table that CREATE INDEX CONCURRENTLY gives an index, or the index that DROP INDEX CONCURRENTLY drops; InvalidOid for any
// other command. These two commands commit before they end.
Oid concurrent_target(const Node *statement) {
  Oid target = InvalidOid;
  pg([&] {
    if (IsA(statement, IndexStmt)) {
      auto const *const index = reinterpret_cast<const IndexStmt *>(statement);
      if (index->concurrent) target = RangeVarGetRelid(index->relation, NoLock, true);
    } else if (IsA(statement, DropStmt)) {
      // The server takes no more than one index concurrently.
      auto const *const drop = reinterpret_cast<const DropStmt *>(statement);
      if (drop->concurrent)
        target = RangeVarGetRelid(makeRangeVarFromNameList(static_cast<List *>(linitial(drop->objects))), NoLock, true);
    }
  });
  return target;
}

bool has_foreign_key(const List *constraints) {
  ListCell *cell = nullptr;
  foreach (cell, constraints) {
    auto const *const node = static_cast<const Node *>(lfirst(cell));
    if (IsA(node, Constraint) && reinterpret_cast<const Constraint *>(node)->contype == CONSTR_FOREIGN) return true;
  }
  return false;
}

// A new table concerns ours when it inherits from one or refers to it.
bool has_relations(const CreateStmt *table) {
  if (table->inhRelations != NIL || has_foreign_key(table->tableElts) || has_foreign_key(table->constraints)) return true;
  ListCell *cell = nullptr;
  foreach (cell, table->tableElts) {
    auto const *const node = static_cast<const Node *>(lfirst(cell));
    if (IsA(node, ColumnDef) && has_foreign_key(reinterpret_cast<const ColumnDef *>(node)->constraints)) return true;
  }
  return false;
}

// Whether a command may concern a table of ours. For the most frequent commands, which are mostly about other tables, the statement
// tells. For the rest the catalogs are asked.
bool may_concern_us(const Node *statement) {
  if (IsA(statement, CreateStmt)) return has_relations(reinterpret_cast<const CreateStmt *>(statement));
  if (!IsA(statement, IndexStmt)) return true;
  bool may = true;
  pg([&] {
    Oid const table = RangeVarGetRelid(reinterpret_cast<const IndexStmt *>(statement)->relation, NoLock, true);
    may = !OidIsValid(table) || get_rel_namespace(table) == get_namespace_oid("reseller_report", true);
  });
  return may;
}

}  // namespace

// Called when a command begins, it refuses one that would commit before it ends. Called when a command ends, it refuses what the
// command did.
RESELLER_REPORT_FUNCTION(reseller_report_guard) {
  const EventTriggerData &event = event_of(fcinfo);
  if (is_ours_to_alter()) return Datum{0};
  if (strcmp(event.event, "ddl_command_start") == 0) {
    SqlParameters parameters;
    Oid const target = concurrent_target(event.parsetree);
    parameters.add(OIDOID, ObjectIdGetDatum(target));
    if (OidIsValid(target)) guard("SELECT reseller_report._guard_concurrent($1)", parameters);
  } else if (may_concern_us(event.parsetree)) {
    guard("SELECT reseller_report._guard_command($1)", whether_restoring());
  }
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_guard_dropped) {
  (void)event_of(fcinfo);
  if (!is_ours_to_alter()) guard("SELECT reseller_report._guard_drop($1)", whether_restoring());
  return Datum{0};
}

}  // namespace reseller_report
