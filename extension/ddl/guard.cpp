// Refusing DDL that would make the extension's own tables other than C++ reads and writes them.

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

const EventTriggerData &event_of(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
    throw Error(sqlstate::kWrongEventTriggerCall, "an event trigger function of reseller_report was called by hand");
  return *reinterpret_cast<const EventTriggerData *>(fcinfo->context);
}

// The extension's scripts and its own DDL make the tables what they are; while it is dropped nothing is left to guard.
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

// The table that gets an index, or the index that goes, by a command that commits in its midst; InvalidOid when it is none.
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

// Whether what is done most, and mostly to tables of others, may concern one of ours; of other commands the server is asked.
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

// At the beginning of a command, what commits before its end; at the end, what it did.
RESELLER_REPORT_FUNCTION(reseller_report_guard) {
  const EventTriggerData &event = event_of(fcinfo);
  if (is_ours_to_alter()) return PointerGetDatum(nullptr);
  if (strcmp(event.event, "ddl_command_start") == 0) {
    SqlParameters parameters;
    Oid const target = concurrent_target(event.parsetree);
    parameters.add(OIDOID, ObjectIdGetDatum(target));
    if (OidIsValid(target)) guard("SELECT reseller_report._guard_concurrent($1)", parameters);
  } else if (may_concern_us(event.parsetree)) {
    guard("SELECT reseller_report._guard_command($1)", whether_restoring());
  }
  return PointerGetDatum(nullptr);
}

RESELLER_REPORT_FUNCTION(reseller_report_guard_dropped) {
  (void)event_of(fcinfo);
  if (!is_ours_to_alter()) guard("SELECT reseller_report._guard_drop($1)", whether_restoring());
  return PointerGetDatum(nullptr);
}

}  // namespace reseller_report
