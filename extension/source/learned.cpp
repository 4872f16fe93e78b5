#include "source/learned.hpp"

#include <unordered_map>
#include <unordered_set>

#include "source/location.hpp"

extern "C" {
#include <catalog/pg_inherits.h>
}

namespace reseller_report {
namespace {

// With more tables than this, a plan for all of them takes longer to start than a plan for those of a range takes to make.
constexpr size_t kFewTables = 64;

// Never destroyed: when the process exits, the server may have given up already what the sources would free.
std::unordered_map<std::int64_t, LearnedSource> &sources = *new std::unordered_map<std::int64_t, LearnedSource>;
std::unordered_set<Oid> &tables_of_all = *new std::unordered_set<Oid>;
std::uint64_t told = 0;

void forget_all() {
  told++;
  for (auto &[id, source] : sources) source.is_stale = true;
}

void forget_table(Datum, Oid relid) {
  if (!OidIsValid(relid)) {
    forget_all();
    return;
  }
  told++;
  if (tables_of_all.count(relid) == 0) return;
  for (auto &[id, source] : sources)
    for (Oid const table : source.tables)
      if (table == relid) source.is_stale = true;
}

// Names of schemas are part of a table's name, and labels of enums decide whether a column can be read.
void forget_for_syscache(Datum, CacheId, uint32) { forget_all(); }

// Inside pg(): whether one of the partitions waits for the end of a DETACH PARTITION ... CONCURRENTLY.
bool has_pending_detach(List *tables) {
  bool pending = false;
  for (int i = 0; i < list_length(tables) && !pending; i++) {
    Oid const table = list_nth_oid(tables, i);
    if (get_rel_relkind(table) != RELKIND_PARTITIONED_TABLE) continue;
    TransactionId marked_by = InvalidTransactionId;
    list_free(find_inheritance_children_extended(table, false, NoLock, &pending, &marked_by));
  }
  return pending;
}

}  // namespace

std::uint64_t changes_told() { return told; }

const LearnedSource *learned_source(std::int64_t id) {
  auto const found = sources.find(id);
  return found != sources.end() && !found->second.is_stale ? &found->second : nullptr;
}

void remember(const Source &source, const Jsonb *rules, std::uint64_t told_before) {
  // Where its OID is not noted, the table is found by its name. The server does not tell when another table takes that name.
  if (!is_noted(source.id)) return;
  std::vector<Oid> tables;
  bool pending = false;
  pg([&] {
    List *const found = find_all_inheritors(source.relid, NoLock, nullptr);
    for (int i = 0; i < list_length(found); i++) tables.push_back(list_nth_oid(found, i));
    pending = has_pending_detach(found);
    list_free(found);
  });
  if (pending || told != told_before) return;
  const char *const bytes = reinterpret_cast<const char *>(rules);
  tables_of_all.insert(tables.begin(), tables.end());
  LearnedSource &learned = sources[source.id];
  learned = {source, std::move(tables), {bytes, bytes + VARSIZE(rules)}, false};
  learned.source.keeps_plans = learned.tables.size() <= kFewTables;
}

bool has_rules(const LearnedSource &learned, const Jsonb *rules) {
  return learned.rules.size() == VARSIZE(rules) && memcmp(learned.rules.data(), rules, VARSIZE(rules)) == 0;
}

void initialize_learned_sources() {
  CacheRegisterRelcacheCallback(forget_table, Datum{0});
  CacheRegisterSyscacheCallback(NAMESPACEOID, forget_for_syscache, Datum{0});
  CacheRegisterSyscacheCallback(ENUMOID, forget_for_syscache, Datum{0});
}

}  // namespace reseller_report
