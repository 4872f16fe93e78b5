#include "ddl/altered.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ddl/catalog_now.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/built_days.hpp"
#include "source/follow_leaves.hpp"
#include "source/location.hpp"
#include "source/restore.hpp"
#include "source/triggers.hpp"

namespace reseller_report {
namespace {

struct Known {
  RegistryRow row;
  Oid relid;
};

// The sources whose tables are there, in order of their ids. After a restore no OID is noted for a source. Then the leaf that has
// the name of the source's table gives the OID.
std::vector<Known> known_sources() {
  std::vector<RegisteredLeaf> const leaves = registered_leaves();
  std::vector<Known> known;
  for (const RegistryRow &row : registry_now()) {
    Oid relid = table_of(row);
    for (const RegisteredLeaf &leaf : leaves)
      if (!OidIsValid(relid) && leaf.source == row.id && strcmp(NameStr(leaf.schema), row.schema) == 0 &&
          strcmp(NameStr(leaf.table), row.table) == 0 && is_there(leaf.relid))
        relid = leaf.relid;
    if (OidIsValid(relid)) known.push_back({row, relid});
  }
  return known;
}

// The objects that the command names.
struct Named {
  std::vector<Oid> tables;  // also the tables of triggers that it names
  std::vector<Oid> types;
};

Named named_by_command() {
  Named named;
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  query(
      "SELECT c.classid, coalesce(t.tgrelid, c.objid) FROM pg_catalog.pg_event_trigger_ddl_commands() c "
      "LEFT JOIN pg_catalog.pg_trigger t ON c.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = c.objid",
      {}, [&](const Datum *values, const bool *nulls) {
        if (nulls[0] || nulls[1]) return;
        Oid const catalog = DatumGetObjectId(values[0]);
        if (catalog == RelationRelationId || catalog == TriggerRelationId) named.tables.push_back(DatumGetObjectId(values[1]));
        if (catalog == TypeRelationId) named.types.push_back(DatumGetObjectId(values[1]));
      });
  return named;
}

bool is_typed_by(Oid table, const std::vector<Oid> &named) {
  Oid type = InvalidOid;
  pg([&] {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) return;
    type = reinterpret_cast<const FormData_pg_class *>(GETSTRUCT(tuple))->reloftype;
    ReleaseSysCache(tuple);
  });
  return OidIsValid(type) && std::any_of(named.begin(), named.end(), [=](Oid relid) {
           Oid row_type = InvalidOid;
           pg([&] { row_type = get_rel_type_id(relid); });
           return row_type == type;
         });
}

// A connected table, and a table of its family that the command names.
using Touched = std::pair<Oid, Oid>;

std::set<Touched> touched_by(const AlteringCommand &command, const Named &named, const std::vector<Known> &known) {
  std::set<Touched> touched;
  auto const is_known = [&](Oid table) {
    return std::any_of(known.begin(), known.end(), [=](const Known &source) { return source.relid == table; });
  };
  for (Oid const table : named.tables)
    for (Oid const relative : family_and_ancestors_of(table))
      if (is_known(relative)) touched.emplace(relative, table);
  for (const Known &source : known)
    if (command.only_moves_schemas() || (command.alters_types() && is_typed_by(source.relid, named.tables)))
      touched.emplace(source.relid, source.relid);
  return touched;
}

std::string services_of(Oid table, const std::vector<Known> &known, const char **first) {
  std::vector<std::pair<Feed, const char *>> services;
  for (const Known &source : known)
    if (source.relid == table) services.emplace_back(parse_mapping(source.row.service, source.row.rules).feed, source.row.service);
  std::sort(services.begin(), services.end());
  *first = services.front().second;
  std::string list;
  for (const auto &[feed, service] : services) list += (list.empty() ? "" : ", ") + std::string(service);
  return list;
}

// An online schema change gives the name of the connected table to another one. The old table goes on feeding reports, which its
// owner may not expect.
void warn_of_rename(const Known &source, const std::vector<Known> &known) {
  if (has_settings_of_a_restore()) return;
  const char *service = nullptr;
  std::string const services = services_of(source.relid, known, &service);
  std::string const now = qualified_name(source.relid);
  pg([&] {
    const char *const before = quote_qualified_identifier(source.row.schema, source.row.table);
    const char *const schema = quote_identifier(source.row.schema);
    ereport(WARNING, (errmsg("connected table %s.%s is %s now, and goes on feeding %s", schema, quote_identifier(source.row.table),
                             now.c_str(), services.c_str()),
                      errhint("If another table takes its place: SELECT reseller_report.detach_source(%s), then SELECT "
                              "reseller_report.attach_source(%s, %s, ...).",
                              quote_literal_cstr(now.c_str()), quote_literal_cstr(service), quote_literal_cstr(before))));
  });
}

void follow_name(const Known &source) {
  SqlParameters parameters;
  NameData schema = {};
  NameData table = {};
  pg([&] {
    namestrcpy(&schema, get_namespace_name(get_rel_namespace(source.relid)));
    namestrcpy(&table, get_rel_name(source.relid));
  });
  parameters.add_bigint(source.row.id).add(NAMEOID, NameGetDatum(&schema)).add(NAMEOID, NameGetDatum(&table));
  execute("SELECT reseller_report._store_name($1, $2, $3)", parameters);
}

bool has_its_name(const Known &source) {
  bool same = false;
  pg([&] {
    same = strcmp(get_rel_name(source.relid), source.row.table) == 0 &&
           strcmp(get_namespace_name(get_rel_namespace(source.relid)), source.row.schema) == 0;
  });
  return same;
}

void store_column(std::int64_t source, int position, const char *column, const char *type) {
  SqlParameters parameters;
  parameters.add_bigint(source).add(INT4OID, Int32GetDatum(position));
  pg([&] { parameters.add(TEXTOID, CStringGetTextDatum(column)).add(TEXTOID, CStringGetTextDatum(type)); });
  execute("SELECT reseller_report._store_column($1, $2, $3, $4)", parameters);
}

// Follows a renamed column, and un-builds a source of which a column is gone or retyped.
void follow_columns(std::int64_t source, Oid table, const AlteringCommand &command) {
  std::optional<RegistryRow> const row = registry_now(source);
  if (!row) return;
  Mapping const mapping = parse_mapping(row->service, row->rules);
  for (int i = 0; i < mapping.count; i++) {
    const Rule &rule = mapping.rules[i];
    if (rule.is_constant) continue;
    const char *column = NameStr(rule.column);
    if (command.old_column != nullptr && strcmp(column, command.old_column) == 0) column = command.new_column;
    std::optional<ColumnNow> const found = column_now(table, column);
    const char *const type = found ? found->shown : rule.type;
    bool const is_retyped = strcmp(type, rule.type) != 0;
    if (!found) unbuild(source, kAllTime, "column " + quoted(column) + " is gone");
    if (is_retyped && !command.only_moves_schemas()) unbuild(source, kAllTime, "column " + quoted(column) + " has another type");
    if (is_retyped || column == command.new_column) store_column(source, i, column, type);
  }
}

// Un-builds a source whose trigger was replaced or switched off. A trigger that fires for the origin alone where it should always
// fire, or the other way round, is set right at once, before anything is written.
void follow_trigger(std::int64_t source, Oid table, const OwnTrigger &trigger) {
  std::string const name = "trigger " + quoted(NameStr(trigger.name)) + " of " + qualified_name(table);
  if (!trigger.is_as_made) unbuild(source, kAllTime, name + " was replaced");
  if (!trigger.is_ours() || trigger.enabled == trigger.wanted) return;
  if (trigger.enabled == TRIGGER_DISABLED)
    unbuild(source, kAllTime, name + " was disabled");
  else if (trigger.enabled == TRIGGER_FIRES_ON_REPLICA)
    unbuild(source, kAllTime, name + " was enabled for replicas only");
  else
    switch_on(table, trigger);
}

// Follows the triggers of the table that the command names, and the capture triggers of its partitions.
void follow_triggers(std::int64_t source, Oid touched) {
  for (Oid const table : family_of(touched)) {
    bool is_partition = false;
    pg([&] { is_partition = get_rel_relispartition(table); });
    if (table != touched && !is_partition) continue;
    for (const OwnTrigger &trigger : own_triggers(table, source))
      if (table == touched || trigger.captures) follow_trigger(source, table, trigger);
  }
}

bool has_column_of(Oid type, const Known &source) {
  Mapping const mapping = parse_mapping(source.row.service, source.row.rules);
  return std::any_of(mapping.rules, mapping.rules + mapping.count, [&](const Rule &rule) {
    if (rule.is_constant) return false;
    std::optional<ColumnNow> const found = column_now(source.relid, NameStr(rule.column));
    return found && found->type == type;
  });
}

// A value of an enum has another label from now on. Writers in flight have captured it by the old label, so this waits until they
// have ended.
void follow_renamed_label(Oid type, const std::vector<Known> &known) {
  for (const Known &source : known) {
    if (table_of(source.row) != source.relid || !has_column_of(type, source)) continue;
    const char *name = nullptr;
    pg([&] { name = format_type_be_qualified(type); });
    execute(("LOCK TABLE " + qualified_name(source.relid) + " IN SHARE ROW EXCLUSIVE MODE").c_str(), {});
    unbuild(source.row.id, kAllTime, std::string("a value of type ") + name + " was renamed");
  }
}

}  // namespace

void follow_altered(const AlteringCommand &command) {
  std::vector<Known> const known = known_sources();
  Named const named = named_by_command();
  Oid last = InvalidOid;
  for (const auto &[root, touched] : touched_by(command, named, known))
    for (const Known &source : known) {
      if (source.relid != root) continue;
      if (!has_its_name(source)) {
        if (root != last) warn_of_rename(source, known);
        follow_name(source);
      }
      last = root;
      follow_columns(source.row.id, root, command);
      follow_triggers(source.row.id, touched);
      follow_leaves(source.row.id, root, Leaves::kChanged);
    }
  if (command.alters_types())
    for (Oid const type : named.types) follow_renamed_label(type, known);
}

}  // namespace reseller_report
