#include "source/registry.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/leaf.hpp"
#include "source/learned.hpp"
#include "source/location.hpp"
#include "source/own_rows.hpp"
#include "source/triggers.hpp"

namespace reseller_report {
namespace {

// Whether capture can read the rows. It cannot where a mapped column was dropped, renamed or retyped, and no event trigger saw it.
bool is_readable(const Source &source) {
  Relation relation = nullptr;
  pg([&] { relation = relation_open(source.relid, NoLock); });
  RowLayout layout = {};
  std::string problem;
  bool const readable = find_layout(source.mapping, RelationGetDescr(relation), layout, problem);
  pg([&] { relation_close(relation, NoLock); });
  return readable;
}

using TreeLock = std::function<bool(Oid)>;

// Locks a table with its partitions.
bool lock_all(Oid table) {
  pg([&] {
    LockRelationOid(table, AccessShareLock);
    if (get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE || has_subclass(table))
      list_free(find_all_inheritors(table, AccessShareLock, nullptr));
  });
  return true;
}

// Finds a source's table and locks it with its partitions, also where another session renames it meanwhile. InvalidOid where it is
// gone or could not be locked. After that, a TRUNCATE or DROP of any part waits. One that came before has un-built days.
Oid resolve_and_lock(RegistryRow &row, const TreeLock &lock) {
  for (;;) {
    follow_renames(row);
    Oid const relid = table_of(row);
    if (!OidIsValid(relid) || !lock(relid)) return InvalidOid;
    char kind = '\0';
    pg([&] { kind = get_rel_relkind(relid); });
    follow_renames(row);
    if (table_of(row) == relid) return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ? relid : InvalidOid;
    pg([&] { UnlockRelationOid(relid, AccessShareLock); });
  }
}

// Reads the mapping into memory of its own, which lives as long as somebody has the source. Until the mapping is read, that memory
// is freed with the caller's, and by nobody before: an error that the parser raises keeps its data there.
void read_mapping(const RegistryRow &row, Source &source) {
  MemoryContext memory = nullptr;
  pg([&] { memory = AllocSetContextCreate(CurrentMemoryContext, "reseller_report source", ALLOCSET_SMALL_SIZES); });
  MemoryContext const before = MemoryContextSwitchTo(memory);
  source.mapping = parse_mapping(row.service, row.rules);
  MemoryContextSwitchTo(before);
  source.memory = std::make_shared<SourceMemory>(memory);
}

// The source of a row, from the catalogs. Nothing where its table is gone or could not be locked.
std::optional<Source> read_source(RegistryRow row, const TreeLock &lock) {
  std::uint64_t const told = changes_told();
  Source source = {};
  source.id = row.id;
  source.relid = resolve_and_lock(row, lock);
  if (!OidIsValid(source.relid)) return {};
  source.name = qualified_name(source.relid);
  read_mapping(row, source);
  source.horizon = row.horizon;
  source.is_captured = is_captured(source.relid, source.id);
  source.is_readable = is_readable(source);
  source.has_strangers = has_strangers(source.id, source.relid);
  remember(source, row.rules, told);
  return source;
}

// The source as this backend learned it, with its tables locked; nothing where it is not known, or has changed until the tables
// were locked.
std::optional<Source> lock_learned_source(std::int64_t id) {
  const LearnedSource *const learned = learned_source(id);
  if (learned == nullptr) return {};
  pg([&] {
    for (Oid const table : learned->tables) LockRelationOid(table, AccessShareLock);
  });
  if (learned->is_stale) return {};
  return learned->source;
}

// Completes sources that were not read from the catalogs by what the registry says of them now, after their tables were locked.
// Where it has another mapping for one, or lost it, that source is read.
void bring_up_to_date(std::vector<Source> &sources, const std::vector<RegistryRow> &seen) {
  auto const registry = latest_registry();
  const std::vector<RegistryRow> &latest = registry->rows();
  auto const by_id = [](const RegistryRow &row, std::int64_t id) { return row.id < id; };
  for (Source &source : sources) {
    auto const now = std::lower_bound(latest.begin(), latest.end(), source.id, by_id);
    const LearnedSource *const learned = learned_source(source.id);
    if (now != latest.end() && now->id == source.id && learned != nullptr && has_rules(*learned, now->rules)) {
      source.horizon = now->horizon;
      continue;
    }
    auto const before = std::lower_bound(seen.begin(), seen.end(), source.id, by_id);
    std::optional<Source> read = read_source(*before, lock_all);
    if (read)
      source = std::move(*read);
    else
      source.relid = InvalidOid;
  }
  sources.erase(std::remove_if(sources.begin(), sources.end(), [](const Source &source) { return !OidIsValid(source.relid); }),
                sources.end());
}

void order_by_name(std::vector<Source> &sources) {
  std::sort(sources.begin(), sources.end(),
            [](const Source &a, const Source &b) { return std::tie(a.name, a.mapping.feed) < std::tie(b.name, b.mapping.feed); });
}

template <typename Wanted>
std::vector<Source> sources_where(Wanted &&wanted, const TreeLock &lock = lock_all) {
  std::vector<Source> sources;
  auto const registry = registry_seen();
  for (const RegistryRow &row : registry->rows()) {
    if (!wanted(row)) continue;
    if (std::optional<Source> source = read_source(row, lock)) sources.push_back(std::move(*source));
  }
  order_by_name(sources);
  return sources;
}

// The same, of sources that were learned already without reading the catalogs.
template <typename Wanted>
std::vector<Source> sources_where_learned(Wanted &&wanted) {
  std::vector<Source> sources;
  std::vector<Source> learned;
  auto const registry = registry_seen();
  const std::vector<RegistryRow> &rows = registry->rows();
  for (const RegistryRow &row : rows) {
    if (!wanted(row)) continue;
    if (std::optional<Source> source = lock_learned_source(row.id))
      learned.push_back(std::move(*source));
    else if ((source = read_source(row, lock_all)))
      sources.push_back(std::move(*source));
  }
  if (!learned.empty()) bring_up_to_date(learned, rows);
  sources.insert(sources.end(), std::make_move_iterator(learned.begin()), std::make_move_iterator(learned.end()));
  order_by_name(sources);
  return sources;
}

}  // namespace

SourceMemory::SourceMemory(MemoryContext context) : context_(context) { MemoryContextSetParent(context, CacheMemoryContext); }

SourceMemory::~SourceMemory() { MemoryContextDelete(context_); }

std::vector<Source> sources_of(const std::vector<Service> &services) {
  return sources_where_learned([&](const RegistryRow &row) {
    return std::any_of(services.begin(), services.end(), [&](Service service) { return feeds(feed_named(row.service), service); });
  });
}

std::vector<Source> all_sources() {
  return sources_where_learned([](const RegistryRow &) { return true; });
}

std::vector<Source> find_sources(Oid table) {
  // Tables of other sources must not be locked.
  return sources_where([=](RegistryRow row) {
    follow_renames(row);
    return table_of(row) == table;
  });
}

std::optional<Source> try_source(std::int64_t id, const std::function<bool(Oid)> &lock) {
  std::vector<Source> found = sources_where([=](const RegistryRow &row) { return row.id == id; }, lock);
  if (found.empty()) return {};
  return std::move(found.front());
}

std::vector<Source> sources_of_table(Oid table) {
  if (std::vector<Source> found = find_sources(table); !found.empty()) return found;
  const char *name = nullptr;
  pg([&] { name = get_rel_name(table); });
  throw Error(sqlstate::kUndefinedObject, "table \"" + std::string(name != nullptr ? name : "?") + "\" is not connected",
              "SELECT * FROM reseller_report.sources() lists the connected tables; reseller_report.attach_source connects one.");
}

std::vector<std::int64_t> ids_of(const std::vector<Source> &sources) {
  std::vector<std::int64_t> ids;
  std::transform(sources.begin(), sources.end(), std::back_inserter(ids), [](const Source &source) { return source.id; });
  return ids;
}

bool find_registered_source(std::int64_t id, RegisteredSource &found) {
  std::optional<RegistryRow> row = registry_now(id);
  // If a rename commits after the registry was read, no table has the name that was read. So look again until the name stays the
  // same.
  for (std::optional<RegistryRow> before; row && (!before || !same_names(*before, *row));) {
    found.relid = table_of(*row);
    before = row;
    row = registry_now(id);
  }
  if (!row) return false;
  found.restored_captured = row->restored_captured;
  found.mapping = parse_mapping(row->service, row->rules);
  return OidIsValid(found.relid);
}

std::vector<SourceState> source_states() {
  std::vector<SourceState> states;
  auto const registry = registry_seen();
  for (RegistryRow row : registry->rows()) {
    follow_renames(row);
    Oid const relid = table_of(row);
    if (OidIsValid(relid)) states.push_back({row.id, row.horizon, has_capture_trigger_by_name(relid)});
  }
  return states;
}

void put_slice(FunctionCallInfo fcinfo, Oid table, const Range &slice) {
  pg([&] {
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Datum values[] = {ObjectIdGetDatum(table), TimestampTzGetDatum(slice.from), TimestampTzGetDatum(slice.to)};
    bool nulls[] = {false, false, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  });
}

}  // namespace reseller_report
