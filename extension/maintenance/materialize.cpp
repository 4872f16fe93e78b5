// Materialize: takes pending deltas by row identity, attributes them to resellers, and folds them into all levels in
// one transaction, so that summary + delta is the same before and after for every key.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "server/subtransaction.hpp"
#include "source/built_days.hpp"
#include "source/registry.hpp"
#include "source/unseen.hpp"
#include "summary/delta.hpp"
#include "summary/fold.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

// When a fold pays. A summary row is rewritten whole, so a change costs in proportion to the row's width: it pays once the
// changes of a row number a quarter of its companies, in narrow rows always, and for old changes, so that none waits long.
constexpr std::int64_t kNarrowRow = 1'000;
constexpr std::int64_t kChangesPerWidth = 4;
constexpr Time kOld = 600 * kSecond;

// How many deltas of days that are not built a fold drops at most: as many as writers leave in the time between two folds.
constexpr std::int64_t kMostDropped = 1'000'000;

RowKey row_of(const UsageKey &key, std::int64_t reseller) { return {key.source, reseller, key.item, key.bucket}; }

/// Which sources exist and which of their days are built. Deltas wait whose source the registry does not name, or whose table has
/// no trigger: a restore is under way, or their table is gone and they go with it.
///
/// No table is locked: a fold moves figures from deltas to summaries, and their sum, which is all that anybody reads, stays. Days
/// that are un-built beside it, by TRUNCATE or DDL, are read raw by everybody from then on, and a rebuild replaces both.
class Readiness {
 public:
  Readiness() {
    for (const SourceState &source : source_states())
      if (source.is_followed) sources_.emplace(source.id, State{answerable(source, kAllTime), source.horizon});
  }

  bool is_pruned(const Delta &delta) const {
    auto const found = sources_.find(delta.source);
    return found != sources_.end() && delta.bucket < found->second.horizon;
  }

  bool may_fold(const Delta &delta) const {
    // The transaction's own changes wait until it commits, so that no summary ever holds part of a transaction in flight.
    if (delta.set_aside || delta.own) return false;
    auto const found = sources_.find(delta.source);
    return found != sources_.end() && found->second.is_built(delta.bucket);
  }

  /// Whether a delta is of a day that is not built. Nobody counts it, in whatever snapshot: what un-built the day, or that it was
  /// not built yet, is committed, and everybody reads raw rows there. A rebuild would drop it, since whoever sees it sees the row
  /// that it tells of; where none is possible, it would lie here for ever. What a rebuild does not see yet comes later, and stays.
  bool is_useless(const Delta &delta) const {
    if (delta.own) return false;
    auto const found = sources_.find(delta.source);
    return found != sources_.end() && delta.bucket >= found->second.horizon && !found->second.is_built(delta.bucket);
  }

 private:
  struct State {
    std::vector<Range> built;
    Time horizon;

    bool is_built(Time bucket) const {
      return std::any_of(built.begin(), built.end(), [&](const Range &range) { return range.contains(bucket); });
    }
  };
  std::map<std::int64_t, State> sources_;
};

/// Attributes deltas of some companies to resellers, by the dependencies of the active snapshot.
class Attribution {
 public:
  explicit Attribution(std::vector<std::int64_t> companies) : memberships_(memberships_of(std::move(companies))) {}

  std::optional<std::int64_t> reseller_of(const Delta &delta) const {
    if (delta.keyed) return delta.reseller;
    const Membership *const membership = membership_at(memberships_, delta.company, delta.bucket);
    return membership != nullptr ? std::optional(membership->reseller) : std::nullopt;
  }

 private:
  std::vector<Membership> memberships_;
};

std::unordered_map<std::int64_t, std::int64_t> widths_of_resellers() {
  std::unordered_map<std::int64_t, std::int64_t> widths;
  ActingAs const owner(extension_owner());
  query("SELECT reseller_id, count(DISTINCT company_id) FROM reseller_report.dependency GROUP BY reseller_id", {},
        [&](const Datum *values, const bool *) { widths[DatumGetInt64(values[0])] = DatumGetInt64(values[1]); });
  return widths;
}

constexpr size_t kScanBatch = 10'000;

/// Hands on the pending deltas of `scan` that may be folded, each with its reseller if it has one, until `f(delta, reseller)` says
/// false. Where usage is pruned, nobody's is kept, too. `pass(delta)` gets the others.
template <typename F, typename Pass>
void for_each_pending(DeltaScan &scan, const Readiness &ready, F &&f, Pass &&pass) {
  std::vector<Delta> batch;
  Delta delta;
  for (bool more = true; more;) {
    batch.clear();
    std::vector<std::int64_t> companies;
    while (batch.size() < kScanBatch && (more = scan.next(delta))) {
      if (!ready.may_fold(delta)) {
        pass(delta);
        continue;
      }
      batch.push_back(delta);
      if (!delta.keyed) companies.push_back(delta.company);
    }
    Attribution const attribution(std::move(companies));
    for (const Delta &pending : batch) {
      std::optional<std::int64_t> reseller = attribution.reseller_of(pending);
      if (!reseller && ready.is_pruned(pending)) reseller = kNobody;
      if (!f(pending, reseller)) return;
    }
  }
}

/// The rows of wide resellers whose pending changes do not pay for rewriting them yet.
class Waiting {
 public:
  Waiting() = default;

  explicit Waiting(const Readiness &ready) {
    std::unordered_map<std::int64_t, std::int64_t> const widths = widths_of_resellers();
    Time const old = GetCurrentTimestamp() - kOld;
    struct Row {
      std::int64_t changes = 0;
      bool has_old = false;
    };
    std::unordered_map<RowKey, Row, KeyHash> rows;
    auto const note = [&](const Delta &delta, std::optional<std::int64_t> reseller) {
      if (!reseller) return true;
      auto const width = widths.find(*reseller);
      if (width == widths.end() || width->second < kNarrowRow) return true;
      Row &row = rows[row_of(delta, *reseller)];
      row.changes++;
      row.has_old |= delta.recorded_at <= old;
      return true;
    };
    DeltaScan scan(AccessShareLock);
    for_each_pending(scan, ready, note, [](const Delta &) {});
    for (const auto &[key, row] : rows)
      if (!row.has_old && row.changes * kChangesPerWidth < widths.at(key.reseller)) waiting_.insert(key);
  }

  bool waits(const Delta &delta, std::optional<std::int64_t> reseller) const {
    return reseller && waiting_.count(row_of(delta, *reseller)) > 0;
  }

 private:
  std::unordered_set<RowKey, KeyHash> waiting_;
};

struct Taken {
  std::int64_t deltas = 0;
  std::vector<Change> changes;
};

// The year that a cell lies in. It is set aside whole when a sum in it overflows: all levels of a change lie in one year.
CellKey year_of(CellKey cell) {
  cell.bucket = bucket_of(Level::kYear, cell.bucket);
  return cell;
}

// Deletes at most `most` deltas and returns what they held, and deltas that nobody counts. Those of `overflowing` keys are put
// back, set aside.
Taken take(std::int64_t most, const Readiness &ready, const Waiting &waiting, const std::set<CellKey> &overflowing) {
  Taken taken;
  std::vector<Delta> put_back;
  DeltaScan scan(RowExclusiveLock);
  std::int64_t dropped = 0;
  auto const drop = [&](const Delta &delta) {
    if (dropped == kMostDropped || !ready.is_useless(delta)) return;
    scan.remove(delta);
    dropped++;
  };
  auto const take_one = [&](const Delta &delta, std::optional<std::int64_t> reseller) {
    if (taken.deltas == most) return false;
    if (waiting.waits(delta, reseller)) return true;
    scan.remove(delta);
    if (reseller && overflowing.count(year_of({row_of(delta, *reseller), delta.company})) > 0) {
      put_back.push_back(delta);
      put_back.back().set_aside = true;
      return true;
    }
    taken.deltas++;
    if (reseller) taken.changes.push_back({{row_of(delta, *reseller), delta.company}, delta.counters});
    return true;
  };
  for_each_pending(scan, ready, take_one, drop);
  if (!put_back.empty()) {
    DeltaWriter writer;
    for (const Delta &delta : put_back) writer.write(delta);
    writer.finish();
  }
  return taken;
}

struct Folded {
  std::int64_t deltas = 0;
  std::int64_t summary_rows = 0;
};

Folded fold(std::int64_t most, const Readiness &ready, const Waiting &waiting, const std::set<CellKey> &overflowing,
            Overflows &overflows) {
  Taken taken = take(most, ready, waiting, overflowing);
  return {taken.deltas, fold_changes(std::move(taken.changes), overflows)};
}

void warn(const CellKey &overflow) {
  long long const company = overflow.company;
  long long const reseller = overflow.reseller;
  pg([&] {
    ereport(WARNING, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                      errmsg("usage of company %lld of reseller %lld was set aside: its sum exceeds 64 bits", company, reseller),
                      errdetail("Reports go on counting it; all other usage was folded.")));
  });
}

// Folds in a subtransaction. Where sums overflow, rolls it back and tries again without the keys that did it, at most once a
// level: one company's absurd figures must not stop the folding of others.
Folded fold_around_overflows(std::int64_t most, const Readiness &ready, const Waiting &waiting) {
  std::set<CellKey> overflowing;
  for (;;) {
    Subtransaction const attempt;
    Overflows overflows;
    try {
      Folded const folded = fold(most, ready, waiting, overflowing, overflows);
      if (overflows.empty()) {
        attempt.release();
        return folded;
      }
    } catch (...) {
      // An error must not leave through a subtransaction that its catcher, PL/pgSQL or the main loop, does not know of.
      attempt.roll_back();
      throw;
    }
    attempt.roll_back();
    for (const CellKey &overflow : overflows)
      if (overflowing.insert(year_of(overflow)).second) warn(overflow);
  }
}

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

bool anything_to_fold(bool only_what_pays) {
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  Readiness const ready;
  Waiting const waiting = only_what_pays ? Waiting(ready) : Waiting();
  bool found = false;
  (void)gone_sources(found);
  if (found || is_registry_stale()) return true;
  DeltaScan scan(AccessShareLock);
  bool useless = false;
  auto const look = [&](const Delta &delta, std::optional<std::int64_t> reseller) {
    found = !waiting.waits(delta, reseller);
    return !found;
  };
  for_each_pending(scan, ready, look, [&](const Delta &delta) { useless = useless || ready.is_useless(delta); });
  return found || useless;
}

Folded materialize(std::int64_t most, bool only_what_pays) {
  // An idle run writes nothing. Deltas that another session is folding are visible here until it commits, so that a run
  // which finds none has nothing to wait for either.
  if (!anything_to_fold(only_what_pays)) return {};
  require_dependencies_followed();
  Time const began = GetCurrentTimestamp();
  take_lease();
  {
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    follow_unseen();
  }
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  Readiness const ready;
  Waiting const waiting = only_what_pays ? Waiting(ready) : Waiting();
  Folded const folded = fold_around_overflows(most, ready, waiting);
  forget_gone_sources();
  pg([] { CommandCounterIncrement(); });
  note_fold(folded.deltas, GetCurrentTimestamp() - began);
  return folded;
}

void require_view_of_state() {
  Oid const view = own_relation("materializer_state");
  AclResult allowed = ACLCHECK_NO_PRIV;
  Oid const role = GetUserId();
  pg([&] { allowed = pg_class_aclcheck(view, role, ACL_SELECT); });
  if (allowed != ACLCHECK_OK) throw Error(sqlstate::kNotPermitted, "permission denied for view materializer_state");
}

}  // namespace

// How many deltas the next folds would take, and the oldest of them; for the view materializer_state, whose readers' rights it asks
// for.
RESELLER_REPORT_FUNCTION(reseller_report_pending) {
  require_view_of_state();
  std::int64_t deltas = 0;
  Time oldest = kInfinity;
  {
    Readiness const ready;
    DeltaScan scan(AccessShareLock);
    Delta delta;
    while (scan.next(delta)) {
      if (!ready.may_fold(delta)) continue;
      deltas++;
      oldest = std::min(oldest, delta.recorded_at);
    }
  }
  pg([&] {
    InitMaterializedSRF(fcinfo, 0);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Datum values[] = {Int64GetDatum(deltas), TimestampTzGetDatum(oldest)};
    bool nulls[] = {false, deltas == 0};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  });
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_materialize) {
  require_not_null(fcinfo, {0}, "max_deltas");
  std::int64_t const most = PG_GETARG_INT32(0);
  if (most < 1) throw Error(sqlstate::kInvalidParameter, "max_deltas must be at least 1");
  bool const only_what_pays = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Folded const folded = materialize(most, only_what_pays);
  pg([&] {
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Datum values[] = {Int64GetDatum(folded.deltas), Int64GetDatum(folded.summary_rows)};
    bool nulls[] = {false, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  });
  return Datum{0};
}

}  // namespace reseller_report
