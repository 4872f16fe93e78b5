// Rebuild: recomputes whole days of a source's summaries from its raw rows while writers go on. Seeding, repair and recovery
// after un-building are this one operation.

#include <algorithm>
#include <unordered_set>

#include "capture/accumulator.hpp"
#include "locks/lease.hpp"
#include "maintenance/reconcile.hpp"
#include "maintenance/restate.hpp"
#include "maintenance/sorted_changes.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/built_days.hpp"
#include "source/leaf.hpp"
#include "source/triggers.hpp"
#include "source/unseen.hpp"
#include "summary/delta.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

void require_whole_days(const Range &range) {
  if (range.empty()) throw Error(sqlstate::kInvalidParameter, "the period must end after it begins");
  if (!(widen(Level::kDay, range) == range))
    throw Error(sqlstate::kInvalidParameter, "a rebuilt period must begin and end at midnight UTC");
}

// Refuses to rebuild in a savepoint while the transaction, or a savepoint around this one, has captured changes that are not
// flushed. docs/reference.md says so; the sums would allow more. A rebuild adds up the rows of others alone, and leaves the
// transaction's own changes where they wait. So a savepoint that is rolled back undoes the rebuild, and takes nothing from its
// parents.
void require_no_changes_of_parents() {
  if (accumulator::parents_have_changes())
    throw Error(sqlstate::kWrongState, "a slice cannot be rebuilt in a savepoint whose parents have changed usage",
                "Rebuild in a transaction of its own: CALL reseller_report.rebuild.");
}

// Whether one table or partition has the TRUNCATE trigger, and the capture trigger for all of these sources, both on.
bool has_triggers_on(Oid table, const std::vector<Source> &sources) {
  return is_watched(table) &&
         std::all_of(sources.begin(), sources.end(), [=](const Source &source) { return is_captured(table, source.id); });
}

void require_capture_on(const std::vector<Source> &sources) {
  for (const Leaf &table : leaves_of(sources.front()))
    if (!has_triggers_on(table.relid, sources))
      throw Error(sqlstate::kWrongState, "the capture trigger of table " + sources.front().name + " is off",
                  "SELECT reseller_report.post_restore() puts capture triggers back and on. A table that is unlogged, foreign or "
                  "an inheritance child cannot be captured.");
}

// Removes the pending changes of the slice that the snapshot sees, because the rebuild reads the rows that they tell of. The
// transaction's own changes stay, because the rebuild leaves out its own rows.
void remove_deltas(std::int64_t source, const Range &slice) {
  DeltaScan scan(RowExclusiveLock);
  DeltaRow row;
  while (scan.next(row)) {
    if (row.source != source || row.of_this_transaction) continue;
    std::vector<UsageChange> rest;
    bool concerned = false;
    for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
      if (slice.contains(bucket))
        concerned = true;
      else
        rest.push_back({{source, company, bucket, item}, counters});
    });
    if (!concerned) continue;
    scan.remove(row);
    if (!rest.empty()) scan.put_back(row, std::move(rest));
  }
}

// Removes the runs of the slice, also those that this transaction's moves wrote: the rebuild attributes raw rows by the
// dependencies as they are now.
void remove_runs(std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &slice) {
  RowMemory const memory;
  PackedReader runs(PackedTable::kRuns, AccessShareLock, memory);
  PackedWriter writer(PackedTable::kRuns);
  for (std::int64_t const reseller : resellers) {
    runs.seek({source, reseller}, slice);
    PackedRow run;
    while (runs.next(run)) {
      std::vector<Change> rest;
      append_changes(run, rest);
      auto const others = [&](const Change &change) { return slice.contains(change.bucket); };
      rest.erase(std::remove_if(rest.begin(), rest.end(), others), rest.end());
      if (rest.empty())
        writer.remove(run);
      else
        writer.replace(run, rest.data(), rest.size());
    }
  }
  writer.finish();
}

// Sets every level, so that whatever was wrong in any of them is mended.
void set_levels(const Source &source, const Range &slice, AdvancingSnapshot &snapshot, Overflows &overflows) {
  SortedChanges raw(source.id);
  sort_raw_changes(source, slice, raw, overflows);
  std::vector<std::int64_t> resellers = raw.resellers();
  std::unordered_set<std::int64_t> const with_usage(resellers.begin(), resellers.end());
  for (std::int64_t const reseller : resellers_in_summaries(source.id))
    if (with_usage.count(reseller) == 0) resellers.push_back(reseller);
  remove_deltas(source.id, slice);
  remove_runs(source.id, resellers, slice);
  snapshot.see_own_writes();
  restate(source, slice, raw, resellers, snapshot, overflows);
}

// Refuses to rebuild where rows of this transaction are in none of its captured changes. sort_raw_changes() leaves out all rows
// that the transaction wrote, because they wait among its captured changes. But rows that it wrote before it connected the table,
// or past the trigger, do not.
void require_own_rows_captured(const Source &source, const Range &slice, Overflows &overflows) {
  if (!unbuilt_since_snapshot(source.id)) return;
  std::vector<Change> const missing =
      difference(own_raw_changes(source, slice, overflows), own_captured_changes(source, slice, overflows), overflows);
  if (std::any_of(missing.begin(), missing.end(), [](const Change &change) { return !change.counters.is_zero(); }))
    throw Error(sqlstate::kWrongState, "table " + source.name + " has rows of this transaction that were not captured",
                "Commit first, then CALL " + call_for("rebuild", source.name) + ".");
}

// Refuses to rebuild in a transaction of one snapshot where TRUNCATE or DDL, its own or another's, took rows away after that
// snapshot. The rebuild would not see the deltas of these rows that came after the snapshot, and they would be folded though the
// rows are gone.
void require_deltas_seen(const Source &source) {
  if (IsolationUsesXactSnapshot() && unbuilt_since_snapshot(source.id))
    throw Error(sqlstate::kWrongState, "table " + source.name + " was un-built after this transaction took its snapshot",
                "Commit first, then CALL reseller_report.rebuild('" + source.name + "').");
}

// Notes days as built, and deletes their marks. A mark that the slice's snapshot does not see stays.
void note_built(std::int64_t source, const Range &slice) {
  SqlParameters parameters;
  parameters.add_bigint(source).add_time(slice.from).add_time(slice.to);
  ActingAs const owner(extension_owner());
  Datum const mended = query_array(
      "SELECT ARRAY(SELECT id FROM reseller_report.source_unbuilt WHERE source = $1 AND unbuilt_from < $3 AND unbuilt_to > $2)",
      parameters);
  parameters.add(UUIDARRAYOID, mended);
  execute("SELECT reseller_report._note_built($1, $2, $3, $4)", parameters);
}

// Takes the lease and locks what a slice needs locked, before the snapshot of the slice is taken. So nobody switches triggers off
// meanwhile, and nobody is amid attaching or detaching a partition. Snapshots see such a transaction a moment before the server
// tells other sessions of its partition. In that moment a rebuild would delete the mark of the days, and still read rows without
// the partition. But the transaction holds its lock on the parent until other sessions have been told.
std::vector<Source> sources_with_lease(Oid table) {
  std::vector<Source> sources;
  take_lease_and(Patience::Kind::kBrief, [&](Patience &patience) -> Lacking {
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    if (is_connected(table))
      if (Lacking const lacking = lock_tree(table, ShareUpdateExclusiveLock, RowExclusiveLock, patience)) return lacking;
    sources = sources_of_table(table);
    return {};
  });
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  follow_strangers(sources);
  sources = sources_of_table(table);
  require_capture_on(sources);
  return sources;
}

void rebuild_source(const Source &source, const Range &slice, AdvancingSnapshot &snapshot) {
  Overflows overflows;
  require_deltas_seen(source);
  require_own_rows_captured(source, slice, overflows);
  set_levels(source, slice, snapshot, overflows);
  if (!overflows.empty())
    throw Error(sqlstate::kOutOfRange, "the figures of company " + std::to_string(overflows.front().company) + " exceed 64 bits");
  note_built(source.id, slice);
}

// Rebuilds the part of `days` that is not pruned, for all services that the table feeds, and returns it. Others' work is seen as of
// one snapshot all the time. Raw rows are read without this transaction's own.
Range rebuild_slice(Oid table, const Range &days) {
  require_whole_days(days);
  require_no_changes_of_parents();
  require_dependencies_followed();
  std::vector<Source> const sources = sources_with_lease(table);
  AdvancingSnapshot snapshot;
  Range rebuilt = {days.to, days.to};
  for (const Source &source : sources) {
    Range const slice = intersection(days, {source.horizon, kInfinity});
    if (slice.empty()) continue;
    rebuild_source(source, slice, snapshot);
    snapshot.see_own_writes();
    rebuilt.from = std::min(rebuilt.from, slice.from);
  }
  return rebuilt;
}

void require_arguments(FunctionCallInfo fcinfo) { require_not_null(fcinfo, {0, 1, 2}, "source and period"); }

void require_right_to_rebuild() {
  bool may = false;
  query("SELECT has_function_privilege('reseller_report.rebuild(regclass, timestamptz, timestamptz)', 'EXECUTE')", {},
        [&](const Datum *values, const bool *) { may = DatumGetBool(values[0]); });
  if (!may) throw Error(sqlstate::kNotPermitted, "permission denied for procedure rebuild");
}

// The procedure commits after each slice. Where it may not, the server would say so only after the first slice is done.
void require_commits() {
  if (SPI_inside_nonatomic_context() && !IsSubTransaction()) return;
  throw Error(
      sqlstate::kWrongTransaction, "reseller_report.rebuild commits slice by slice and cannot run inside a transaction block",
      "CALL it outside of BEGIN and COMMIT, alone in its query, not from a function nor in a block with EXCEPTION. Inside a "
      "transaction, SELECT reseller_report.rebuild_slice(source, slice_from, slice_to) for each slice that "
      "reseller_report.rebuild_slices(source) returns.");
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_rebuild_procedure_slices) {
  require_right_to_rebuild();
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Oid const types[] = {REGCLASSOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
  SqlParameters parameters;
  for (int i = 0; i < 3; i++) {
    parameters.add(types[i], PG_GETARG_DATUM(i));
    if (PG_ARGISNULL(i)) parameters.nulls[i] = 'n';
  }
  {
    ActingAs const owner(extension_owner());
    query("SELECT slice_from, slice_to FROM reseller_report.rebuild_slices($1, $2, $3)", parameters,
          [&](const Datum *values, const bool *) {
            put_slice(fcinfo, PG_GETARG_OID(0), {DatumGetTimestampTz(values[0]), DatumGetTimestampTz(values[1])});
          });
  }
  require_commits();  // after the checks of arguments, which come first everywhere
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_rebuild_procedure_slice) {
  require_right_to_rebuild();
  require_arguments(fcinfo);
  (void)rebuild_slice(PG_GETARG_OID(0), {PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TIMESTAMPTZ(2)});
  PG_RETURN_VOID();
}

RESELLER_REPORT_FUNCTION(reseller_report_rebuild_slice) {
  require_arguments(fcinfo);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Range const slice = rebuild_slice(PG_GETARG_OID(0), {PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TIMESTAMPTZ(2)});
  if (!slice.empty()) put_slice(fcinfo, PG_GETARG_OID(0), slice);
  return Datum{0};
}

}  // namespace reseller_report
