// Capture: the row trigger that turns every change of a usage table into signed changes of this transaction. It reads no
// table (the mapping is cached in the backend) and waits for nobody.

#include "capture/capture.hpp"

#include <algorithm>
#include <charconv>

#include "capture/accumulator.hpp"
#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "server/subtransaction.hpp"
#include "source/raw_scan.hpp"
#include "source/registry.hpp"
#include "source/restore.hpp"
#include "source/usage_reader.hpp"

namespace reseller_report {
namespace {

// A service that a table feeds.
struct CachedSource {
  std::int64_t id;
  Mapping mapping;
  RowLayout layout;
};

// What capture knows of one table or leaf partition. Plain data; relcache messages, and those of enums, make it stale.
struct CachedTable {
  Oid relid;  // the hash key
  bool valid;
  MemoryContext context;  // holds the sources, with their mappings and layouts; a child of CacheMemoryContext
  int count;              // 0: the trigger was put here by someone else, and captures nothing
  CachedSource *sources;
  int unread_count;
  std::int64_t *unread;  // the ids of sources that the table is, but whose mapped columns cannot be read any more
};

HTAB *tables = nullptr;
CachedTable *last_used = nullptr;
std::uint64_t forgotten = 0;  // counts messages, to notice one that arrives while a table is being learned

void forget_all() {
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, tables);
  while (auto *const table = static_cast<CachedTable *>(hash_seq_search(&scan))) table->valid = false;
}

void forget_table(Datum, Oid relid) {
  forgotten++;
  if (!OidIsValid(relid)) {
    forget_all();
    return;
  }
  auto *const table = static_cast<CachedTable *>(hash_search(tables, &relid, HASH_FIND, nullptr));
  if (table != nullptr) table->valid = false;
}

// A label that was renamed stands for something else.
void forget_enums(Datum, int, uint32) {
  forgotten++;
  forget_all();
}

/// Allocates in the table's own memory while it lives, emptied first.
class TableMemory {
 public:
  explicit TableMemory(CachedTable &table) {
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

// The sources that a trigger captures for: its arguments, of which the last may say "origin" instead.
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
    // None while a DETACH PARTITION ... CONCURRENTLY waits for its end: then it is a table of its own.
    List *const ancestors = get_partition_ancestors(RelationGetRelid(relation));
    found = list_member_oid(ancestors, table);
    list_free(ancestors);
  });
  return found;
}

enum class Feeding { kNo, kUnread, kYes };

// Whether a table feeds the source, and can be read.
Feeding learn_source(CachedSource &source, Relation relation) {
  RegisteredSource registered = {};
  // Without a row in the registry (detached in this transaction, or not yet restored), or on a table that the registry
  // does not name, the rows are nobody's usage. What a restore loads was captured where it was dumped: it is told by pre_restore,
  // or told so.
  if (!find_registered_source(source.id, registered) || !is_of(relation, registered.relid) || is_restoring()) return Feeding::kNo;
  if (registered.restored_captured && is_pg_restore()) throw_restore_in_parts();
  source.mapping = registered.mapping;
  std::string problem;
  return find_layout(source.mapping, RelationGetDescr(relation), source.layout, problem) ? Feeding::kYes : Feeding::kUnread;
}

void learn(CachedTable &table, Relation relation, const Trigger *trigger) {
  std::uint64_t const forgotten_before = forgotten;
  TableMemory const memory(table);
  int const named = sources_named_by(trigger);
  table.count = 0;
  table.unread_count = 0;
  pg([&] {
    table.sources = static_cast<CachedSource *>(palloc0(sizeof(CachedSource) * static_cast<Size>(named)));
    table.unread = static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * static_cast<Size>(named)));
  });
  for (int i = 0; i < named; i++) {
    CachedSource &source = table.sources[table.count];
    source.id = source_id_of(trigger, i);
    Feeding const feeding = learn_source(source, relation);
    if (feeding == Feeding::kYes) table.count++;
    if (feeding == Feeding::kUnread) table.unread[table.unread_count++] = source.id;
  }
  table.valid = forgotten == forgotten_before;
}

const CachedTable &table_of(Relation relation, const Trigger *trigger) {
  Oid const relid = RelationGetRelid(relation);
  if (last_used != nullptr && last_used->relid == relid && last_used->valid) return *last_used;
  CachedTable *table = nullptr;
  pg([&] {
    bool found = false;
    table = static_cast<CachedTable *>(hash_search(tables, &relid, HASH_ENTER, &found));
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

struct MappedValues {
  Datum values[kMostRules];
  bool nulls[kMostRules];
};

MappedValues values_of(const CachedSource &source, TupleTableSlot *slot) {
  MappedValues row;
  pg([&] {
    for (int i = 0; i < source.mapping.count; i++) {
      row.nulls[i] = true;
      row.values[i] = 0;
      AttrNumber const attnum = source.layout.attnum[i];
      if (attnum > 0) row.values[i] = slot_getattr(slot, attnum, &row.nulls[i]);
    }
  });
  return row;
}

// Whether no mapped column changed, by the bytes stored: a difference that means nothing costs a little, never truth.
bool same_usage(const CachedSource &source, TupleDesc columns, const MappedValues &before, const MappedValues &after) {
  bool same = true;
  pg([&] {
    for (int i = 0; i < source.mapping.count && same; i++) {
      AttrNumber const attnum = source.layout.attnum[i];
      if (attnum == 0) continue;
      if (before.nulls[i] != after.nulls[i]) {
        same = false;
      } else if (!before.nulls[i]) {
        Form_pg_attribute const attribute = TupleDescAttr(columns, attnum - 1);
        same = datum_image_eq(before.values[i], after.values[i], attribute->attbyval, attribute->attlen);
      }
    }
  });
  return same;
}

bool read_usage(const CachedSource &source, Relation relation, const MappedValues &row, Usage &usage) {
  return usage_of_row(source.mapping, source.layout, row.values, row.nulls, RelationGetRelid(relation), usage);
}

void capture_row(const CachedSource &source, Relation relation, const MappedValues &row, int sign) {
  Usage usage;
  if (sign > 0) {
    if (!read_usage(source, relation, row, usage)) return;
  } else {
    // A row that cannot be counted came before the table was connected, and was never counted: it may go, or be mended.
    try {
      if (!read_usage(source, relation, row, usage)) return;
    } catch (const Error &) {
      return;
    }
  }
  accumulator::change(key_of(source.id, usage), usage.counters, sign);
}

/// Something that is done once a table and subtransaction.
class OnceHere {
 public:
  template <typename F>
  void operator()(Oid relid, F &&f) {
    TransactionId const transaction = GetTopTransactionIdIfAny();
    SubTransactionId const subtransaction = GetCurrentSubTransactionId();
    if (relid_ == relid && transaction_ == transaction && subtransaction_ == subtransaction) return;
    f();
    relid_ = relid;
    transaction_ = transaction;
    subtransaction_ = subtransaction;
  }

 private:
  Oid relid_ = InvalidOid;
  TransactionId transaction_ = InvalidTransactionId;
  SubTransactionId subtransaction_ = InvalidSubTransactionId;
};

// COPY ... FREEZE makes rows that snapshots from before them see, too, without the delta: their days are un-built.
void follow_frozen(const CachedTable &table) {
  for (int i = 0; i < table.count; i++) {
    SqlParameters parameters;
    parameters.add_bigint(table.sources[i].id).add(REGCLASSOID, ObjectIdGetDatum(table.relid));
    ActingAs const owner(extension_owner());
    execute("SELECT reseller_report._follow_frozen($1, $2)", parameters);
  }
}

// A mapped column was dropped, renamed or retyped, perhaps unseen: writes go on, and reports say so.
void follow_unread(const CachedTable &table) {
  for (int i = 0; i < table.unread_count; i++) {
    SqlParameters parameters;
    parameters.add_bigint(table.unread[i]);
    ActingAs const owner(extension_owner());
    execute("SELECT reseller_report._follow_unread($1)", parameters);
  }
}

// The change of a row as one of the services that the table feeds has it.
void capture_change(const CachedSource &source, const TriggerData &data) {
  Relation const relation = data.tg_relation;
  MappedValues const row = values_of(source, data.tg_trigslot);
  if (!TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
    capture_row(source, relation, row, TRIGGER_FIRED_BY_DELETE(data.tg_event) ? -1 : 1);
    return;
  }
  MappedValues const after = values_of(source, data.tg_newslot);
  if (same_usage(source, RelationGetDescr(relation), row, after)) return;
  capture_row(source, relation, row, -1);
  capture_row(source, relation, after, 1);
}

}  // namespace

void initialize_capture() {
  HASHCTL control = {};
  control.keysize = sizeof(Oid);
  control.entrysize = sizeof(CachedTable);
  control.hcxt = CacheMemoryContext;
  tables = hash_create("reseller_report captured tables", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  CacheRegisterRelcacheCallback(forget_table, Datum{0});
  CacheRegisterSyscacheCallback(ENUMOID, forget_enums, Datum{0});
}

RESELLER_REPORT_FUNCTION(reseller_report_capture) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error(sqlstate::kWrongTriggerCall, "reseller_report._capture must be called as a trigger");
  auto const *const data = reinterpret_cast<const TriggerData *>(fcinfo->context);
  TriggerEvent const event = data->tg_event;
  if (!TRIGGER_FIRED_AFTER(event) || !TRIGGER_FIRED_FOR_ROW(event))
    throw Error(sqlstate::kWrongTriggerCall, "reseller_report._capture must be fired after each row");
  const CachedTable &table = table_of(data->tg_relation, data->tg_trigger);
  if (TRIGGER_FIRED_BY_INSERT(event) && HeapTupleHeaderXminFrozen(data->tg_trigtuple->t_data)) {
    static OnceHere once;
    once(table.relid, [&] { follow_frozen(table); });
  }
  if (table.unread_count > 0) {
    static OnceHere once;
    once(table.relid, [&] { follow_unread(table); });
  }
  for (int i = 0; i < table.count; i++) capture_change(table.sources[i], *data);
  return PointerGetDatum(nullptr);
}

namespace {

void capture_rows(std::int64_t id, const Mapping &mapping, Oid table, Time before, int sign) {
  Source part = {};
  part.id = id;
  part.relid = table;
  part.owner = owner_of(table);
  part.name = qualified_name(table);
  part.mapping = mapping;
  Snapshot latest = nullptr;
  pg([&] { latest = GetLatestSnapshot(); });
  ActiveSnapshot const snapshot(latest);
  for_raw_usage(part, {kMinusInfinity, before}, nullptr,
                [&](const Usage &usage) { accumulator::change(key_of(id, usage), usage.counters, sign); });
}

void warn_of_rows_left(Oid table, const char *reason) {
  pg([&] {
    ereport(WARNING,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("usage of table \"%s\" from before the horizon stays in the reports: %s", get_rel_name(table), reason)));
  });
}

// Rows may go, whether or not they can be read: what is not read counts on, like what was pruned.
void capture_rows_that_go(std::int64_t id, const Mapping &mapping, Oid table, Time before) {
  Subtransaction const attempt;
  try {
    capture_rows(id, mapping, table, before, -1);
    attempt.release();
  } catch (const Error &error) {
    attempt.roll_back();
    warn_of_rows_left(table, error.what());
  } catch (...) {
    attempt.roll_back();
    throw;
  }
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_capture_rows) {
  std::int64_t const id = PG_GETARG_INT64(0);
  RegisteredSource registered = {};
  if (!find_registered_source(id, registered)) PG_RETURN_VOID();
  if (PG_GETARG_INT32(3) < 0)
    capture_rows_that_go(id, registered.mapping, PG_GETARG_OID(1), PG_GETARG_TIMESTAMPTZ(2));
  else
    capture_rows(id, registered.mapping, PG_GETARG_OID(1), PG_GETARG_TIMESTAMPTZ(2), 1);
  PG_RETURN_VOID();
}

}  // namespace reseller_report
