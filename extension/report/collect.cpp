#include "report/collect.hpp"

#include <algorithm>
#include <unordered_map>

#include "capture/accumulator.hpp"
#include "server/query.hpp"
#include "source/built_days.hpp"
#include "source/leaf.hpp"
#include "source/raw_scan.hpp"
#include "summary/delta.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

// Up to this many dependents, raw rows are asked for by company; beyond, by moment only.
constexpr size_t kCompaniesInRawQuery = 1'000;

/// How the period is answered from one source.
struct SourcePlan {
  Source source;
  UnbuiltMarks unbuilt;       // when it was made
  std::vector<Cover> covers;  // of the parts that its summaries answer
  std::vector<Range> raw;     // the rest

  bool counts_deltas_of(Time bucket) const {
    return std::any_of(covers.begin(), covers.end(), [&](const Cover &cover) { return cover.buckets.contains(bucket); });
  }
};

bool is_locked_by_me(Oid table, LOCKMODE mode) {
  LOCKTAG lock;
  SET_LOCKTAG_RELATION(lock, MyDatabaseId, table);
  return LockHeldByMe(&lock, mode, false);
}

// Whether capture has still to fire for rows of a table that are written already. It fires at the end of the statement, and what
// the statement calls before that sees them. Whoever queues a trigger's event holds the lock of a writer; a look at the queue may
// be long.
bool awaits_capture(Oid root) {
  bool awaits = false;
  pg([&] {
    List *const tables = find_all_inheritors(root, NoLock, nullptr);
    int const count = list_length(tables);
    for (int i = 0; i < count && !awaits; i++) {
      Oid const table = list_nth_oid(tables, i);
      awaits = is_locked_by_me(table, RowExclusiveLock) && AfterTriggerPendingOnRel(table);
    }
    list_free(tables);
  });
  return awaits;
}

// Whether summaries and deltas, as this process and snapshot see them, can answer for the source. A snapshot from before the
// transaction's latest capture does not match the accumulator, a parallel worker does not have it, and a function called by a
// statement that writes to the source, or to dependency, sees rows that are not captured, or followed, yet.
bool summaries_match_snapshot(const Source &source) {
  // A transaction that has written nothing has captured nothing, whatever process this is.
  if (!TransactionIdIsValid(GetTopTransactionIdIfAny())) return true;
  return !accumulator::is_ahead_of(GetActiveSnapshot()) && !awaits_moves() && !IsParallelWorker() && !awaits_capture(source.relid);
}

void require_raw_usage(const SourcePlan &plan) {
  Time const horizon = plan.source.horizon;
  auto const is_gone = [&](const Range &range) { return !range.empty() && range.from < horizon; };
  bool gone = std::any_of(plan.raw.begin(), plan.raw.end(), is_gone);
  for (const Cover &cover : plan.covers)
    gone |= std::any_of(cover.raw.begin(), cover.raw.end(), [&](const Piece &piece) { return is_gone(piece.range); });
  if (!gone) return;
  std::string const moment = text_of_time(horizon);
  throw Error(sqlstate::kWrongState,
              "usage of table " + plan.source.name + " before " + moment +
                  " was pruned: from then on any period can be answered, before it only whole quarter hours UTC",
              "Begin and end the period on quarter hours UTC, or not before that moment.");
}

std::vector<SourcePlan> plan(Service service, const Range &period) {
  std::vector<SourcePlan> plans;
  Time const now = GetCurrentTimestamp();
  for (Source &source : sources_of(service)) {
    UnbuiltMarks unbuilt = unbuilt_marks(source.id);
    if (!unbuilt.empty()) lock_what_came(source);
    std::vector<Range> const answered = summaries_match_snapshot(source) ? answerable(source, period) : std::vector<Range>{};
    SourcePlan plan = {std::move(source), std::move(unbuilt), {}, without(period, answered)};
    for (const Range &range : answered) plan.covers.push_back(cover_of(range, now));
    require_raw_usage(plan);
    plans.push_back(std::move(plan));
  }
  return plans;
}

// Rows may come with a partition that is attached meanwhile: seen where raw rows are read, but in no summary.
bool still_hold(const std::vector<SourcePlan> &plans) {
  return std::all_of(plans.begin(), plans.end(), [](const SourcePlan &plan) {
    UnbuiltMarks const now = unbuilt_marks(plan.source.id);
    return std::includes(plan.unbuilt.begin(), plan.unbuilt.end(), now.begin(), now.end());
  });
}

void add_summaries(const std::vector<SourcePlan> &plans, std::int64_t reseller, const Dependents &dependents, Totals &totals) {
  RowMemory const memory;
  for (int level = 0; level < kLevels; level++) {
    SummaryReader reader(static_cast<Level>(level), memory);
    for (const SourcePlan &plan : plans)
      for (const Cover &cover : plan.covers)
        for (const Piece &piece : cover.levels[level])
          for (int item = 0; item < totals.items().count; item++) {
            reader.seek({plan.source.id, reseller, totals.items().items[item]}, piece.range, totals.wanted(item));
            SummaryRow row;
            while (reader.next(row)) totals.add_row(item, row, piece.sign, dependents);
          }
  }
}

/// Adds usage that is attributed by the dependencies of the snapshot.
class Attributing {
 public:
  Attributing(const Dependents &dependents, Totals &totals) : dependents_(dependents), totals_(totals) {}

  const std::vector<std::int64_t> &companies() const { return dependents_.ids; }

  bool concerns(std::int64_t company) const { return dependents_.position(company) >= 0; }

  void add(Item item, std::int64_t company, Time moment, const Counters &counters, int sign) const {
    int const index = totals_.index_of(item);
    int const position = index >= 0 ? dependents_.position_at(company, moment) : -1;
    if (position >= 0) totals_.add(index, position, counters, sign);
  }

  void add_keyed(Item item, std::int64_t company, const Counters &counters) const {
    int const index = totals_.index_of(item);
    int const position = dependents_.position(company);
    if (index >= 0 && position >= 0) totals_.add(index, position, counters, 1);
  }

 private:
  const Dependents &dependents_;
  Totals &totals_;
};

void add_deltas(const std::vector<SourcePlan> &plans, std::int64_t reseller, const Attributing &sink) {
  std::unordered_map<std::int64_t, const SourcePlan *> by_source;
  for (const SourcePlan &plan : plans)
    if (!plan.covers.empty()) by_source.emplace(plan.source.id, &plan);
  if (by_source.empty()) return;
  auto const counts = [&](std::int64_t source, Time bucket) {
    auto const found = by_source.find(source);
    return found != by_source.end() && found->second->counts_deltas_of(bucket);
  };
  // Most deltas are of other resellers' companies.
  auto const wants = [&](std::int64_t source, std::int64_t company, Time bucket) {
    return sink.concerns(company) && counts(source, bucket);
  };
  DeltaScan scan(AccessShareLock, filter_of(wants), sink.companies());
  Delta delta;
  while (scan.next(delta)) {
    if (delta.keyed && delta.reseller != reseller) continue;
    if (delta.keyed)
      sink.add_keyed(delta.item, delta.company, delta.counters);
    else
      sink.add(delta.item, delta.company, delta.bucket, delta.counters, 1);
  }
  accumulator::for_each([&](const UsageKey &key, const Counters &counters) {
    if (counts(key.source, key.bucket)) sink.add(key.item, key.company, key.bucket, counters, 1);
  });
}

void add_raw(const std::vector<SourcePlan> &plans, const Dependents &dependents, const Attributing &sink) {
  auto const *const companies = dependents.ids.size() <= kCompaniesInRawQuery ? &dependents.ids : nullptr;
  // Of rows that were never the reseller's nothing may be read that could raise an error about them.
  auto const wants = [&](std::int64_t company, Time moment) { return dependents.position_at(company, moment) >= 0; };
  for (const SourcePlan &plan : plans) {
    std::vector<Piece> pieces;
    for (const Cover &cover : plan.covers) pieces.insert(pieces.end(), cover.raw.begin(), cover.raw.end());
    for (const Range &range : plan.raw) pieces.push_back({range, 1});
    for (const Piece &piece : pieces)
      for_raw_usage(plan.source, piece.range, companies, wants, [&](const Usage &usage) {
        sink.add(usage.item, usage.company, usage.occurred_at, usage.counters, piece.sign);
      });
  }
}

}  // namespace

void collect_figures(std::int64_t reseller, Service service, const Range &period, const Dependents &dependents, Totals &totals) {
  if (dependents.ids.empty()) return;
  std::vector<SourcePlan> plans;
  Attributing const sink(dependents, totals);
  do {
    totals.clear();
    plans = plan(service, period);
    add_summaries(plans, reseller, dependents, totals);
    add_deltas(plans, reseller, sink);
    add_raw(plans, dependents, sink);
  } while (!still_hold(plans));
}

}  // namespace reseller_report
