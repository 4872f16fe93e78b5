#include "capture/accumulator.hpp"

#include <algorithm>
#include <vector>

#include "summary/delta.hpp"

namespace reseller_report::accumulator {
namespace {

// Changes that a table may hold before it is flushed. It is then about 10.5 MB: 131,072 entries of 80 bytes.
constexpr std::uint32_t kCap = 65'536;
constexpr std::uint32_t kFirstCapacity = 16;

struct Entry {
  UsageKey key;
  bool used;
  Counters counters;
};

// What a subtransaction has captured: an open-addressing hash table in the server's memory. It must outlive calls, and vanish with
// the transaction also after ERROR and FATAL, which run no destructors.
struct NestTable {
  NestTable *below;
  int nest_level;
  std::uint32_t capacity;  // a power of two
  std::uint32_t count;
  Entry *entries;
};

NestTable *top = nullptr;

// The command that last captured or flushed, kept until the transaction ends. A report in a snapshot that does not see all of that
// command must read raw rows.
CommandId last_command = InvalidCommandId;

std::uint32_t place_of(const UsageKey &key) {
  std::uint64_t const h = hash_of(key);
  return static_cast<std::uint32_t>(h ^ h >> 32);
}

Entry *find_slot(NestTable *table, const UsageKey &key) {
  std::uint32_t const mask = table->capacity - 1;
  for (std::uint32_t at = place_of(key) & mask;; at = (at + 1) & mask) {
    Entry *const entry = &table->entries[at];
    if (!entry->used || entry->key == key) return entry;
  }
}

Entry *allocate(std::uint32_t capacity) {
  return static_cast<Entry *>(
      MemoryContextAllocExtended(TopTransactionContext, sizeof(Entry) * capacity, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
}

// Makes room for `count` entries at a load of at most two thirds. Raises when memory is out, with the table as it was.
void reserve(NestTable *table, std::uint32_t count) {
  std::uint32_t capacity = table->capacity;
  while (count > capacity / 3 * 2) capacity *= 2;
  if (capacity == table->capacity) return;
  Entry *const old = table->entries;
  Entry *const fresh = allocate(capacity);
  std::uint32_t const old_capacity = table->capacity;
  table->entries = fresh;
  table->capacity = capacity;
  for (std::uint32_t i = 0; i < old_capacity; i++)
    if (old[i].used) *find_slot(table, old[i].key) = old[i];
  pfree(old);
}

// Adds without allocating; false when a figure would overflow.
bool put(NestTable *table, const UsageKey &key, const Counters &counters, int sign) {
  Entry *const entry = find_slot(table, key);
  if (!entry->used) {
    entry->key = key;
    entry->used = true;
    table->count++;
  }
  return add(entry->counters, counters, sign);
}

void clear(NestTable *table) {
  std::fill_n(table->entries, table->capacity, Entry{});
  table->count = 0;
}

NestTable *current_nest() {
  int const nest_level = GetCurrentTransactionNestLevel();
  if (top != nullptr && top->nest_level == nest_level) return top;
  auto *const fresh = static_cast<NestTable *>(MemoryContextAlloc(TopTransactionContext, sizeof(NestTable)));
  *fresh = {top, nest_level, kFirstCapacity, 0, allocate(kFirstCapacity)};
  top = fresh;
  return top;
}

void pop() {
  NestTable *const gone = top;
  top = gone->below;
  pfree(gone->entries);
  pfree(gone);
}

// Notes the current command as the last one that captured, and marks its number as used. The server gives the next command another
// number only where this one is used, and a change in the accumulator does not use it. Without that, snapshots of the next command
// would have the same number. is_ahead_of() would take them for snapshots that do not see all of this command, and reports would
// read raw rows for nothing. A trigger that runs SQL may begin another command, so every change asks whether the command is still
// the same.
void note_command() {
  if (last_command != GetCurrentCommandId(false)) pg([] { last_command = GetCurrentCommandId(true); });
}

void flush_nest(NestTable *table) {
  std::vector<UsageChange> changes;
  changes.reserve(table->count);
  for (std::uint32_t i = 0; i < table->capacity; i++) {
    const Entry &entry = table->entries[i];
    if (entry.used && !entry.counters.is_zero()) changes.push_back({entry.key, entry.counters});
  }
  write_deltas(std::move(changes), GetCurrentTimestamp());
  clear(table);
  note_command();
}

bool merge_would_overflow(NestTable *from, NestTable *into) {
  for (std::uint32_t i = 0; i < from->capacity; i++) {
    const Entry &entry = from->entries[i];
    if (!entry.used) continue;
    const Entry *const target = find_slot(into, entry.key);
    Counters sum = target->counters;
    if (target->used && !add(sum, entry.counters)) return true;
  }
  return false;
}

NestTable *parent_to_merge_into() {
  bool const adjacent = top->below != nullptr && top->below->nest_level == top->nest_level - 1;
  return adjacent ? top->below : nullptr;
}

// Does everything about the merge that can fail, while the subtransaction can still fail. Where the changes do not fit into the
// parent's table, they are flushed as the subtransaction's own.
void prepare_merge() {
  NestTable *const parent = parent_to_merge_into();
  if (parent == nullptr) return;
  if (top->count + parent->count > kCap) {
    flush_nest(top);
    return;
  }
  pg([&] { reserve(parent, top->count + parent->count); });
  if (merge_would_overflow(top, parent)) flush_nest(top);
}

void merge() {
  NestTable *const parent = parent_to_merge_into();
  if (parent == nullptr) {
    // The subtransaction around this one has captured nothing and has no table. This table becomes its own.
    top->nest_level--;
    return;
  }
  for (std::uint32_t i = 0; i < top->capacity; i++) {
    const Entry &entry = top->entries[i];
    if (entry.used && !put(parent, entry.key, entry.counters, 1)) elog(FATAL, "usage changes of a subtransaction do not fit");
  }
  pop();
}

void on_transaction(XactEvent event, void *) {
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
      if (top == nullptr || top->count == 0) return;
      guarded([] {
        flush_nest(top);
        return Datum{0};
      });
      return;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT:
      top = nullptr;  // its memory goes with TopTransactionContext
      last_command = InvalidCommandId;
      return;
    default:
      return;  // parallel workers capture nothing
  }
}

void on_subtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
  if (top == nullptr || top->nest_level != GetCurrentTransactionNestLevel()) return;
  switch (event) {
    case SUBXACT_EVENT_PRE_COMMIT_SUB:
      guarded([] {
        prepare_merge();
        return Datum{0};
      });
      return;
    case SUBXACT_EVENT_COMMIT_SUB:
      merge();
      return;
    case SUBXACT_EVENT_ABORT_SUB:
      pop();
      return;
    case SUBXACT_EVENT_START_SUB:
      return;
  }
}

}  // namespace

void change(const UsageKey &key, const Counters &counters, int sign) {
  NestTable *table = top;
  bool const has_room =
      table != nullptr && table->nest_level == GetCurrentTransactionNestLevel() && table->count + 1 <= table->capacity / 3 * 2;
  if (!has_room)
    pg([&] {
      table = current_nest();
      reserve(table, table->count + 1);
    });
  note_command();
  if (!put(table, key, counters, sign)) {
    flush_nest(table);
    (void)put(table, key, counters, sign);  // onto zero: one event cannot overflow
  }
  if (table->count >= kCap) flush_nest(table);
}

bool parents_have_changes() {
  int const nest_level = GetCurrentTransactionNestLevel();
  for (const NestTable *table = top; table != nullptr; table = table->below)
    if (table->nest_level < nest_level && table->count > 0) return true;
  return false;
}

bool is_ahead_of(Snapshot snapshot) { return last_command != InvalidCommandId && snapshot->curcid <= last_command; }

void visit(Visitor visitor, void *state) {
  for (const NestTable *table = top; table != nullptr; table = table->below)
    for (std::uint32_t i = 0; i < table->capacity; i++)
      if (table->entries[i].used) visitor(state, table->entries[i].key, table->entries[i].counters);
}

void initialize() {
  RegisterXactCallback(on_transaction, nullptr);
  RegisterSubXactCallback(on_subtransaction, nullptr);
}

}  // namespace reseller_report::accumulator
