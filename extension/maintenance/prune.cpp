// Prune: drops whole old partitions of a source and keeps their summaries. From then on the source's horizon says where raw usage
// begins. What lies before counts as it was. The usage of companies without a reseller there is kept under kNobody.

#include <algorithm>

#include "locks/lease.hpp"
#include "maintenance/reconcile.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/built_days.hpp"
#include "summary/memberships.hpp"
#include "summary/packed.hpp"

namespace reseller_report {
namespace {

struct Partition {
  Oid relid;
  std::string name;
  Range range;
};

// The partitions that lie before a moment. Refuses (0A000) a table whose partitions do not tell the days of their rows.
std::vector<Partition> prunable(const Source &source, Time older_than) {
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(source.relid)).add_time(older_than);
  std::vector<Partition> partitions;
  ActingAs const owner(extension_owner());
  query(
      "SELECT relid, relid::pg_catalog.text, period_from, period_to FROM reseller_report._prunable($1, $2)", parameters,
      [&](const Datum *values, const bool *) {
        const char *name = nullptr;
        pg([&] { name = TextDatumGetCString(values[1]); });
        partitions.push_back({DatumGetObjectId(values[0]), name, {DatumGetTimestampTz(values[2]), DatumGetTimestampTz(values[3])}});
      });
  return partitions;
}

void require_built(const Source &source, const Range &days) {
  std::vector<Range> const missing = without(days, answerable(source, days));
  if (missing.empty()) return;
  throw Error(sqlstate::kNotSupported,
              "usage of table " + source.name + " is not built from " + text_of_time(missing.front().from) + " to " +
                  text_of_time(missing.front().to) + " and cannot be pruned",
              "CALL " + call_for("rebuild", source.name) + " first.");
}

// Writes the usage of companies without a reseller as runs of kNobody, as if it had been folded: raw usage less what is pending.
void keep_nobodys(const Source &source, const Range &pruned, AdvancingSnapshot &snapshot) {
  Overflows overflows;
  std::vector<Change> const pending = pending_changes({source}, Whose::kNobody);
  for (const Range &slice : slices_of(source, pruned)) {
    std::vector<Change> waiting;
    for (const Change &change : pending)
      if (slice.contains(change.bucket)) waiting.push_back(change);
    std::vector<Change> folded = difference(raw_changes(source, slice, Whose::kNobody, overflows), std::move(waiting), overflows);
    write_runs(std::move(folded), GetCurrentTimestamp(), false);
    if (!overflows.empty())
      throw Error(sqlstate::kOutOfRange, "the figures of company " + std::to_string(overflows.front().company) + " exceed 64 bits");
    snapshot.see_own_writes();
    pg([] { CHECK_FOR_INTERRUPTS(); });
  }
}

struct Plan {
  std::vector<Partition> partitions;
  Time horizon;  // that the table's sources will have

  Range pruned_of(const Source &source) const { return {source.horizon, std::max(source.horizon, horizon)}; }
};

// Drops the partitions. This comes last, because from here on whoever writes to or reads the table waits.
void drop(const std::vector<Source> &sources, const Plan &plan) {
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  for (const Partition &partition : plan.partitions) execute(("DROP TABLE " + partition.name).c_str(), {});
  for (const Source &source : sources) {
    SqlParameters parameters;
    parameters.add_bigint(source.id).add(REGCLASSOID, ObjectIdGetDatum(source.relid)).add_time(plan.pruned_of(source).to);
    execute("SELECT reseller_report._note_pruned($1, $2, $3)", parameters);
  }
}

// Between the snapshot and the locks of DROP something may have changed raw rows past the trigger.
void require_still_built(const Source &source, const Range &days) {
  if (!without(days, answerable(source, days)).empty())
    throw Error(sqlstate::kSerializationFailure,
                "usage of table " + source.name + " was changed past its trigger while it was pruned", "Try again.");
}

// Finds out what to prune. Refuses (0A000) what cannot be pruned.
Plan plan_of(const std::vector<Source> &sources, Time older_than) {
  Plan plan = {prunable(sources.front(), older_than), kMinusInfinity};
  for (const Partition &partition : plan.partitions) plan.horizon = std::max(plan.horizon, partition.range.to);
  for (const Source &source : sources)
    if (!plan.pruned_of(source).empty()) require_built(source, plan.pruned_of(source));
  return plan;
}

// Locks the table and the partitions that it is to lose against everybody.
Lacking lock_to_drop(Oid table, const Plan &plan, Patience &patience) {
  if (TableLock const wanted = {table, AccessExclusiveLock}; !patience.lock(wanted)) return wanted;
  for (const Partition &partition : plan.partitions)
    if (Lacking const lacking = lock_tree(partition.relid, AccessExclusiveLock, AccessExclusiveLock, patience)) return lacking;
  return {};
}

// Does all of it under the lease. Where a lock cannot be had, it returns that lock, and is called again when the lock is free: see
// lease.hpp.
Lacking prune_with_lease(Oid table, Time older_than, Patience &patience, std::vector<Partition> &dropped) {
  // From here on no partition comes or goes, and what is read below is locked.
  if (is_connected(table))
    if (Lacking const lacking = lock_tree(table, ShareUpdateExclusiveLock, AccessShareLock, patience)) return lacking;
  AdvancingSnapshot snapshot;
  std::vector<Source> const sources = sources_of_table(table);
  Plan plan = plan_of(sources, older_than);
  if (plan.partitions.empty()) return {};
  for (const Source &source : sources)
    if (!plan.pruned_of(source).empty()) keep_nobodys(source, plan.pruned_of(source), snapshot);
  if (Lacking const lacking = lock_to_drop(table, plan, patience)) return lacking;
  for (const Source &source : sources) require_still_built(source, plan.pruned_of(source));
  drop(sources, plan);
  dropped = std::move(plan.partitions);
  return {};
}

void prune(FunctionCallInfo fcinfo, Oid table, Time older_than) {
  require_dependencies_followed();
  std::vector<Partition> dropped;
  take_lease_and(Patience::Kind::kWhileNobodyWaits,
                 [&](Patience &patience) { return prune_with_lease(table, older_than, patience, dropped); });
  for (const Partition &partition : dropped) put_slice(fcinfo, table, partition.range);
}

void require_arguments(FunctionCallInfo fcinfo) { require_not_null(fcinfo, {0, 1}, "source and older_than"); }

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_prunable) {
  require_arguments(fcinfo);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  std::vector<Source> const sources = sources_of_table(PG_GETARG_OID(0));
  for (const Partition &partition : plan_of(sources, PG_GETARG_TIMESTAMPTZ(1)).partitions)
    put_slice(fcinfo, PG_GETARG_OID(0), partition.range);
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_prune) {
  require_arguments(fcinfo);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  prune(fcinfo, PG_GETARG_OID(0), PG_GETARG_TIMESTAMPTZ(1));
  return Datum{0};
}

}  // namespace reseller_report
