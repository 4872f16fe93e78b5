#include "capture/captured_table.hpp"

#include <algorithm>
#include <charconv>

#include "locks/lease.hpp"
#include "source/registry.hpp"
#include "source/restore.hpp"

namespace reseller_report {
namespace {

HTAB *tables = nullptr;
CapturedTable *last_used = nullptr;
std::uint64_t forgotten = 0;  // counts the server's messages, so that one which arrives while a table is being learned is noticed

void forget_all() {
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, tables);
  while (auto *const table = static_cast<CapturedTable *>(hash_seq_search(&scan))) table->valid = false;
}

void forget_table(Datum, Oid relid) {
  forgotten++;
  if (!OidIsValid(relid)) {
    forget_all();
    return;
  }
  auto *const table = static_cast<CapturedTable *>(hash_search(tables, &relid, HASH_FIND, nullptr));
  if (table != nullptr) table->valid = false;
}

// After a label of an enum was renamed, what is remembered of its values is wrong.
void forget_enums(Datum, CacheId, uint32) {
  forgotten++;
  forget_all();
}

/// Empties the table's own memory, and makes it the current one while it lives.
class TableMemory {
 public:
  explicit TableMemory(CapturedTable &table) {
    pg([&] {
      if (table.context == nullptr)
        table.context = AllocSetContextCreate(CacheMemoryContext, "reseller_report captured table", ALLOCSET_SMALL_SIZES);
      MemoryContextReset(table.context);
    });
    before_ = MemoryContextSwitchTo(table.context);
  }
  ~TableMemory() { MemoryContextSwitchTo(before_); }
  TableMemory(const TableMemory &) = delete;
  TableMemory &operator=(const TableMemory &) = delete;

 private:
  MemoryContext before_;
};

// How many sources a trigger captures for. Its arguments are their ids; after them may come the word "origin".
int sources_named_by(const Trigger *trigger) {
  int const count = trigger->tgnargs;
  return count > 1 && strcmp(trigger->tgargs[count - 1], "origin") == 0 ? count - 1 : std::max(count, 1);
}

std::int64_t source_id_of(const Trigger *trigger, int number) {
  std::int64_t id = 0;
  const char *const text = number < trigger->tgnargs ? trigger->tgargs[number] : "";
  const char *const end = text + strlen(text);
  auto const parsed = std::from_chars(text, end, id);
  if (parsed.ec != std::errc() || parsed.ptr != end || text == end)
    throw Error(sqlstate::kWrongTriggerCall, "reseller_report's capture trigger was created by hand",
                "Use reseller_report.attach_source to connect a table.");
  return id;
}

// Whether a relation is a table or one of its partitions. A connected table may itself have become a partition.
bool is_of(Relation relation, Oid table) {
  if (RelationGetRelid(relation) == table) return true;
  if (!relation->rd_rel->relispartition) return false;
  bool found = false;
  pg([&] {
    // While DETACH PARTITION ... CONCURRENTLY is under way, the server names no ancestors: the partition is a table of its own.
    List *const ancestors = get_partition_ancestors(RelationGetRelid(relation));
    found = list_member_oid(ancestors, table);
    list_free(ancestors);
  });
  return found;
}

enum class Feeding { kNo, kUnread, kYes };

// Whether a table feeds a source, and whether its rows can be read.
Feeding learn_source(CapturedSource &source, Relation relation) {
  RegisteredSource registered = {};
  // Rows are nobody's usage where the registry has no such source (detached in this transaction, or not restored yet), or where it
  // names another table. Nor are rows captured between pre_restore() and post_restore(), which tell is_restoring() of a restore:
  // the changes of these rows were captured before they were dumped, and come with the dump.
  if (!find_registered_source(source.id, registered) || !is_of(relation, registered.relid) || is_restoring()) return Feeding::kNo;
  // Nobody called pre_restore(), but the source came with a dump while its table was captured already. Rows that pg_restore loads
  // into that table are the dump's, so capturing them would count them twice.
  if (registered.restored_captured && is_pg_restore()) throw_restore_in_parts();
  source.mapping = registered.mapping;
  std::string problem;
  return find_layout(source.mapping, RelationGetDescr(relation), source.layout, problem) ? Feeding::kYes : Feeding::kUnread;
}

void learn(CapturedTable &table, Relation relation, const Trigger *trigger) {
  std::uint64_t const forgotten_before = forgotten;
  TableMemory const memory(table);
  int const named = sources_named_by(trigger);
  table.count = 0;
  table.unread_count = 0;
  pg([&] {
    table.sources = static_cast<CapturedSource *>(palloc0(sizeof(CapturedSource) * static_cast<Size>(named)));
    table.unread = static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * static_cast<Size>(named)));
  });
  for (int i = 0; i < named; i++) {
    CapturedSource &source = table.sources[table.count];
    source.id = source_id_of(trigger, i);
    Feeding const feeding = learn_source(source, relation);
    if (feeding == Feeding::kYes) table.count++;
    if (feeding == Feeding::kUnread) table.unread[table.unread_count++] = source.id;
  }
  table.valid = forgotten == forgotten_before;
}

}  // namespace

const CapturedTable &captured_table(Relation relation, const Trigger *trigger) {
  Oid const relid = RelationGetRelid(relation);
  if (last_used != nullptr && last_used->relid == relid && last_used->valid) return *last_used;
  CapturedTable *table = nullptr;
  pg([&] {
    bool found = false;
    table = static_cast<CapturedTable *>(hash_search(tables, &relid, HASH_ENTER, &found));
    if (!found) {
      table->valid = false;
      table->context = nullptr;
      table->count = 0;
      table->unread_count = 0;
    }
  });
  if (!table->valid) learn(*table, relation, trigger);
  last_used = table;
  return *table;
}

void initialize_captured_tables() {
  HASHCTL control = {};
  control.keysize = sizeof(Oid);
  control.entrysize = sizeof(CapturedTable);
  control.hcxt = CacheMemoryContext;
  tables = hash_create("reseller_report captured tables", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  CacheRegisterRelcacheCallback(forget_table, Datum{0});
  CacheRegisterSyscacheCallback(ENUMOID, forget_enums, Datum{0});
}

}  // namespace reseller_report
