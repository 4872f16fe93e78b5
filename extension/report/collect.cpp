#include "report/collect.hpp"

#include <algorithm>
#include <unordered_map>

#include "capture/accumulator.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "source/built_days.hpp"
#include "source/leaf.hpp"
#include "source/raw_scan.hpp"
#include "summary/delta.hpp"
#include "summary/memberships.hpp"
#include "summary/packed.hpp"

namespace reseller_report {
namespace {

// Up to this many dependents, raw rows are asked for by company; beyond, by moment only.
constexpr size_t kCompaniesInRawQuery = 1'000;

// At most this many queries read the raw rows of a source. Where there are more pieces of time to read, those that lie close
// together share a query, which then passes over the rows between them.
constexpr size_t kRawQueries = 200;

/// How the steps are answered from one source.
struct SourcePlan {
  Source source;
  UnbuiltMarks unbuilt;        // when it was made
  StepPieces levels[kLevels];  // buckets of its summaries
  StepPieces buckets;          // the time that they cover, whose runs and deltas count
  StepPieces raw;              // raw rows: what turns the buckets into the steps, and all of what summaries do not answer

  void add_cover(int step, const Cover &cover) {
    for (int level = 0; level < kLevels; level++)
      for (const Piece &piece : cover.levels[level]) levels[level].add({piece.range, piece.sign, step});
    for (const Piece &piece : cover.raw) raw.add({piece.range, piece.sign, step});
    buckets.add({cover.buckets, 1, step});
  }

  void index() {
    for (StepPieces &level : levels) level.index();
    buckets.index();
    raw.index();
  }
};

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
  const std::vector<StepPiece> &raw = plan.raw.all();
  bool const gone = std::any_of(raw.begin(), raw.end(), [&](const StepPiece &piece) { return piece.range.from < horizon; });
  if (!gone) return;
  std::string const moment = text_of_time(horizon);
  throw Error(sqlstate::kWrongState,
              "usage of table " + plan.source.name + " before " + moment +
                  " was pruned: from then on any period can be answered, before it only whole quarter hours UTC",
              "Begin and end the period on quarter hours UTC, or not before that moment.");
}

// `answered` are the parts of the period that summaries answer, in order of time.
void plan_steps(const std::vector<Range> &steps, const std::vector<Range> &answered, Time now, SourcePlan &plan) {
  auto first = answered.begin();
  for (size_t i = 0; i < steps.size(); i++) {
    const Range &step = steps[i];
    int const number = static_cast<int>(i);
    while (first != answered.end() && first->to <= step.from) ++first;
    std::vector<Range> covered;
    for (auto part = first; part != answered.end() && part->from < step.to; ++part) covered.push_back(intersection(step, *part));
    for (const Range &part : covered) plan.add_cover(number, cover_of(part, now));
    for (const Range &rest : without(step, covered)) plan.raw.add({rest, 1, number});
  }
  plan.index();
}

std::vector<SourcePlan> plan(const Question &question) {
  std::vector<SourcePlan> plans;
  Range const period = {question.steps.front().from, question.steps.back().to};
  Time const now = GetCurrentTimestamp();
  for (Source &source : sources_of(question.service)) {
    // Marks are read before partitions that have come are locked. So each partition whose mark is seen here is in the catalogs when
    // lock_what_came() looks. In the other order a partition could come between the two: its mark would be seen, but nobody would
    // have waited until the server has told this session of the partition. A mark that comes later is noticed by still_hold().
    UnbuiltMarks unbuilt = unbuilt_marks(source.id);
    if (!unbuilt.empty()) lock_what_came(source);
    std::vector<Range> const answered = summaries_match_snapshot(source) ? answerable(source, period) : std::vector<Range>{};
    SourcePlan plan = {std::move(source), std::move(unbuilt), {}, {}, {}};
    plan_steps(question.steps, answered, now, plan);
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

// Each row is read once, whatever the number of steps that it counts for.
void add_summaries(const std::vector<SourcePlan> &plans, const Question &question, const RowMemory &memory, FigureSink &sink) {
  ItemList const items = items_of(question.service);
  for (int level = 0; level < kLevels; level++) {
    SummaryReader reader(static_cast<Level>(level), memory);
    for (const SourcePlan &plan : plans) {
      const StepPieces &pieces = plan.levels[level];
      for (const Range &range : pieces.hulls(0))
        for (int item = 0; item < items.count; item++) {
          reader.seek({plan.source.id, question.reseller, items.items[item]}, range, sink.wanted(item));
          SummaryRow row;
          while (reader.next(row))
            pieces.for_each_at(row.bucket, [&](const StepPiece &piece) { sink.add_row(piece.step, item, row, piece.sign); });
        }
    }
  }
}

// The place of an item in a list, or -1.
int index_of(ItemList items, Item item) {
  for (int i = 0; i < items.count; i++)
    if (items.items[i] == item) return i;
  return -1;
}

/// Adds usage that is attributed by the dependencies of the snapshot.
class Attributing {
 public:
  Attributing(const Question &question, FigureSink &sink)
      : items_(items_of(question.service)), dependents_(question.dependents), sink_(sink) {}

  bool concerns(std::int64_t company) const { return sink_.concerns(company); }

  // For each of the pieces that hold a moment.
  void add(const StepPieces &pieces, Time moment, Item item, std::int64_t company, const Counters &counters) const {
    int const index = index_of(items_, item);
    if (index < 0 || dependents_.position_at(company, moment) < 0) return;
    pieces.for_each_at(moment, [&](const StepPiece &piece) { sink_.add(piece.step, index, company, counters, piece.sign); });
  }

 private:
  ItemList items_;
  const Dependents &dependents_;
  FigureSink &sink_;
};

// Adds what packed rows of the reseller hold where pieces lie.
void add_packed(PackedReader &reader, std::int64_t source, const StepPieces &pieces, const Question &question, FigureSink &sink) {
  ItemList const items = items_of(question.service);
  for (const Range &range : pieces.hulls(0)) {
    reader.seek({source, question.reseller}, range);
    PackedRow row;
    while (reader.next(row)) {
      Unpacker groups(row.bytes, row.size, row.day);
      while (groups.next_group()) {
        int const item = index_of(items, groups.item());
        Time const bucket = groups.bucket();
        if (item < 0 || !range.contains(bucket)) continue;
        std::int64_t company = 0;
        Counters counters;
        while (groups.next(company, counters)) {
          if (!sink.concerns(company)) continue;
          pieces.for_each_at(bucket, [&](const StepPiece &piece) { sink.add(piece.step, item, company, counters, piece.sign); });
        }
      }
    }
  }
}

// Packed days stand for rows of the levels up to the day. Runs are in no level yet.
void add_packed(const std::vector<SourcePlan> &plans, const Question &question, const RowMemory &memory, FigureSink &sink) {
  PackedReader days(PackedTable::kDays, AccessShareLock, memory);
  PackedReader runs(PackedTable::kRuns, AccessShareLock, memory);
  for (const SourcePlan &plan : plans) {
    for (Level const level : {Level::kQuarter, Level::kHour, Level::kDay})
      add_packed(days, plan.source.id, plan.levels[static_cast<int>(level)], question, sink);
    add_packed(runs, plan.source.id, plan.buckets, question, sink);
  }
}

void add_deltas(const std::vector<SourcePlan> &plans, const Question &question, const Attributing &sink) {
  std::unordered_map<std::int64_t, const StepPieces *> counted;  // by source
  for (const SourcePlan &plan : plans)
    if (!plan.buckets.all().empty()) counted.emplace(plan.source.id, &plan.buckets);
  if (counted.empty()) return;
  auto const pieces_of = [&](std::int64_t source) {
    auto const found = counted.find(source);
    return found != counted.end() ? found->second : nullptr;
  };
  DeltaScan scan(AccessShareLock, question.dependents.ids);
  DeltaRow row;
  while (scan.next(row)) {
    const StepPieces *const pieces = pieces_of(row.source);
    if (pieces == nullptr) continue;
    Unpacker groups(row.bytes, row.size, kEpoch);
    while (groups.next_group()) {
      if (!pieces->any_at(groups.bucket())) continue;
      std::int64_t company = 0;
      Counters counters;
      // Most are of other resellers' companies.
      while (groups.next(company, counters))
        if (sink.concerns(company)) sink.add(*pieces, groups.bucket(), groups.item(), company, counters);
    }
  }
  accumulator::for_each([&](const UsageKey &key, const Counters &counters) {
    if (const StepPieces *const pieces = pieces_of(key.source)) sink.add(*pieces, key.bucket, key.item, key.company, counters);
  });
}

void add_raw(const std::vector<SourcePlan> &plans, const Dependents &dependents, const Attributing &sink) {
  auto const *const companies = dependents.ids.size() <= kCompaniesInRawQuery ? &dependents.ids : nullptr;
  for (const SourcePlan &plan : plans) {
    // Of rows that were never the reseller's nothing may be read that could raise an error about them.
    auto const wants = [&](std::int64_t company, Time moment) {
      return dependents.position_at(company, moment) >= 0 && plan.raw.any_at(moment);
    };
    for (const Range &range : plan.raw.few_hulls(kRawQueries))
      for_raw_usage(plan.source, range, companies, wants,
                    [&](const Usage &usage) { sink.add(plan.raw, usage.occurred_at, usage.item, usage.company, usage.counters); });
  }
}

}  // namespace

void collect_figures(const Question &question, FigureSink &sink) {
  if (question.steps.empty() || question.dependents.ids.empty()) return;
  std::vector<SourcePlan> plans;
  RowMemory const memory;
  Attributing const attributing(question, sink);
  do {
    sink.clear();
    plans = plan(question);
    add_summaries(plans, question, memory, sink);
    add_packed(plans, question, memory, sink);
    add_deltas(plans, question, attributing);
    add_raw(plans, question.dependents, attributing);
  } while (!still_hold(plans));
}

}  // namespace reseller_report
