#include "source/registry_rows.hpp"

#include <algorithm>

#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "source/leaf.hpp"
#include "source/location.hpp"
#include "source/own_rows.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.source; must match sql/source.sql.
enum SourceColumn : int {
  kId = 1,
  kService,
  kSchemaName,
  kTableName,
  kRules,
  kHorizon,
  kMoves,
  kAttachedAt,
  kRestored,
  kRestoredCaptured
};

RegistryRow row_of(HeapTuple tuple, TupleDesc columns) {
  return {DatumGetInt64(own_column(tuple, columns, kId)),
          TextDatumGetCString(own_column(tuple, columns, kService)),
          pstrdup(NameStr(*DatumGetName(own_column(tuple, columns, kSchemaName)))),
          pstrdup(NameStr(*DatumGetName(own_column(tuple, columns, kTableName)))),
          DatumGetJsonbPCopy(own_column(tuple, columns, kRules)),
          DatumGetTimestampTz(own_column(tuple, columns, kHorizon)),
          DatumGetInt64(own_column(tuple, columns, kMoves)),
          DatumGetBool(own_column(tuple, columns, kRestored)),
          DatumGetBool(own_column(tuple, columns, kRestoredCaptured)),
          tuple->t_self};
}

// The rows of the registry that `snapshot` sees; NULL stands for the latest one. Only the one with this id where `id` is given. In
// order of ids, so that all sessions lock the tables in one order.
std::vector<RegistryRow> read_registry(const OwnTable &table, Snapshot snapshot, const std::int64_t *id) {
  Oid const index = id != nullptr ? own_relation("source_pkey") : InvalidOid;
  ScanKeyData key;
  if (id != nullptr) pg([&] { ScanKeyInit(&key, kId, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(*id)); });
  OwnScan scan(table, snapshot, index, id != nullptr ? 1 : 0, &key);
  std::vector<RegistryRow> rows;
  for (;;) {
    HeapTuple tuple = nullptr;
    RegistryRow row = {};
    pg([&] {
      tuple = scan.next();
      if (HeapTupleIsValid(tuple)) row = row_of(tuple, table.tuple_desc());
    });
    if (!HeapTupleIsValid(tuple)) break;
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const RegistryRow &a, const RegistryRow &b) { return a.id < b.id; });
  return rows;
}

std::vector<RegistryRow> read_registry(Snapshot snapshot, const std::int64_t *id) {
  OwnTable const table("source", AccessShareLock);
  return read_registry(table, snapshot, id);
}

// Who asks for the sources of each service asks for the same rows again and again. Never destroyed: when the process exits, the
// server may have given up already what the registry would free.
LastReading<Registry> &last_registry = *new LastReading<Registry>;

std::shared_ptr<const Registry> registry_seen(const OwnTable &table, Snapshot snapshot) {
  return last_registry.get(snapshot, [&] { return std::make_shared<const Registry>(table, snapshot); });
}

}  // namespace

Registry::Registry(const OwnTable &table, Snapshot snapshot) {
  pg([&] { memory_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report registry", ALLOCSET_SMALL_SIZES); });
  MemoryContext const before = MemoryContextSwitchTo(memory_);
  rows_ = read_registry(table, snapshot, nullptr);
  MemoryContextSwitchTo(before);
  MemoryContextSetParent(memory_, CacheMemoryContext);
}

Registry::~Registry() { MemoryContextDelete(memory_); }

std::shared_ptr<const Registry> registry_seen() {
  OwnTable const table("source", AccessShareLock);
  return registry_seen(table, GetActiveSnapshot());
}

std::shared_ptr<const Registry> latest_registry() {
  OwnTable const table("source", AccessShareLock);
  LatestSnapshot const latest(table);
  return registry_seen(table, latest.get());
}

bool same_names(const RegistryRow &a, const RegistryRow &b) {
  return strcmp(a.schema, b.schema) == 0 && strcmp(a.table, b.table) == 0;
}

void follow_renames(RegistryRow &row) {
  if (std::optional<RegistryRow> const latest = registry_now(row.id)) row = *latest;
}

std::vector<RegistryRow> registry_now() { return read_registry(nullptr, nullptr); }

std::optional<RegistryRow> registry_now(std::int64_t source) {
  std::vector<RegistryRow> const rows = read_registry(nullptr, &source);
  if (rows.empty()) return {};
  return rows.front();
}

Oid table_of(const RegistryRow &row) { return table_of(row.id, row.schema, row.table); }

void forget_source(const RegistryRow &row) {
  delete_own_row("source", row.place);
  SqlParameters parameters;
  parameters.add_bigint(row.id);
  execute("INSERT INTO reseller_report.source_gone (source) VALUES ($1)", parameters);
}

std::vector<Oid> connected_tables() {
  std::vector<Oid> tables;
  for (const RegistryRow &row : read_registry(nullptr, nullptr)) {
    Oid const table = table_of(row);
    if (OidIsValid(table) && std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(table);
  }
  return tables;
}

bool is_connected(Oid table) {
  std::vector<Oid> const tables = connected_tables();
  return std::find(tables.begin(), tables.end(), table) != tables.end();
}

std::optional<std::int64_t> times_moved(std::int64_t source, Snapshot snapshot) {
  std::vector<RegistryRow> const rows = read_registry(snapshot, &source);
  if (rows.empty()) return {};
  return rows.front().moves;
}

bool is_registry_stale() {
  std::vector<RegistryRow> const rows = read_registry(nullptr, nullptr);
  return std::any_of(rows.begin(), rows.end(), [](const RegistryRow &row) {
    Oid const table = table_of(row);
    if (!OidIsValid(table)) return is_noted(row.id);
    if (has_strangers(row.id, table)) return true;
    bool same = false;
    pg([&] {
      const char *const name = get_rel_name(table);
      const char *const schema = get_namespace_name(get_rel_namespace(table));
      same = name != nullptr && schema != nullptr && strcmp(name, row.table) == 0 && strcmp(schema, row.schema) == 0;
    });
    return !same;
  });
}

bool only_restored_sources() {
  std::vector<RegistryRow> const rows = read_registry(nullptr, nullptr);
  return std::all_of(rows.begin(), rows.end(), [](const RegistryRow &row) { return row.restored; });
}

}  // namespace reseller_report
