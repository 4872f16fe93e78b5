#include "maintenance/ledger.hpp"

#include <unordered_map>

#include "capture/accumulator.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "source/raw.hpp"
#include "summary/delta.hpp"
#include "summary/holding.hpp"

namespace reseller_report {
namespace {

struct Cell {
  std::int64_t company;
  Time quarter;
  Item item;
  bool operator==(const Cell &o) const { return company == o.company && quarter == o.quarter && item == o.item; }
};

struct CellHash {
  size_t operator()(const Cell &cell) const {
    auto h = static_cast<std::uint64_t>(cell.company) * 0x9e3779b97f4a7c15ULL;
    h = (h ^ static_cast<std::uint64_t>(cell.quarter / kQuarterHour)) * 0x9e3779b97f4a7c15ULL;
    h = (h ^ static_cast<std::uint64_t>(cell.item)) * 0x9e3779b97f4a7c15ULL;
    return static_cast<size_t>(h ^ h >> 29);
  }
};

using Cells = std::unordered_map<Cell, Counters, CellHash>;

// Adds up the raw usage that the active snapshot sees.
void add_raw(const Source &source, const Range &range, Cells &cells, Overflows &overflows) {
  for_raw_usage(source, range, nullptr, [&](const Usage &usage) {
    Cell const cell = {usage.company, bucket_of(Level::kQuarter, usage.occurred_at), usage.item};
    if (!add(cells[cell], usage.counters)) overflows.push_back({{source.id, 0, usage.item}, cell.quarter, usage.company});
  });
}

std::vector<Change> attributed(const Source &source, const Cells &cells, Holders holders) {
  std::vector<std::int64_t> companies;
  companies.reserve(cells.size());
  for (const auto &[cell, counters] : cells) companies.push_back(cell.company);
  std::vector<Holding> const holdings = holdings_of(std::move(companies));
  std::vector<Change> changes;
  for (const auto &[cell, counters] : cells) {
    const Holding *const holding = holding_at(holdings, cell.company, cell.quarter);
    if ((holding == nullptr) != (holders == Holders::kNobody) || counters.is_zero()) continue;
    changes.push_back(
        {{source.id, holding != nullptr ? holding->reseller : kNobody, cell.item}, cell.quarter, cell.company, counters});
  }
  return changes;
}

std::vector<Change> unattributed(const Source &source, const Cells &cells) {
  std::vector<Change> changes;
  for (const auto &[cell, counters] : cells)
    changes.push_back({{source.id, kNobody, cell.item}, cell.quarter, cell.company, counters});
  return changes;
}

}  // namespace

std::vector<Change> raw_ledger(const Source &source, const Range &range, Holders holders, Overflows &overflows) {
  Cells cells;
  {
    OthersSnapshot const others;
    add_raw(source, range, cells, overflows);
  }
  return attributed(source, cells, holders);
}

std::vector<Change> own_raw_ledger(const Source &source, const Range &range, Overflows &overflows) {
  Cells all;
  add_raw(source, range, all, overflows);
  Cells of_others;
  {
    OthersSnapshot const others;
    add_raw(source, range, of_others, overflows);
  }
  return difference(unattributed(source, all), unattributed(source, of_others), overflows);
}

std::vector<Change> own_captured_ledger(const Source &source, const Range &range, Overflows &overflows) {
  Cells cells;
  auto const take = [&](std::int64_t of_source, std::int64_t company, Time bucket, Item item, const Counters &counters) {
    if (of_source != source.id || !range.contains(bucket)) return;
    if (!add(cells[{company, bucket, item}], counters)) overflows.push_back({{source.id, 0, item}, bucket, company});
  };
  DeltaScan scan(AccessShareLock);
  Delta delta;
  while (scan.next(delta))
    if (delta.own && !delta.keyed) take(delta.source, delta.company, delta.bucket, delta.item, delta.counters);
  accumulator::for_each([&](const accumulator::Key &key, const Counters &counters) {
    take(key.source, key.company, key.bucket, key.item, counters);
  });
  return unattributed(source, cells);
}

std::vector<Change> pending_ledger(const std::vector<Source> &sources, Holders holders) {
  auto const concerns = [&](const Delta &delta) {
    if (delta.keyed) return (delta.reseller == kNobody) == (holders == Holders::kNobody);
    return !delta.own;
  };
  std::vector<Delta> deltas;
  std::vector<std::int64_t> companies;
  DeltaScan scan(AccessShareLock);
  Delta delta;
  while (scan.next(delta)) {
    bool const wanted =
        std::any_of(sources.begin(), sources.end(), [&](const Source &source) { return source.id == delta.source; });
    if (!wanted || !concerns(delta)) continue;
    deltas.push_back(delta);
    companies.push_back(delta.company);
  }
  std::vector<Holding> const holdings = holdings_of(std::move(companies));
  std::vector<Change> changes;
  for (const Delta &waiting : deltas) {
    const Holding *const holding = waiting.keyed ? nullptr : holding_at(holdings, waiting.company, waiting.bucket);
    std::int64_t const holder = waiting.keyed ? waiting.reseller : holding != nullptr ? holding->reseller : kNobody;
    if ((holder == kNobody) != (holders == Holders::kNobody)) continue;
    changes.push_back({{waiting.source, holder, waiting.item}, waiting.bucket, waiting.company, waiting.counters});
  }
  return changes;
}

std::vector<std::int64_t> resellers_in_summaries(std::int64_t source) {
  std::vector<std::int64_t> resellers;
  ActingAs const owner(extension_owner());
  for (int level = 0; level < kLevels; level++) {
    std::string const table = std::string("reseller_report.") + summary_table(static_cast<Level>(level));
    // Leaps from reseller to reseller along the key, where DISTINCT would read every row.
    std::string const sql =
        "WITH RECURSIVE held AS ("
        "(SELECT reseller_id FROM " +
        table +
        " WHERE source = $1 ORDER BY reseller_id LIMIT 1)"
        " UNION ALL SELECT (SELECT t.reseller_id FROM " +
        table +
        " t WHERE t.source = $1 AND t.reseller_id > held.reseller_id"
        " ORDER BY t.reseller_id LIMIT 1) FROM held WHERE held.reseller_id IS NOT NULL)"
        " SELECT reseller_id FROM held WHERE reseller_id IS NOT NULL";
    SqlParameters parameters;
    parameters.add_bigint(source);
    query(sql.c_str(), parameters, [&](const Datum *values, const bool *) { resellers.push_back(DatumGetInt64(values[0])); });
  }
  std::sort(resellers.begin(), resellers.end());
  resellers.erase(std::unique(resellers.begin(), resellers.end()), resellers.end());
  return resellers;
}

std::vector<Change> stored_ledger(Level level, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                  const Range &buckets, Level as) {
  std::vector<Change> changes;
  RowMemory const memory;
  SummaryReader reader(level, memory);
  for (std::int64_t const reseller : resellers)
    for (Item const item : all_items()) {
      SummaryKey const key = {source, reseller, item};
      reader.seek(key, buckets, kAllFigures);
      SummaryRow row;
      while (reader.next(row))
        for (int i = 0; i < row.count; i++) {
          Change change = {key, bucket_of(as, row.bucket), row.companies[i], {}};
          for (int figure = 0; figure < kFigures; figure++)
            if (row.figures[figure] != nullptr) change.counters.figure[figure] = row.figures[figure][i];
          changes.push_back(change);
        }
    }
  return changes;
}

std::vector<Change> difference(std::vector<Change> a, std::vector<Change> b, Overflows &overflows) {
  for (Change &change : b) {
    Counters negated;
    if (!add(negated, change.counters, -1)) overflows.push_back({change.key, change.bucket, change.company});
    change.counters = negated;
  }
  a.insert(a.end(), b.begin(), b.end());
  consolidate(a, overflows);
  return a;
}

std::vector<Range> slices_of(const Source &source, const Range &range) {
  SqlParameters parameters;
  parameters.add_bigints(&source.id, 1).add(REGCLASSOID, ObjectIdGetDatum(source.relid)).add_time(range.from).add_time(range.to);
  std::vector<Range> slices;
  ActingAs const owner(extension_owner());
  query("SELECT slice_from, slice_to FROM reseller_report._days($1, $2, $3, $4)", parameters,
        [&](const Datum *values, const bool *) {
          slices.push_back({DatumGetTimestampTz(values[0]), DatumGetTimestampTz(values[1])});
        });
  return slices;
}

Range widen(Level level, const Range &range) {
  Range wide = range;
  if (is_finite(wide.from)) wide.from = bucket_of(level, wide.from);
  if (is_finite(wide.to)) {
    Time const bucket = bucket_of(level, wide.to);
    if (bucket != wide.to) wide.to = next_bucket(level, bucket);
  }
  return wide;
}

}  // namespace reseller_report
