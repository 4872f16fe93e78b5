#include "report/collect.hpp"

#include <algorithm>
#include <unordered_map>

#include "capture/accumulator.hpp"
#include "report/source_plan.hpp"
#include "source/raw_scan.hpp"
#include "summary/delta.hpp"
#include "summary/packed.hpp"

namespace reseller_report {
namespace {

// Up to this many dependents, raw rows are asked for by company; beyond, by moment only.
constexpr size_t kCompaniesInRawQuery = 1'000;

// At most this many queries read the raw rows of a source. Where there are more pieces of time to read, those that lie close
// together share a query, which then passes over the rows between them.
constexpr size_t kRawQueries = 200;

// Each row is read once, whatever the number of steps that it counts for.
void add_summaries(const std::vector<SourcePlan> &plans, const Question &question, const RowMemory &memory, FigureSink &sink) {
  for (int level = 0; level < kLevels; level++) {
    // Most periods need few of the levels. Opening a table and its index costs more than finding a row.
    auto const needs_level = [&](const SourcePlan &plan) { return !plan.levels[level].all().empty(); };
    if (std::none_of(plans.begin(), plans.end(), needs_level)) continue;
    SummaryReader reader(static_cast<Level>(level), memory);
    if (std::optional<std::int64_t> const company = sink.only_company()) reader.look_for(*company);
    for (const SourcePlan &plan : plans) {
      const StepPieces &pieces = plan.levels[level];
      for (const Range &range : pieces.hulls(0)) {
        reader.seek({plan.answering.source.id, question.reseller}, range);
        SummaryRow row;
        while (reader.next(row)) {
          int const item = question.places.of(row.item);
          if (item < 0 || sink.wanted(item) == 0) continue;
          reader.read(row, sink.wanted(item), sink.detail());
          sink.row_was_read();
          pieces.for_each_at(row.bucket, [&](const StepPiece &piece) { sink.add_row(piece.step, item, row, piece.sign); });
        }
      }
    }
  }
}

/// Adds usage that is attributed by the dependencies of the snapshot.
class Attributing {
 public:
  Attributing(const Question &question, FigureSink &sink) : question_(question), sink_(sink) {}

  bool concerns(std::int64_t company) const { return sink_.concerns(company); }

  // For each of the pieces that hold a moment.
  void add(const StepPieces &pieces, Time moment, Item item, std::int64_t company, const Counters &counters) const {
    int const index = question_.places.of(item);
    if (index < 0 || question_.dependents.get().position_at(company, moment) < 0) return;
    pieces.for_each_at(moment, [&](const StepPiece &piece) { sink_.add(piece.step, index, company, counters, piece.sign); });
  }

 private:
  const Question &question_;
  FigureSink &sink_;
};

/// Entries of a group of packed changes in the form of a summary row, so that a sink takes many companies at once.
class GroupRows {
 public:
  /// The next entries, with these figures; false when there are none.
  bool next(Unpacker &group, FigureSet wanted) {
    Counters counters;
    FigureSet found = 0;
    int count = 0;
    while (count < kMost && group.next(companies_[count], counters)) {
      for (int i = 0; i < kFigures; i++) {
        figures_[i][count] = counters.figure[i];
        found |= static_cast<FigureSet>(counters.figure[i] != 0) << i;
      }
      count++;
    }
    row_.count = count;
    for (int i = 0; i < kFigures; i++) row_.figures[i] = (found & wanted & (1U << i)) != 0 ? figures_[i] : nullptr;
    return count > 0;
  }
  const SummaryRow &row() const { return row_; }

 private:
  static constexpr int kMost = 64;

  std::int64_t companies_[kMost] = {};
  std::int64_t figures_[kFigures][kMost] = {};
  SummaryRow row_ = {{}, 0, 0, companies_, {}, {}};
};

// Adds a group of packed changes of the reseller, for each of the pieces that hold its quarter hour.
void add_group(Unpacker &group, int item, GroupRows &rows, PiecesInTurn &pieces, FigureSink &sink) {
  const std::vector<StepPiece> &holding = pieces.at(group.bucket());
  FigureSet const wanted = sink.wanted(item);
  if (wanted == 0 || holding.empty()) return;
  while (rows.next(group, wanted))
    for (const StepPiece &piece : holding) sink.add_row(piece.step, item, rows.row(), piece.sign);
}

// The same where one company alone matters, of which most groups hold nothing.
void add_group_of(std::int64_t company, Unpacker &group, int item, PiecesInTurn &pieces, FigureSink &sink) {
  Counters counters;
  while (group.next_of(company, counters))
    for (const StepPiece &piece : pieces.at(group.bucket())) sink.add(piece.step, item, company, counters, piece.sign);
}

/// Adds groups of packed changes, of all companies together. Those of an item that lie in the same pieces are added up first.
class GroupSums {
 public:
  GroupSums(const StepPieces &pieces, FigureSink &sink) : pieces_(pieces), sink_(sink) {}

  void add(Unpacker &group, int item) {
    if (item != item_ || !pieces_.stretch().contains(group.bucket())) {
      finish();
      item_ = item;
      holding_ = &pieces_.at(group.bucket());
    }
    std::int64_t company = 0;
    Counters counters;
    while (group.next(company, counters)) row_.sums.add(counters, 1);
  }

  /// Call it at the end.
  void finish() {
    if (holding_ == nullptr) return;
    for (const StepPiece &piece : *holding_) sink_.add_row(piece.step, item_, row_, piece.sign);
    row_.sums = {};
  }

 private:
  PiecesInTurn pieces_;
  FigureSink &sink_;
  int item_ = -1;
  const std::vector<StepPiece> *holding_ = nullptr;
  SummaryRow row_ = {};
};

bool is_at_half_hour(Time moment) { return !is_finite(moment) || half_hour_of(moment) == moment; }

// Adds what packed rows of the reseller hold where pieces lie.
void add_packed(PackedReader &reader, std::int64_t source, const StepPieces &pieces, const Question &question, FigureSink &sink) {
  Detail const detail = sink.detail();
  std::optional<std::int64_t> const only = sink.only_company();
  bool const sums_hold = std::all_of(pieces.all().begin(), pieces.all().end(), [](const StepPiece &piece) {
    return is_at_half_hour(piece.range.from) && is_at_half_hour(piece.range.to);
  });
  for (const Range &range : pieces.hulls(0)) {
    reader.seek({source, question.reseller}, range, sums_hold ? detail : Detail::kCompanies);
    PackedRow row;
    GroupRows rows;
    while (reader.next(row)) {
      sink.row_was_read();
      Range const day = {row.day, next_bucket(Level::kDay, row.day)};
      StepPieces const of_day = pieces.overlapping(intersection(range, day));
      PiecesInTurn in_turn(of_day);
      GroupSums sums(of_day, sink);
      Unpacker groups(row.bytes, row.size, row.day);
      // Groups come in order of item.
      std::optional<Item> last;
      int item = -1;
      while (groups.next_group()) {
        if (groups.item() != last) item = question.places.of(last.emplace(groups.item()));
        if (item < 0 || !range.contains(groups.bucket())) continue;
        if (detail == Detail::kSums)
          sums.add(groups, item);
        else if (only)
          add_group_of(*only, groups, item, in_turn, sink);
        else
          add_group(groups, item, rows, in_turn, sink);
      }
      sums.finish();
    }
  }
}

// Packed days stand for rows of the levels up to the day. Runs are in no level yet.
void add_packed(const std::vector<SourcePlan> &plans, const Question &question, const RowMemory &memory, FigureSink &sink) {
  PackedReader days(PackedTable::kDays, AccessShareLock, memory);
  PackedReader runs(PackedTable::kRuns, AccessShareLock, memory);
  for (const SourcePlan &plan : plans) {
    add_packed(days, plan.answering.source.id, plan.days, question, sink);
    add_packed(runs, plan.answering.source.id, plan.buckets, question, sink);
  }
}

void add_deltas(const std::vector<SourcePlan> &plans, const Question &question, const Attributing &sink) {
  std::unordered_map<std::int64_t, const StepPieces *> counted;  // by source
  for (const SourcePlan &plan : plans)
    if (!plan.buckets.all().empty()) counted.emplace(plan.answering.source.id, &plan.buckets);
  if (counted.empty()) return;
  auto const pieces_of = [&](std::int64_t source) {
    auto const found = counted.find(source);
    return found != counted.end() ? found->second : nullptr;
  };
  // Only a serializable transaction asks whose deltas they are.
  DeltaScan scan(AccessShareLock, IsolationIsSerializable() ? question.dependents.get().ids : std::vector<std::int64_t>{});
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

// Reads the raw rows of pieces; only of these companies where they are given.
void read_pieces(const Source &source, const StepPieces &pieces, const std::vector<std::int64_t> *companies,
                 const Question &question, const Attributing &sink) {
  if (pieces.all().empty()) return;
  const Dependents &dependents = question.dependents.get();
  if (companies == nullptr && dependents.ids.size() <= kCompaniesInRawQuery) companies = &dependents.ids;
  // Of a row that was never the reseller's, nothing may be read that could raise an error about it.
  auto const wants = [&](std::int64_t company, Time moment) {
    return dependents.position_at(company, moment) >= 0 && pieces.any_at(moment);
  };
  for (const Range &range : pieces.few_hulls(kRawQueries))
    for_raw_usage(source, range, companies, wants,
                  [&](const Usage &usage) { sink.add(pieces, usage.occurred_at, usage.item, usage.company, usage.counters); });
}

/// Parts of cut quarter hours, and the companies that have events in them.
struct CutsToRead {
  StepPieces pieces;
  CutQuarters::Found found;

  void add(const CutPiece &cut, const CutQuarters::Found &in_quarter) {
    if (in_quarter.companies.empty() && !in_quarter.unnamed) return;
    pieces.add(cut.piece);
    found.companies.insert(found.companies.end(), in_quarter.companies.begin(), in_quarter.companies.end());
    found.unnamed = found.unnamed || in_quarter.unnamed;
  }
};

void read_cuts(CutsToRead &cuts, const Source &source, const Question &question, const Attributing &sink) {
  cuts.pieces.index();
  std::vector<std::int64_t> &companies = cuts.found.companies;
  std::sort(companies.begin(), companies.end());
  companies.erase(std::unique(companies.begin(), companies.end()), companies.end());
  bool const by_company = !cuts.found.unnamed && companies.size() <= kCompaniesInRawQuery;
  read_pieces(source, cuts.pieces, by_company ? &companies : nullptr, question, sink);
}

// Each quarter hour is read by itself, of its own companies, unless there are too many of them.
void read_cuts(const SourcePlan &plan, const CutQuarters &cut, const Question &question, const Attributing &sink) {
  bool const together = plan.cuts.size() > kRawQueries;
  CutsToRead cuts;
  for (std::size_t i = 0; i < plan.cuts.size(); i++) {
    cuts.add(plan.cuts[i], cut.found(plan.cuts[i].quarter));
    bool const is_last = i + 1 == plan.cuts.size();
    if (!is_last && (together || plan.cuts[i + 1].quarter == plan.cuts[i].quarter)) continue;
    read_cuts(cuts, plan.answering.source, question, sink);
    cuts = {};
  }
}

}  // namespace

void collect_figures(const Question &question, FigureSink &sink) {
  if (question.steps.empty() || question.dependents.are_none()) return;
  std::vector<SourcePlan> plans;
  RowMemory const memory;
  CutQuarters cut(sink, question.steps.size());
  do {
    cut.clear();
    plans = plan(question, cut);
    FigureSink *const reading = cut.empty() ? &sink : static_cast<FigureSink *>(&cut);
    Attributing const attributing(question, *reading);
    add_summaries(plans, question, memory, *reading);
    add_packed(plans, question, memory, *reading);
    add_deltas(plans, question, attributing);
    for (const SourcePlan &plan : plans) {
      read_cuts(plan, cut, question, attributing);
      read_pieces(plan.answering.source, plan.raw, nullptr, question, attributing);
    }
  } while (!still_hold(plans));
}

}  // namespace reseller_report
