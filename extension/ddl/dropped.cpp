#include "ddl/dropped.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/built_days.hpp"
#include "source/follow_leaves.hpp"
#include "source/location.hpp"
#include "source/own_rows.hpp"
#include "source/restore.hpp"
#include "source/triggers.hpp"

extern "C" {
#include <utils/fmgroids.h>
}

namespace reseller_report {
namespace {

bool contains(const std::vector<Oid> &tables, Oid table) { return std::find(tables.begin(), tables.end(), table) != tables.end(); }

std::string name_of(const RegisteredLeaf &leaf) { return quoted_name(NameStr(leaf.schema), NameStr(leaf.table)); }

// Locks a table and then a partition against everybody; false when one of them is gone by then.
bool lock_if_there(Oid root, Oid leaf) {
  pg([&] {
    LockRelationOid(root, AccessExclusiveLock);
    LockRelationOid(leaf, AccessExclusiveLock);
  });
  return is_there(root) && is_there(leaf);
}

// An object that the command has dropped. For a column or trigger, `address` is the schema and name of its table, and its own name.
struct Dropped {
  std::string type;
  Oid number;
  std::string schema;
  std::string name;
  std::string address[3];
};

std::string text_or_empty(Datum value, bool is_null) { return is_null ? std::string() : text_of(value); }

std::vector<Dropped> dropped_objects() {
  std::vector<Dropped> dropped;
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  query(
      "SELECT object_type, objid, schema_name, object_name, address_names[1], address_names[2], address_names[3] "
      "FROM pg_catalog.pg_event_trigger_dropped_objects() "
      "WHERE object_type IN ('table', 'foreign table', 'table column', 'trigger')",
      {}, [&](const Datum *values, const bool *nulls) {
        auto const text = [&](int i) { return text_or_empty(values[i], nulls[i]); };
        dropped.push_back({text(0), DatumGetObjectId(values[1]), text(2), text(3), {text(4), text(5), text(6)}});
      });
  return dropped;
}

bool is_table(const Dropped &object) { return object.type == "table" || object.type == "foreign table"; }

// A leaf that was dropped. Where it was the whole table of its source, `root` is that source.
struct DroppedLeaf {
  RegisteredLeaf leaf;
  std::optional<RegistryRow> root;
};

bool is_leaf(const Dropped &object, const RegisteredLeaf &leaf) {
  if (knows_leaves(leaf.source)) return object.number == leaf.relid;
  return object.schema == NameStr(leaf.schema) && object.name == NameStr(leaf.table);
}

bool is_whole_table(const RegisteredLeaf &leaf, const RegistryRow &row) {
  if (Oid const noted = noted_table(row.id); OidIsValid(noted)) return noted == leaf.relid;
  return strcmp(row.schema, NameStr(leaf.schema)) == 0 && strcmp(row.table, NameStr(leaf.table)) == 0;
}

std::vector<DroppedLeaf> dropped_leaves(const std::vector<Dropped> &objects) {
  std::vector<RegisteredLeaf> const leaves = registered_leaves();
  std::vector<DroppedLeaf> dropped;
  for (const Dropped &object : objects)
    for (const RegisteredLeaf &leaf : leaves) {
      if (!is_table(object) || !is_leaf(object, leaf)) continue;
      std::optional<RegistryRow> root = registry_now(leaf.source);
      if (root && !is_whole_table(leaf, *root)) root.reset();
      dropped.push_back({leaf, root});
    }
  return dropped;
}

void warn_of_drop(const RegisteredLeaf &leaf, const std::string &first, const std::string &services) {
  std::string const name = name_of(leaf);
  pg([&] {
    ereport(WARNING,
            (errmsg("connected table %s was dropped, and its usage has left the reports of %s", name.c_str(), services.c_str()),
             errhint("If another table takes its place: SELECT reseller_report.attach_source(%s, %s, ...).",
                     quote_literal_cstr(first.c_str()), quote_literal_cstr(name.c_str()))));
  });
}

// Gives one warning for each connected table, which names all services that the table fed.
void warn_of_drops(const std::vector<DroppedLeaf> &dropped) {
  if (has_settings_of_a_restore()) return;
  std::set<std::string> told;
  for (const DroppedLeaf &gone : dropped) {
    if (!gone.root || !told.insert(name_of(gone.leaf)).second) continue;
    std::set<std::pair<Feed, std::string>> services;
    for (const DroppedLeaf &other : dropped)
      if (other.root && name_of(other.leaf) == name_of(gone.leaf))
        services.emplace(parse_mapping(other.root->service, other.root->rules).feed, other.root->service);
    std::string list;
    for (const auto &[feed, service] : services) list += (list.empty() ? "" : ", ") + service;
    warn_of_drop(gone.leaf, services.begin()->second, list);
  }
}

void follow_dropped_tables(const std::vector<Dropped> &objects) {
  std::vector<DroppedLeaf> const dropped = dropped_leaves(objects);
  warn_of_drops(dropped);
  for (const DroppedLeaf &gone : dropped) {
    delete_own_row("source_leaf", gone.leaf.place);
    if (gone.root)
      forget_source(*gone.root);
    else
      unbuild(gone.leaf.source, gone.leaf.days, name_of(gone.leaf) + " was dropped");
  }
}

// Un-builds sources that the column was mapped for. The command may have added another column of its name, so the catalog does not
// tell.
void follow_dropped_column(const Dropped &column) {
  for (const RegistryRow &row : registry_now()) {
    if (table_of(row) != column.number) continue;
    Mapping const mapping = parse_mapping(row.service, row.rules);
    if (std::any_of(mapping.rules, mapping.rules + mapping.count,
                    [&](const Rule &rule) { return !rule.is_constant && column.address[2] == NameStr(rule.column); }))
      unbuild(row.id, kAllTime, "column " + quoted(column.address[2].c_str()) + " was dropped");
  }
}

bool has_both_triggers(Oid table, std::int64_t source) {
  std::vector<OwnTrigger> const triggers = own_triggers(table, source);
  return std::any_of(triggers.begin(), triggers.end(), [](const OwnTrigger &trigger) { return trigger.captures; }) &&
         std::any_of(triggers.begin(), triggers.end(), [](const OwnTrigger &trigger) { return trigger.truncates; });
}

// Un-builds sources whose table is still there but has lost a trigger of ours.
void follow_dropped_triggers(const std::vector<Dropped> &objects) {
  std::set<std::pair<std::int64_t, std::string>> marks;
  for (const Dropped &object : objects) {
    if (object.type != "trigger") continue;
    Oid const table = table_named(object.address[0].c_str(), object.address[1].c_str());
    if (!OidIsValid(table)) continue;
    for (const RegisteredLeaf &leaf : registered_leaves()) {
      if (table_of(leaf) != table || has_both_triggers(table, leaf.source)) continue;
      std::optional<RegistryRow> const row = registry_now(leaf.source);
      if (!row) continue;
      marks.emplace(
          row->id, "trigger " + quoted(object.address[2].c_str()) + " of " + quoted_name(row->schema, row->table) + " was dropped");
    }
  }
  for (const auto &[source, reason] : marks) unbuild(source, kAllTime, reason);
}

void follow_truncate(Oid table) {
  std::vector<Oid> const family = family_and_ancestors_of(table);
  for (const RegistryRow &row : registry_now()) {
    Oid const root = table_of(row);
    if (OidIsValid(root) && contains(family, root))
      follow_rows(row, table, days_of_leaf(table, row), -1, "TRUNCATE of " + qualified_name(table));
  }
}

}  // namespace

void follow_detaching(Oid partition) {
  for (const RegisteredLeaf &leaf : registered_leaves())
    if (table_of(leaf) == partition) unbuild(leaf.source, leaf.days, qualified_name(partition) + " is being detached");
  // DETACH CONCURRENTLY makes other sessions look at the parent anew, but not at the partition. So they would go on capturing what
  // is written to it.
  for (Oid const table : family_of(partition)) pg([&] { CacheInvalidateRelcacheByRelid(table); });
}

void follow_dropping(const std::vector<Oid> &tables) {
  std::vector<Oid> gone;
  for (Oid const table : tables)
    for (Oid const member : family_of(table)) gone.push_back(member);
  struct Lost {
    Oid relid;
    Oid root;
    RegistryRow source;
    Range days;
  };
  std::vector<Lost> lost;
  for (const RegistryRow &row : registry_now()) {
    Oid const root = table_of(row);
    if (!OidIsValid(root) || contains(tables, root)) continue;
    for (const RegisteredLeaf &leaf : registered_leaves(row.id)) {
      Oid const table = table_of(leaf);
      char kind = '\0';
      pg([&] { kind = get_rel_relkind(table); });
      if (leaf.days.from < row.horizon && kind == RELKIND_RELATION && contains(gone, table))
        lost.push_back({table, root, row, leaf.days});
    }
  }
  std::sort(lost.begin(), lost.end(),
            [](const Lost &a, const Lost &b) { return std::tie(a.relid, a.source.id) < std::tie(b.relid, b.source.id); });
  // A partition that another session has dropped meanwhile is passed over: the command itself will report that it is gone.
  for (const Lost &leaf : lost)
    if (lock_if_there(leaf.root, leaf.relid))
      follow_rows(leaf.source, leaf.relid, leaf.days, -1, qualified_name(leaf.relid) + " is being dropped");
}

void follow_dropped() {
  std::vector<Dropped> const objects = dropped_objects();
  if (objects.empty()) return;
  follow_dropped_tables(objects);
  for (const Dropped &object : objects)
    if (object.type == "table column") follow_dropped_column(object);
  follow_dropped_triggers(objects);
}

void follow_rewrite(const char *tag) {
  Oid table = InvalidOid;
  pg([&] { table = DatumGetObjectId(OidFunctionCall0(F_PG_EVENT_TRIGGER_TABLE_REWRITE_OID)); });
  for (const RegisteredLeaf &leaf : registered_leaves())
    if (table_of(leaf) == table) unbuild(leaf.source, leaf.days, name_of(leaf) + " was rewritten by " + tag);
}

// Every leaf has a TRUNCATE trigger, because the parent's does not fire for a leaf. A restore that truncates tables loads what
// belongs in them, so it un-builds nothing.
RESELLER_REPORT_FUNCTION(reseller_report_truncated) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    throw Error(sqlstate::kWrongTriggerCall, "reseller_report._truncated must be called as a trigger");
  auto const *const data = reinterpret_cast<const TriggerData *>(fcinfo->context);
  if (is_restoring()) return Datum{0};
  ActingAs const owner(extension_owner());
  follow_truncate(RelationGetRelid(data->tg_relation));
  return Datum{0};
}

}  // namespace reseller_report
