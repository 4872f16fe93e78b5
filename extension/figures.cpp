#include "figures.hpp"

#include "accumulator.hpp"
#include "delta.hpp"
#include "raw.hpp"

namespace reseller_report {
namespace {

// Up to this many dependents, raw rows are asked for by company; beyond, by moment only.
constexpr size_t kCompaniesInRawQuery = 1'000;

/// How the period is answered from one source.
struct SourcePlan {
  Source source;
  std::vector<Cover> covers;  // of the parts that its summaries answer
  std::vector<Range> raw;     // the rest

  bool counts_deltas_of(Time bucket) const {
    return std::any_of(covers.begin(), covers.end(), [&](const Cover &cover) { return cover.buckets.contains(bucket); });
  }
};

// Whether summaries and deltas, as this process and snapshot see them, can answer at all. A snapshot from before the
// transaction's latest capture does not match the accumulator, and a parallel worker does not have it.
bool summaries_match_snapshot() {
  return !accumulator::is_ahead_of(GetActiveSnapshot()) && !IsParallelWorker();
}

std::vector<SourcePlan> plan(Service service, const Range &period) {
  std::vector<SourcePlan> plans;
  bool const use_summaries = summaries_match_snapshot();
  for (Source &source : sources_of(service)) {
    std::vector<Range> const answered = use_summaries ? answerable(source.id, period) : std::vector<Range>{};
    SourcePlan plan = {std::move(source), {}, without(period, answered)};
    for (const Range &range : answered) plan.covers.push_back(cover_of(range));
    plans.push_back(std::move(plan));
  }
  return plans;
}

void add_summaries(const std::vector<SourcePlan> &plans, std::int64_t reseller, const Dependents &dependents, Totals &totals) {
  for (int level = 0; level < kLevels; level++) {
    SummaryReader reader(static_cast<Level>(level));
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

  void add(Item item, std::int64_t company, Time moment, const Counters &counters, int sign) const {
    int const index = totals_.index_of(item);
    if (index < 0 || holding_at(dependents_.holdings, company, moment) == nullptr) return;
    totals_.add(index, dependents_.position(company), counters, sign);
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
  DeltaScan scan(AccessShareLock);
  Delta delta;
  while (scan.next(delta)) {
    if (delta.keyed && delta.reseller != reseller) continue;
    if (!counts(delta.source, delta.bucket)) continue;
    if (delta.keyed)
      sink.add_keyed(delta.item, delta.company, delta.counters);
    else
      sink.add(delta.item, delta.company, delta.bucket, delta.counters, 1);
  }
  accumulator::for_each([&](const accumulator::Key &key, const Counters &counters) {
    if (counts(key.source, key.bucket)) sink.add(key.item, key.company, key.bucket, counters, 1);
  });
}

void add_raw(const std::vector<SourcePlan> &plans, const Dependents &dependents, const Attributing &sink) {
  auto const *const companies = dependents.ids.size() <= kCompaniesInRawQuery ? &dependents.ids : nullptr;
  for (const SourcePlan &plan : plans) {
    std::vector<Piece> pieces;
    for (const Cover &cover : plan.covers) pieces.insert(pieces.end(), cover.raw.begin(), cover.raw.end());
    for (const Range &range : plan.raw) pieces.push_back({range, 1});
    for (const Piece &piece : pieces)
      for_raw_usage(plan.source, piece.range, companies, [&](const Usage &usage) {
        sink.add(usage.item, usage.company, usage.occurred_at, usage.counters, piece.sign);
      });
  }
}

}  // namespace

int Dependents::position(std::int64_t company) const {
  auto const found = std::lower_bound(ids.begin(), ids.end(), company);
  return found != ids.end() && *found == company ? static_cast<int>(found - ids.begin()) : -1;
}

Dependents dependents_of(std::int64_t reseller, const Range &period) {
  Dependents dependents;
  MemoryContext const home = CurrentMemoryContext;
  SqlParameters parameters;
  parameters.add_bigint(reseller).add_time(period.from).add_time(period.to);
  ActingAs const owner(extension_owner());
  query(
      "SELECT d.company_id, c.name, d.during FROM reseller_report.dependency d"
      " JOIN reseller_report.company c USING (company_id)"
      " WHERE d.reseller_id = $1 AND d.during && tstzrange($2, $3) ORDER BY d.company_id",
      parameters, [&](const Datum *values, const bool *) {
        std::int64_t const company = DatumGetInt64(values[0]);
        dependents.holdings.push_back({company, reseller, range_of(values[2])});
        if (!dependents.ids.empty() && dependents.ids.back() == company) return;
        Datum name = 0;
        pg([&] {
          MemoryContext const before = MemoryContextSwitchTo(home);
          name = PointerGetDatum(PG_DETOAST_DATUM_COPY(values[1]));
          MemoryContextSwitchTo(before);
        });
        dependents.ids.push_back(company);
        dependents.names.push_back(name);
      });
  return dependents;
}

Totals::Totals(int companies, ItemList items, const FigureSet *wanted)
    : items_(items),
      companies_(companies),
      wanted_(wanted, wanted + items.count),
      sums_(static_cast<size_t>(companies) * static_cast<size_t>(items.count) * kFigures) {}

int Totals::index_of(Item item) const {
  for (int i = 0; i < items_.count; i++)
    if (items_.items[i] == item) return i;
  return -1;
}

void Totals::add(int item, int company, const Counters &counters, int sign) {
  for (int figure = 0; figure < kFigures; figure++)
    sums_[static_cast<size_t>(column(item, figure) + company)] += static_cast<Sum>(counters.figure[figure]) * sign;
}

void Totals::add_row(int item, const SummaryRow &row, int sign, const Dependents &dependents) {
  positions_.resize(static_cast<size_t>(row.count));
  // Both lists are sorted. A row of few companies against many dependents looks each one up; else the lists are merged.
  if (static_cast<size_t>(row.count) * 16 < dependents.ids.size()) {
    for (int i = 0; i < row.count; i++) positions_[static_cast<size_t>(i)] = dependents.position(row.companies[i]);
  } else {
    size_t at = 0;
    for (int i = 0; i < row.count; i++) {
      while (at < dependents.ids.size() && dependents.ids[at] < row.companies[i]) at++;
      bool const found = at < dependents.ids.size() && dependents.ids[at] == row.companies[i];
      positions_[static_cast<size_t>(i)] = found ? static_cast<int>(at) : -1;
    }
  }
  for (int figure = 0; figure < kFigures; figure++) {
    const std::int64_t *const values = row.figures[figure];
    if (values == nullptr) continue;
    Sum *const sums = sums_.data() + column(item, figure);
    for (int i = 0; i < row.count; i++) {
      int const position = positions_[static_cast<size_t>(i)];
      if (position >= 0) sums[position] += sign > 0 ? static_cast<Sum>(values[i]) : -static_cast<Sum>(values[i]);
    }
  }
}

void collect_figures(std::int64_t reseller, Service service, const Range &period, const Dependents &dependents, Totals &totals) {
  if (dependents.ids.empty()) return;
  std::vector<SourcePlan> const plans = plan(service, period);
  Attributing const sink(dependents, totals);
  add_summaries(plans, reseller, dependents, totals);
  add_deltas(plans, reseller, sink);
  add_raw(plans, dependents, sink);
}

}  // namespace reseller_report
