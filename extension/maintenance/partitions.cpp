// Makes partitions ahead of time, and for months whose rows the default partition holds. Such rows are moved to the new partition
// below the level of statements: no trigger fires and nothing is captured. Of what the table's owner wrote, only expressions of
// indexes are run, as the owner.

#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "server/subtransaction.hpp"
#include "source/follow_leaves.hpp"
#include "source/registry.hpp"

extern "C" {
#include <access/tupconvert.h>
}

namespace reseller_report {
namespace {

struct Month {
  Range range;
  Oid fallback;      // the default partition
  std::string part;  // the name of the partition to be, qualified and quoted
  NameData moment;
  std::string create;
  std::string attach;
};

// The months that are wanted and have no partition yet, and the statements that make them.
std::vector<Month> months_to_make(const Source &source, Datum ahead) {
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(source.relid)).add(INTERVALOID, ahead);
  std::vector<Month> months;
  // This snapshot sees what another call has made while this one waited for it.
  ActiveSnapshot const now(ActiveSnapshot::fresh());
  ActingAs const owner(extension_owner());
  query(
      "SELECT month_from, month_to, fallback, part, moment, create_it, attach_it FROM reseller_report._months_to_make($1, "
      "$2)",
      parameters, [&](const Datum *values, const bool *) {
        months.push_back({{DatumGetTimestampTz(values[0]), DatumGetTimestampTz(values[1])},
                          DatumGetObjectId(values[2]),
                          text_of(values[3]),
                          *DatumGetName(values[4]),
                          text_of(values[5]),
                          text_of(values[6])});
      });
  return months;
}

Oid relation_named(const std::string &name) {
  Oid relid = InvalidOid;
  pg([&] { relid = RangeVarGetRelid(makeRangeVarFromNameList(stringToQualifiedNameList(name.c_str(), nullptr)), NoLock, false); });
  return relid;
}

// Whether a row is of the month.
bool is_in(const Month &month, AttrNumber moment, TupleTableSlot *row) {
  bool is_null = false;
  Datum const value = slot_getattr(row, moment, &is_null);
  return !is_null && month.range.contains(DatumGetTimestampTz(value));
}

[[noreturn]] void refuse_old_snapshot(Relation from) {
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
           errmsg("could not serialize access: rows of the default partition \"%s\" came or went after this transaction began",
                  RelationGetRelationName(from)),
           errhint("Call reseller_report.create_partitions in a READ COMMITTED transaction.")));
  pg_unreachable();
}

// Counts the rows of a month that the transaction's own snapshot sees.
std::int64_t rows_seen(Relation from, const Month &month, AttrNumber moment) {
  std::int64_t seen = 0;
  TupleTableSlot *const row = table_slot_create(from, nullptr);
  TableScanDesc const scan = table_beginscan(from, GetTransactionSnapshot(), 0, nullptr, SO_NONE);
  while (table_scan_getnextslot(scan, ForwardScanDirection, row)) {
    CHECK_FOR_INTERRUPTS();
    if (is_in(month, moment, row)) seen++;
  }
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(row);
  return seen;
}

/// Takes the rows of a month out of the default partition, and puts them into their own. The caller holds both against everybody.
class MovedRows {
 public:
  explicit MovedRows(const Month &month);
  void put_into(Oid part);
  bool any() const { return any_; }

 private:
  TupleDesc columns_;
  Tuplestorestate *rows_;
  bool any_ = false;
};

MovedRows::MovedRows(const Month &month) {
  pg([&] {
    Relation const from = table_open(month.fallback, NoLock);
    // A foreign key may have a check waiting for the end of the transaction. It would find its row gone, and not look for it in
    // another partition.
    CheckTableNotInUse(from, "reseller_report.create_partitions");
    AttrNumber const moment = get_attnum(month.fallback, NameStr(month.moment));
    // This matters where one snapshot is kept for the whole transaction. A row that came after it would become the transaction's
    // own by being moved, and so be seen. A row that went after it would still be visible, but be looked for in the wrong
    // partition.
    bool const keeps_snapshot = IsolationUsesXactSnapshot();
    std::int64_t to_come = keeps_snapshot ? rows_seen(from, month, moment) : 0;
    TupleTableSlot *const row = table_slot_create(from, nullptr);
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    TableScanDesc const scan = table_beginscan(from, snapshot, 0, nullptr, SO_NONE);
    columns_ = CreateTupleDescCopy(RelationGetDescr(from));
    rows_ = tuplestore_begin_heap(false, false, work_mem);
    while (table_scan_getnextslot(scan, ForwardScanDirection, row)) {
      CHECK_FOR_INTERRUPTS();
      if (!is_in(month, moment, row)) continue;
      if (keeps_snapshot && !table_tuple_satisfies_snapshot(from, row, GetTransactionSnapshot())) refuse_old_snapshot(from);
      // A subscriber that is sent the deletions must be able to tell which rows they are of.
      if (!any_) CheckCmdReplicaIdentity(from, CMD_DELETE);
      any_ = true;
      to_come--;
      // The row is copied column by column, because what ALTER TABLE ... ADD COLUMN ... DEFAULT gave old rows is not stored in
      // them.
      slot_getallattrs(row);
      tuplestore_putvalues(rows_, columns_, row->tts_values, row->tts_isnull);
      simple_table_tuple_delete(from, &row->tts_tid, snapshot);
    }
    if (keeps_snapshot && to_come != 0) refuse_old_snapshot(from);
    table_endscan(scan);
    UnregisterSnapshot(snapshot);
    ExecDropSingleTupleTableSlot(row);
    table_close(from, NoLock);
    CommandCounterIncrement();
  });
}

// Puts the rows into the partition, but not into its indexes. The caller builds these anew afterwards.
void MovedRows::put_into(Oid part) {
  pg([&] {
    Relation const to = table_open(part, NoLock);
    TupleConversionMap *const map = convert_tuples_by_name(columns_, RelationGetDescr(to));
    TupleTableSlot *const row = MakeSingleTupleTableSlot(columns_, &TTSOpsMinimalTuple);
    TupleTableSlot *const copy = table_slot_create(to, nullptr);
    MemoryContext const context = AllocSetContextCreate(CurrentMemoryContext, "reseller_report moved row", ALLOCSET_DEFAULT_SIZES);
    while (tuplestore_gettupleslot(rows_, true, false, row)) {
      CHECK_FOR_INTERRUPTS();
      MemoryContext const before = MemoryContextSwitchTo(context);
      if (map != nullptr) {
        execute_attr_map_slot(map->attrMap, row, copy);
      } else {
        ExecCopySlot(copy, row);
      }
      simple_table_tuple_insert(to, copy);
      ExecClearTuple(copy);
      MemoryContextSwitchTo(before);
      MemoryContextReset(context);
    }
    ExecDropSingleTupleTableSlot(row);
    ExecDropSingleTupleTableSlot(copy);
    tuplestore_end(rows_);
    table_close(to, NoLock);
    MemoryContextDelete(context);
    CommandCounterIncrement();
  });
}

void make(const std::vector<Source> &sources, const Month &month) {
  OwnDdl const guard;
  Oid part = InvalidOid;
  Oid const table = sources.front().relid;
  making_as_owner(table, [&](const ActingAs &) {
    execute(month.create.c_str(), {});
    part = relation_named(month.part);
  });
  MovedRows rows(month);
  making_as_owner(table, [&](const ActingAs &) { execute(month.attach.c_str(), {}); });
  // The rows are put in only now that the partition is attached. A publication of the table does not publish the partition before.
  // Its subscribers would be sent the deletions of the rows, and not their insertions.
  rows.put_into(part);
  if (rows.any()) making_as_owner(table, [&](const ActingAs &) { execute(("REINDEX TABLE " + month.part).c_str(), {}); });
  std::vector<std::int64_t> const ids = ids_of(sources);
  SqlParameters parameters;
  parameters.add_bigints(ids.data(), static_cast<int>(ids.size()));
  ActingAs const owner(extension_owner());
  execute("UPDATE reseller_report.source SET moves = moves + 1 WHERE id = ANY ($1)", parameters);
  for (std::int64_t const id : ids) follow_leaves(id, table, Leaves::kAsConnected);
}

// Whether an error is about one table alone, so that others can still get their partitions. It is not where a lock could not be
// had, a statement was cancelled, or the server stops or accepts no writes.
bool is_of_one_table(const ErrorData *error) {
  int const category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
  return category != ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK) &&
         category != ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION) &&
         category != ERRCODE_TO_CATEGORY(ERRCODE_INVALID_TRANSACTION_STATE) &&
         category != ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES) && error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE;
}

void warn(const std::string &table, int sqlstate, const char *message, const char *hint) {
  const char *const name = table.c_str();
  pg([&] {
    ereport(WARNING, (errcode(sqlstate), errmsg("table %s got no new partitions: %s", name, message),
                      hint != nullptr && *hint != '\0' ? errhint("%s", hint) : 0));
  });
}

using Made = std::vector<std::pair<Oid, Range>>;

/// What is to be made for a table. All that making it takes is locked.
struct Plan {
  std::vector<Source> sources;
  std::vector<Month> months;
};

// The tables at the other end of the table's foreign keys, and of foreign keys to it. ATTACH PARTITION locks them as well.
std::vector<Oid> tied_by_foreign_keys(Oid table) {
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(table));
  std::vector<Oid> tied;
  ActingAs const owner(extension_owner());
  query(
      "SELECT CASE conrelid WHEN $1 THEN confrelid ELSE conrelid END AS other FROM pg_catalog.pg_constraint"
      " WHERE contype = 'f' AND $1 IN (conrelid, confrelid) GROUP BY 1 ORDER BY 1",
      parameters, [&](const Datum *values, const bool *) { tied.push_back(DatumGetObjectId(values[0])); });
  return tied;
}

// Plans the months of a table that want a partition, and locks what making them takes. The table's own lock comes first, so that
// other calls of create_partitions wait for it. Else each of them would read the default partition, and then wait for the other to
// let go of it. What is read after that lock is still so when the partitions are made.
Lacking lock_and_plan(Oid table, Datum ahead, Patience &patience, Plan &plan) {
  if (is_connected(table))
    if (Lacking const lacking = lock_tree(table, ShareUpdateExclusiveLock, AccessShareLock, patience)) return lacking;
  ActiveSnapshot const now(ActiveSnapshot::fresh());
  plan.sources = sources_of_table(table);
  plan.months = months_to_make(plan.sources.front(), ahead);
  if (plan.months.empty()) return {};
  for (Oid const held : {table, plan.months.front().fallback})
    if (TableLock const wanted = {held, AccessExclusiveLock}; !patience.lock(wanted)) return wanted;
  for (Oid const tied : tied_by_foreign_keys(table))
    if (TableLock const wanted = {tied, ShareRowExclusiveLock}; !patience.lock(wanted)) return wanted;
  return {};
}

void make_all(const std::vector<Source> &sources, const std::vector<Month> &months, Made &made) {
  ActiveSnapshot const now(ActiveSnapshot::fresh());
  for (const Month &month : months) {
    make(sources, month);
    made.emplace_back(sources.front().relid, month.range);
  }
}

// Does something in a subtransaction, so that one table does not stop the others. False when it failed. Then a warning says what is
// wrong with the table, unless it was disconnected or dropped meanwhile.
bool succeeds(Oid table, const std::function<void()> &work) {
  Subtransaction const attempt;
  try {
    work();
    attempt.release();
    return true;
  } catch (const PgError &error) {
    attempt.roll_back();
    if (!is_of_one_table(error.data)) throw;
    if (is_connected(table)) warn(qualified_name(table), error.data->sqlerrcode, error.data->message, error.data->hint);
  } catch (const Error &error) {
    attempt.roll_back();
    if (is_connected(table)) warn(qualified_name(table), number_of(error.sqlstate()), error.what(), error.hint());
  } catch (...) {
    attempt.roll_back();
    throw;
  }
  return false;
}

// Says in a NOTICE why a table gets no partitions, where that is so whatever time ahead is asked for.
void tell_if_left_alone(const Source &source) {
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(source.relid));
  const char *reason = nullptr;
  MemoryContext const home = CurrentMemoryContext;
  ActingAs const owner(extension_owner());
  query(
      "SELECT reason FROM reseller_report._monthly($1) WHERE reason IS NOT NULL", parameters,
      [&](const Datum *values, const bool *) { pg([&] { reason = MemoryContextStrdup(home, TextDatumGetCString(values[0])); }); });
  if (reason == nullptr) return;
  const char *const name = source.name.c_str();
  pg([&] {
    ereport(NOTICE, (errmsg("table %s was left alone: %s", name, reason),
                     errhint("Partitions are made for tables partitioned by month UTC with a default partition, as "
                             "reseller_report.create_usage_tables makes them.")));
  });
}

void require_primary() {
  pg([] { PreventCommandDuringRecovery("reseller_report.create_partitions"); });
}

Made make_for(Oid table, Datum ahead) {
  Plan plan;
  Made made;
  retry_until_locked([&](Patience &patience) { return lock_and_plan(table, ahead, patience, plan); });
  make_all(plan.sources, plan.months, made);
  return made;
}

// Locks all tables before it makes anything, so that no work is undone where a lock is lacking. A partition of one table may take
// the name that was planned for one of the next table. So the months of each table are planned again when its turn comes.
Made make_for_all(Datum ahead) {
  std::vector<Oid> tables = connected_tables();
  std::vector<Plan> plans;
  retry_until_locked([&](Patience &patience) {
    plans.clear();
    Lacking lacking;
    auto const lock = [&](Oid table) {
      Plan plan;
      lacking = lock_and_plan(table, ahead, patience, plan);
      plans.push_back(std::move(plan));
    };
    for (auto table = tables.begin(); table != tables.end() && !lacking;)
      table = succeeds(*table, [&] { lock(*table); }) ? table + 1 : tables.erase(table);
    return lacking;
  });
  Made made;
  for (const Plan &plan : plans) {
    Made of_table;
    auto const make_planned = [&] {
      if (!plan.months.empty()) make_all(plan.sources, months_to_make(plan.sources.front(), ahead), of_table);
    };
    if (succeeds(plan.sources.front().relid, make_planned)) made.insert(made.end(), of_table.begin(), of_table.end());
  }
  return made;
}

// A slip of the hand must not make partitions for hours while the table is locked.
void require_few_years(const Interval *ahead) {
  constexpr std::int64_t kMostYears = 10;
  std::int64_t const days = static_cast<std::int64_t>(ahead->month) * 30 + ahead->day + ahead->time / USECS_PER_DAY;
  if (days > kMostYears * 366)
    throw Error(sqlstate::kInvalidParameter, "ahead must be at most 10 years", "Name a time to come, such as '3 months'.");
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_create_partitions) {
  require_not_null(fcinfo, {0}, "ahead");
  require_few_years(PG_GETARG_INTERVAL_P(0));
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  require_primary();
  for (const auto &[table, month] : make_for_all(PG_GETARG_DATUM(0))) put_slice(fcinfo, table, month);
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_create_partitions_of) {
  require_not_null(fcinfo, {0, 1}, "ahead and source");
  require_few_years(PG_GETARG_INTERVAL_P(0));
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  require_primary();
  for (const auto &[table, month] : make_for(PG_GETARG_OID(1), PG_GETARG_DATUM(0))) put_slice(fcinfo, table, month);
  tell_if_left_alone(sources_of_table(PG_GETARG_OID(1)).front());
  return Datum{0};
}

// Returns an array of the beginnings of those months (UTC) that a partition holds rows of. The partition is read as its owner. The
// first month that timestamps reach is not among them, because its beginning is no timestamp: its rows stay.
RESELLER_REPORT_FUNCTION(reseller_report_months_held) {
  Oid const table = PG_GETARG_OID(0);
  const char *moment = nullptr;
  pg([&] { moment = quote_identifier(NameStr(*PG_GETARG_NAME(1))); });
  std::string const column = moment;
  std::string const sql = "SELECT ARRAY(SELECT DISTINCT date_trunc('month', " + column + ", 'UTC') FROM " + qualified_name(table) +
                          " WHERE isfinite(" + column + ") AND " + column + " >= '4714-12-01 00:00:00+00 BC')";
  Datum months = 0;
  reading_as_owner(table, [&](const ActingAs &owner) {
    owner.set("row_security", "off");  // the server refuses what it would filter
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    months = query_array(sql.c_str(), {});
  });
  return months;
}

}  // namespace reseller_report
