#include "source/built_days.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "source/own_rows.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.source_built and source_unbuilt alike.
enum RangeColumn : int { kRangeSource = 1, kRangeId, kRangeFrom, kRangeTo };

struct RecordedRange {
  std::array<unsigned char, UUID_LEN> id;
  Range range;
};

using RecordedRanges = std::unordered_map<std::int64_t, std::vector<RecordedRange>>;  // by source

// The rows that `snapshot` sees. The tables have no index: writers append to them and wait for nobody.
std::shared_ptr<const RecordedRanges> scan_ranges(const OwnTable &table, Snapshot snapshot) {
  OwnScan scan(table, snapshot);
  auto ranges = std::make_shared<RecordedRanges>();
  for (;;) {
    HeapTuple tuple = nullptr;
    std::int64_t of_source = 0;
    RecordedRange found = {};
    pg([&] {
      tuple = scan.next();
      if (!HeapTupleIsValid(tuple)) return;
      TupleDesc const columns = table.tuple_desc();
      of_source = DatumGetInt64(own_column(tuple, columns, kRangeSource));
      memcpy(found.id.data(), DatumGetUUIDP(own_column(tuple, columns, kRangeId))->data, UUID_LEN);
      found.range = {DatumGetTimestampTz(own_column(tuple, columns, kRangeFrom)),
                     DatumGetTimestampTz(own_column(tuple, columns, kRangeTo))};
    });
    if (!HeapTupleIsValid(tuple)) break;
    (*ranges)[of_source].push_back(found);
  }
  return ranges;
}

// A report reads each of them two or three times. Most often nothing has changed meanwhile.
struct RangeTable {
  const char *name;
  LastReading<RecordedRanges> last;
};
RangeTable source_built = {"source_built", {}};
RangeTable source_unbuilt = {"source_unbuilt", {}};

// The rows of a table as the active snapshot sees them, and as they are now.
std::shared_ptr<const RecordedRanges> ranges_seen(RangeTable &table) {
  OwnTable const own(table.name, AccessShareLock);
  Snapshot const active = GetActiveSnapshot();
  return table.last.get(active, [&] { return scan_ranges(own, active); });
}

std::shared_ptr<const RecordedRanges> ranges_now(RangeTable &table) {
  OwnTable const own(table.name, AccessShareLock);
  LatestSnapshot const latest(own);
  return table.last.get(latest.get(), [&] { return scan_ranges(own, latest.get()); });
}

const std::vector<RecordedRange> &of(const RecordedRanges &ranges, std::int64_t source) {
  static const std::vector<RecordedRange> none;
  auto const found = ranges.find(source);
  return found != ranges.end() ? found->second : none;
}

UnbuiltMarks marks_of(const std::vector<RecordedRange> &ranges) {
  UnbuiltMarks ids;
  for (const RecordedRange &range : ranges) ids.insert(range.id);
  return ids;
}

}  // namespace

void unbuild(std::int64_t source, const Range &days, const std::string &reason) {
  SqlParameters parameters;
  parameters.add_bigint(source).add_time(days.from).add_time(days.to);
  pg([&] { parameters.add(TEXTOID, CStringGetTextDatum(reason.c_str())); });
  ActingAs const owner(extension_owner());
  execute("SELECT reseller_report._unbuild($1, $2, $3, $4)", parameters);
}

void unbuild_once(std::int64_t source, const std::string &reason) {
  auto const now = ranges_now(source_unbuilt);
  const std::vector<RecordedRange> &known = of(*now, source);
  if (std::none_of(known.begin(), known.end(), [](const RecordedRange &mark) { return mark.range == kAllTime; }))
    unbuild(source, kAllTime, reason);
}

UnbuiltMarks unbuilt_marks(std::int64_t source) { return marks_of(of(*ranges_now(source_unbuilt), source)); }

UnbuiltMarks all_unbuilt_marks() {
  UnbuiltMarks all;
  for (auto &[source, of_source] : unbuilt_marks_by_source()) all.insert(of_source.begin(), of_source.end());
  return all;
}

MarksBySource unbuilt_marks_by_source() {
  MarksBySource found;
  auto const now = ranges_now(source_unbuilt);
  for (const auto &[source, ranges] : *now) found.emplace(source, marks_of(ranges));
  return found;
}

struct BuiltDays::Ranges {
  std::shared_ptr<const RecordedRanges> built;
  std::shared_ptr<const RecordedRanges> built_now;
  std::shared_ptr<const RecordedRanges> unbuilt_now;
};

BuiltDays::BuiltDays() : ranges_(new Ranges{ranges_seen(source_built), ranges_now(source_built), ranges_now(source_unbuilt)}) {}

BuiltDays::~BuiltDays() = default;

std::vector<Range> BuiltDays::answerable(const SourceState &source, const Range &period) const {
  const std::vector<RecordedRange> &latest = of(*ranges_->built_now, source.id);
  std::vector<Range> built;
  for (const RecordedRange &seen : of(*ranges_->built, source.id)) {
    bool const still_there = std::any_of(latest.begin(), latest.end(), [&](const auto &it) { return it.id == seen.id; });
    if (still_there) built.push_back(seen.range);
  }
  std::vector<Range> unbuilt;
  if (!source.is_reliable) unbuilt.push_back({source.horizon, kInfinity});
  for (const RecordedRange &seen : of(*ranges_->unbuilt_now, source.id))
    unbuilt.push_back(intersection(seen.range, {source.horizon, kInfinity}));
  std::vector<Range> result;
  for (const Range &part : within(period, std::move(built)))
    for (const Range &rest : without(part, unbuilt)) result.push_back(rest);
  return result;
}

std::vector<Range> BuiltDays::answerable(const Source &source, const Range &period) const {
  return answerable(SourceState{source.id, source.horizon, source.is_followed()}, period);
}

std::vector<Range> answerable(const SourceState &source, const Range &period) { return BuiltDays().answerable(source, period); }
std::vector<Range> answerable(const Source &source, const Range &period) { return BuiltDays().answerable(source, period); }

bool unbuilt_since_snapshot(std::int64_t source) {
  OthersSnapshot const others;
  if (!times_moved(source, GetActiveSnapshot())) return true;
  UnbuiltMarks const before = marks_of(of(*ranges_seen(source_unbuilt), source));
  UnbuiltMarks const now = unbuilt_marks(source);
  return !std::includes(before.begin(), before.end(), now.begin(), now.end());
}

bool moved_unseen(std::int64_t source) {
  std::optional<std::int64_t> const seen = times_moved(source, GetActiveSnapshot());
  std::optional<std::int64_t> const latest = times_moved(source, nullptr);
  return !seen || !latest || *seen != *latest;
}

}  // namespace reseller_report
