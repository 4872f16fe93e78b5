#include "maintenance/packed_days.hpp"

#include <algorithm>
#include <map>

#include "core/membership.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"

namespace reseller_report {
namespace {

// How many changes a day may have to be kept packed. By default so many that a report reads a month of such days in the time in
// which it reads a few rows of a level.
int largest_packed_day = 1'024;

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

std::size_t most_packed() { return static_cast<std::size_t>(largest_packed_day); }

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

PackedDaysSetter::PackedDaysSetter(std::int64_t source, const Range &slice)
    : slice_(slice), holder_{source, kNobody}, days_(PackedTable::kDays, AccessShareLock, memory_), writer_(PackedTable::kDays) {}

void PackedDaysSetter::begin(std::int64_t reseller) {
  holder_.reseller = reseller;
  held_.clear();
  days_.seek(holder_, slice_);
  PackedRow row;
  while (days_.next(row)) {
    Held held = {row, {}};
    if (row.day < slice_.from) {
      append_changes(row, held.before);
      auto const in_slice = [&](const Change &change) { return slice_.contains(change.bucket); };
      held.before.erase(std::remove_if(held.before.begin(), held.before.end(), in_slice), held.before.end());
    }
    held_.emplace(row.day, std::move(held));
  }
}

void PackedDaysSetter::set(const std::vector<Change> &changes) {
  auto const held = held_.find(bucket_of(Level::kDay, changes.front().bucket));
  if (held == held_.end()) {
    (void)put(writer_, nullptr, changes);
    return;
  }
  std::vector<Change> &all = held->second.before;
  all.insert(all.end(), changes.begin(), changes.end());
  order_by_day(all);
  (void)put(writer_, &held->second.row, all);
  held_.erase(held);
}

void PackedDaysSetter::end() {
  for (const auto &[day, held] : held_) (void)put(writer_, &held.row, held.before);
}

}  // namespace reseller_report
