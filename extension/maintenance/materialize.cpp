// Materialize: folds pending deltas into runs and merges runs into the summaries, in one transaction.

#include <algorithm>

#include "locks/lease.hpp"
#include "maintenance/fold.hpp"
#include "maintenance/merge.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "source/registry.hpp"
#include "source/unseen.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

/// What a call is to do.
struct Work {
  std::int64_t most;  ///< changes to fold and merge
  bool merges;
  bool only_what_pays;  ///< to merge
};

struct Done {
  std::int64_t changes = 0;  ///< folded and merged
  std::int64_t summary_rows = 0;
};

// The sources whose table was dropped since the last fold; palloc'd.
Datum gone_sources(bool &any) {
  ActingAs const owner(extension_owner());
  Datum const sources = query_array("SELECT ARRAY(SELECT source FROM reseller_report.source_gone)", {});
  any = ARR_NDIM(reinterpret_cast<ArrayType *>(DatumGetPointer(sources))) > 0;
  return sources;
}

void forget_gone_sources() {
  bool any = false;
  SqlParameters parameters;
  parameters.add(INT8ARRAYOID, gone_sources(any));
  if (!any) return;
  ActingAs const owner(extension_owner());
  execute("SELECT reseller_report._forget_sources($1)", parameters);
}

bool anything_to_do(const Work &work) {
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  bool gone = false;
  (void)gone_sources(gone);
  return gone || is_registry_stale() || anything_to_fold() || (work.merges && anything_to_merge(work.only_what_pays));
}

Done materialize(const Work &work) {
  // A call that finds nothing to do writes nothing and waits for nobody. Deltas that another session is folding are visible
  // here until it commits. So where nothing is found, no other session is folding anything that this call would have to wait for.
  if (!anything_to_do(work)) return {};
  require_dependencies_followed();
  Time const began = GetCurrentTimestamp();
  take_lease();
  {
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    follow_unseen();
  }
  Done done;
  {
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    done.changes = fold(work.most);
    forget_gone_sources();
  }
  pg([] { CommandCounterIncrement(); });
  if (work.merges && done.changes < work.most) {
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    Merged const merged = merge(work.most - done.changes, work.only_what_pays);
    done.changes += merged.changes;
    done.summary_rows = merged.rows;
  }
  pg([] { CommandCounterIncrement(); });
  note_fold(done.changes, GetCurrentTimestamp() - began);
  return done;
}

std::int64_t required_most(FunctionCallInfo fcinfo) {
  require_not_null(fcinfo, {0}, "max_deltas");
  std::int64_t const most = PG_GETARG_INT32(0);
  if (most < 1) throw Error(sqlstate::kInvalidParameter, "max_deltas must be at least 1");
  return most;
}

}  // namespace

// What the next folds and merges would take, and the oldest of it; for the view materializer_state. The caller must have the right
// to read that view.
RESELLER_REPORT_FUNCTION(reseller_report_pending) {
  require_view("materializer_state");
  ToFold const folds = to_fold();
  ToMerge const merges = to_merge();
  pg([&] {
    InitMaterializedSRF(fcinfo, 0);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Datum values[] = {Int64GetDatum(folds.changes), TimestampTzGetDatum(folds.oldest), Int64GetDatum(merges.changes),
                      TimestampTzGetDatum(merges.oldest)};
    bool nulls[] = {false, folds.changes == 0, false, merges.changes == 0};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  });
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_materialize) {
  std::int64_t const most = required_most(fcinfo);
  bool const only_what_pays = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Done const done = materialize({most, true, only_what_pays});
  pg([&] {
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Datum values[] = {Int64GetDatum(done.changes), Int64GetDatum(done.summary_rows)};
    bool nulls[] = {false, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  });
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_fold) {
  std::int64_t const most = required_most(fcinfo);
  PG_RETURN_INT64(materialize({most, false, false}).changes);
}

}  // namespace reseller_report
