#include "maintenance/reconcile.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "capture/accumulator.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/scratch_memory.hpp"
#include "server/snapshot.hpp"
#include "source/raw_scan.hpp"
#include "summary/delta.hpp"
#include "summary/memberships.hpp"
#include "summary/summary.hpp"

namespace reseller_report {
namespace {

using Cells = std::unordered_map<UsageKey, Counters, KeyHash>;

CellKey cell_of(const UsageKey &key, std::int64_t reseller) { return {key.source, reseller, key.item, key.bucket, key.company}; }

Change change_of(const UsageKey &key, std::int64_t reseller, const Counters &counters) {
  return {cell_of(key, reseller), counters};
}

// Adds up the raw usage that the active snapshot sees.
void add_raw(const Source &source, const Range &range, Cells &cells, Overflows &overflows) {
  for_raw_usage(source, range, nullptr, [&](const Usage &usage) {
    UsageKey const key = key_of(source.id, usage);
    if (!add(cells[key], usage.counters)) overflows.push_back(cell_of(key, kNobody));
  });
}

std::vector<Change> attributed(const Cells &cells, Whose whose) {
  std::vector<std::int64_t> companies;
  companies.reserve(cells.size());
  for (const auto &[key, counters] : cells) companies.push_back(key.company);
  std::vector<Membership> const memberships = memberships_of(std::move(companies));
  std::vector<Change> changes;
  for (const auto &[key, counters] : cells) {
    const Membership *const membership = membership_at(memberships, key.company, key.bucket);
    if ((membership == nullptr) != (whose == Whose::kNobody) || counters.is_zero()) continue;
    changes.push_back(change_of(key, membership != nullptr ? membership->reseller : kNobody, counters));
  }
  return changes;
}

std::vector<Change> unattributed(const Cells &cells) {
  std::vector<Change> changes;
  for (const auto &[key, counters] : cells) changes.push_back(change_of(key, kNobody, counters));
  return changes;
}

}  // namespace

std::vector<Change> raw_changes(const Source &source, const Range &range, Whose whose, Overflows &overflows) {
  Cells cells;
  {
    OthersSnapshot const others;
    add_raw(source, range, cells, overflows);
  }
  return attributed(cells, whose);
}

void sort_raw_changes(const Source &source, const Range &range, SortedChanges &sorted, Overflows &overflows) {
  // Enough for most of the rows that tell of one cell to meet.
  constexpr std::size_t kCells = 50'000;
  Cells cells;
  Snapshot const now = GetActiveSnapshot();
  ScratchMemory const scratch;
  auto const hand_on = [&] {
    // Rows are those of others. Dependencies are those that this transaction sees, its own changes of them included.
    ActiveSnapshot const its(now);
    ScratchMemory::Use const use(scratch);
    for (const Change &change : attributed(cells, Whose::kResellers)) sorted.add(change);
    cells.clear();
  };
  {
    OthersSnapshot const others;
    for_raw_usage(source, range, nullptr, [&](const Usage &usage) {
      UsageKey const key = key_of(source.id, usage);
      if (!add(cells[key], usage.counters)) overflows.push_back(cell_of(key, kNobody));
      if (cells.size() >= kCells) hand_on();
    });
  }
  hand_on();
  sorted.sort();
}

std::vector<Change> own_raw_changes(const Source &source, const Range &range, Overflows &overflows) {
  Cells all;
  add_raw(source, range, all, overflows);
  Cells of_others;
  {
    OthersSnapshot const others;
    add_raw(source, range, of_others, overflows);
  }
  return difference(unattributed(all), unattributed(of_others), overflows);
}

std::vector<Change> own_captured_changes(const Source &source, const Range &range, Overflows &overflows) {
  Cells cells;
  auto const take = [&](const UsageKey &key, const Counters &counters) {
    if (key.source != source.id || !range.contains(key.bucket)) return;
    if (!add(cells[key], counters)) overflows.push_back(cell_of(key, kNobody));
  };
  DeltaScan scan(AccessShareLock);
  DeltaRow row;
  while (scan.next(row)) {
    if (!row.of_this_transaction) continue;
    for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
      take({row.source, company, bucket, item}, counters);
    });
  }
  accumulator::for_each([&](const UsageKey &key, const Counters &counters) { take(key, counters); });
  return unattributed(cells);
}

std::vector<Change> pending_changes(const std::vector<Source> &sources, Whose whose) {
  std::vector<UsageChange> waiting;
  std::vector<std::int64_t> companies;
  DeltaScan scan(AccessShareLock);
  DeltaRow row;
  while (scan.next(row)) {
    bool const wanted = std::any_of(sources.begin(), sources.end(), [&](const Source &source) { return source.id == row.source; });
    if (!wanted || row.of_this_transaction) continue;
    for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
      waiting.push_back({{row.source, company, bucket, item}, counters});
      companies.push_back(company);
    });
  }
  std::vector<Membership> const memberships = memberships_of(std::move(companies));
  std::vector<Change> changes;
  for (const UsageChange &change : waiting) {
    const Membership *const membership = membership_at(memberships, change.company, change.bucket);
    if ((membership == nullptr) != (whose == Whose::kNobody)) continue;
    changes.push_back(change_of(change, membership != nullptr ? membership->reseller : kNobody, change.counters));
  }
  return changes;
}

std::vector<Change> packed_changes(PackedTable which, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                   const Range &range, Level as) {
  std::vector<Change> changes;
  RowMemory const memory;
  PackedReader reader(which, AccessShareLock, memory);
  for (std::int64_t const reseller : resellers) {
    reader.seek({source, reseller}, range);
    PackedRow row;
    while (reader.next(row))
      for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
        if (range.contains(bucket)) changes.push_back({{{{source, reseller, item}, bucket_of(as, bucket)}, company}, counters});
      });
  }
  return changes;
}

std::vector<std::int64_t> resellers_in(const std::string &table, std::int64_t source) {
  std::vector<std::int64_t> resellers;
  std::string const name = "reseller_report." + table;
  // Goes from reseller to reseller by the index. DISTINCT would read every row.
  std::string const sql =
      "WITH RECURSIVE held AS ("
      "(SELECT reseller_id FROM " +
      name +
      " WHERE source = $1 ORDER BY reseller_id LIMIT 1)"
      " UNION ALL SELECT (SELECT t.reseller_id FROM " +
      name +
      " t WHERE t.source = $1 AND t.reseller_id > held.reseller_id"
      " ORDER BY t.reseller_id LIMIT 1) FROM held WHERE held.reseller_id IS NOT NULL)"
      " SELECT reseller_id FROM held WHERE reseller_id IS NOT NULL ORDER BY reseller_id";
  SqlParameters parameters;
  parameters.add_bigint(source);
  ActingAs const owner(extension_owner());
  query(sql.c_str(), parameters, [&](const Datum *values, const bool *) { resellers.push_back(DatumGetInt64(values[0])); });
  return resellers;
}

std::vector<std::int64_t> resellers_in_summaries(std::int64_t source) {
  std::vector<std::string> tables = {"usage_run", "usage_packed"};
  for (int level = 0; level < kLevels; level++) tables.emplace_back(summary_table(static_cast<Level>(level)));
  std::set<std::int64_t> resellers;
  for (const std::string &table : tables)
    for (std::int64_t const reseller : resellers_in(table, source)) resellers.insert(reseller);
  return {resellers.begin(), resellers.end()};
}

std::vector<Change> stored_changes(Level level, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                   const Range &buckets, Level as) {
  std::vector<Change> changes;
  RowMemory const memory;
  SummaryReader reader(level, memory);
  for (std::int64_t const reseller : resellers) {
    reader.seek({source, reseller}, buckets);
    SummaryRow row;
    while (reader.next(row)) {
      reader.read(row, kAllFigures);
      RowKey const key = {{source, reseller, row.item}, bucket_of(as, row.bucket)};
      for (int i = 0; i < row.count; i++) changes.push_back({{key, row.companies[i]}, row.counters(i)});
    }
  }
  return changes;
}

RowSums row_sums(Level level, std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &buckets) {
  RowSums sums;
  RowMemory const memory;
  SummaryReader reader(level, memory);
  SummaryRow row;
  for (std::int64_t const reseller : resellers) {
    reader.seek({source, reseller}, buckets);
    while (reader.next(row)) {
      CellKey const cell = {{{source, reseller, row.item}, row.bucket}, kAllCompanies};
      // What does not fit 64 bits is added up whenever it is read. It is taken for equal.
      reader.read(row, kAllFigures, Detail::kSums);
      sums.stored.push_back({cell, row.sums.take(1)});
      reader.read(row, kAllFigures);
      WideCounters sum;
      for (int i = 0; i < row.count; i++) sum.add(row.counters(i), 1);
      sums.added_up.push_back({cell, sum.take(1)});
    }
  }
  return sums;
}

RowSums packed_sums(std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &days) {
  RowMemory const memory;
  PackedReader reader(PackedTable::kDays, AccessShareLock, memory);
  auto const sums_read_for = [&](Detail detail) {
    std::vector<Change> sums;
    for (std::int64_t const reseller : resellers) {
      reader.seek({source, reseller}, days, detail);
      PackedRow row;
      while (reader.next(row))
        for_each_change(row, [&](Item item, Time bucket, std::int64_t, const Counters &counters) {
          sums.push_back({{{{source, reseller, item}, bucket_of(Level::kHour, bucket)}, kAllCompanies}, counters});
        });
    }
    Overflows not_stored;
    consolidate(sums, not_stored);
    return sums;
  };
  return {sums_read_for(Detail::kSums), sums_read_for(Detail::kCompanies)};
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

}  // namespace reseller_report
