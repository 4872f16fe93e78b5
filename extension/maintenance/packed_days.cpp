#include "maintenance/packed_days.hpp"

#include <algorithm>
#include <map>

#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"

namespace reseller_report {
namespace {

// How many changes a day may have to be kept packed. By default so many that a report reads a month of such days in the time in
// which it reads a few rows of a level.
int largest_packed_day = 1'024;

std::size_t most_packed() { return static_cast<std::size_t>(largest_packed_day); }

// The packed row of a day, if there is one, and what it holds.
bool find_day(PackedReader &days, const HolderKey &holder, Time day, PackedRow &row, std::vector<Change> &changes) {
  days.seek(holder, {day, day + 1});
  if (!days.next(row)) return false;
  append_changes(row, changes);
  return true;
}

// A reseller of many companies may have larger packed days. In a level, each of their changes would have a row of all these
// companies written anew.
std::size_t largest_day_of(std::int64_t reseller) {
  if (largest_packed_day == 0) return 0;
  return std::max(most_packed(), static_cast<std::size_t>(width_of(reseller)));
}

// Stores what a day holds now, in place of the row that is stored, if there is one. Returns how many rows were written.
int put(PackedWriter &writer, const PackedRow *stored, const std::vector<Change> &changes) {
  if (!changes.empty() && stored != nullptr)
    writer.replace(*stored, changes.data(), changes.size());
  else if (!changes.empty())
    writer.insert(changes.data(), changes.size());
  else if (stored != nullptr)
    writer.remove(*stored);
  else
    return 0;
  return 1;
}

}  // namespace

void initialize_packed_days() {
  DefineCustomIntVariable(
      "reseller_report.largest_packed_day", "Changes that a day of a reseller may have to be kept in one packed row.",
      "Days with more are kept in rows of usage_quarter, usage_hour and usage_day. Read when summaries are written.",
      &largest_packed_day, largest_packed_day, 0, 1'000'000, PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

std::int64_t width_of(std::int64_t reseller) {
  std::int64_t width = 0;
  SqlParameters parameters;
  parameters.add_bigint(reseller);
  ActingAs const owner(extension_owner());
  static SavedQuery companies = {
      "SELECT count(*) FROM (SELECT DISTINCT company_id FROM reseller_report.dependency WHERE reseller_id = $1) AS c"};
  query(companies, parameters, [&](const Datum *values, const bool *) { width = DatumGetInt64(values[0]); });
  return width;
}

std::int64_t add_to_packed_days(const std::vector<Change> &changes, const std::function<bool(const Change &)> &stays_packed,
                                std::vector<Change> &narrow) {
  std::int64_t rows = 0;
  RowMemory const memory;
  PackedReader days(PackedTable::kDays, AccessShareLock, memory);
  PackedWriter writer(PackedTable::kDays);
  std::map<std::int64_t, std::size_t> most;  // by reseller
  for (std::size_t first = 0; first < changes.size();) {
    std::size_t const count = count_of_day(changes, first);
    const Change &head = changes[first];
    std::vector<Change> day;
    PackedRow row;
    bool const found = find_day(days, {head.source, head.reseller}, bucket_of(Level::kDay, head.bucket), row, day);
    auto const at = changes.begin() + static_cast<std::ptrdiff_t>(first);
    day.insert(day.end(), at, at + static_cast<std::ptrdiff_t>(count));
    order_by_day(day);
    if (day.size() > most_packed()) {
      std::size_t &largest = most[head.reseller];
      if (largest == 0) largest = largest_day_of(head.reseller);
      if (day.size() > largest && std::none_of(day.begin(), day.end(), stays_packed)) {
        narrow.insert(narrow.end(), day.begin(), day.end());
        day.clear();
      }
    }
    rows += put(writer, found ? &row : nullptr, day);
    first += count;
    pg([] { CHECK_FOR_INTERRUPTS(); });
  }
  writer.finish();
  return rows;
}

std::vector<Change> set_packed_days(std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &slice,
                                    const std::vector<Change> &wanted) {
  std::vector<Change> large;
  std::vector<Change> kept;  // what packed days are to hold
  std::vector<PackedRow> held;
  RowMemory const memory;
  PackedReader days(PackedTable::kDays, AccessShareLock, memory);
  for (std::int64_t const reseller : resellers) {
    days.seek({source, reseller}, slice);
    PackedRow row;
    while (days.next(row)) {
      held.push_back(row);
      // Where the slice begins amid a day, at the horizon, what the day holds before that stays.
      for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
        if (!slice.contains(bucket)) kept.push_back({{{{source, reseller, item}, bucket}, company}, counters});
      });
    }
  }
  for (std::size_t first = 0; first < wanted.size();) {
    std::size_t const count = count_of_day(wanted, first);
    auto const at = wanted.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<Change> &list = count > most_packed() ? large : kept;
    list.insert(list.end(), at, at + static_cast<std::ptrdiff_t>(count));
    first += count;
  }
  order_by_day(kept);
  PackedWriter writer(PackedTable::kDays);
  for (const PackedRow &row : held) writer.remove(row);
  for (std::size_t first = 0; first < kept.size();) {
    std::size_t const count = count_of_day(kept, first);
    writer.insert(&kept[first], count);
    first += count;
  }
  writer.finish();
  return large;
}

}  // namespace reseller_report
