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

// The rows of source_built or source_unbuilt that `snapshot` sees; NULL stands for the latest one. Only those of one source where
// it is given. The tables have no index: writers append to them and wait for nobody.
RecordedRanges read_ranges(const char *table_name, Snapshot snapshot, std::optional<std::int64_t> only) {
  OwnTable const table(table_name, AccessShareLock);
  OwnScan scan(table, snapshot);
  RecordedRanges ranges;
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
    if (!only || of_source == *only) ranges[of_source].push_back(found);
  }
  return ranges;
}

std::vector<RecordedRange> read_ranges(const char *table_name, std::int64_t source, Snapshot snapshot) {
  return read_ranges(table_name, snapshot, source)[source];
}

const std::vector<RecordedRange> &of(const RecordedRanges &ranges, std::int64_t source) {
  static const std::vector<RecordedRange> none;
  auto const found = ranges.find(source);
  return found != ranges.end() ? found->second : none;
}

UnbuiltMarks marks(const std::vector<RecordedRange> &ranges) {
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
  std::vector<RecordedRange> const known = read_ranges("source_unbuilt", source, nullptr);
  if (std::none_of(known.begin(), known.end(), [](const RecordedRange &mark) { return mark.range == kAllTime; }))
    unbuild(source, kAllTime, reason);
}

UnbuiltMarks unbuilt_marks(std::int64_t source) { return marks(read_ranges("source_unbuilt", source, nullptr)); }

UnbuiltMarks all_unbuilt_marks() {
  UnbuiltMarks all;
  for (auto &[source, of_source] : unbuilt_marks_by_source()) all.insert(of_source.begin(), of_source.end());
  return all;
}

MarksBySource unbuilt_marks_by_source() {
  MarksBySource found;
  for (const auto &[source, ranges] : read_ranges("source_unbuilt", nullptr, {})) found.emplace(source, marks(ranges));
  return found;
}

struct BuiltDays::Ranges {
  RecordedRanges built;      // as the active snapshot sees them
  RecordedRanges built_now;  // as the latest does
  RecordedRanges unbuilt_now;
};

BuiltDays::BuiltDays()
    : ranges_(new Ranges{read_ranges("source_built", GetActiveSnapshot(), {}), read_ranges("source_built", nullptr, {}),
                         read_ranges("source_unbuilt", nullptr, {})}) {}

BuiltDays::~BuiltDays() = default;

std::vector<Range> BuiltDays::answerable(const SourceState &source, const Range &period) const {
  const std::vector<RecordedRange> &latest = of(ranges_->built_now, source.id);
  std::vector<Range> built;
  for (const RecordedRange &seen : of(ranges_->built, source.id)) {
    bool const still_there = std::any_of(latest.begin(), latest.end(), [&](const auto &it) { return it.id == seen.id; });
    if (still_there) built.push_back(seen.range);
  }
  std::vector<Range> unbuilt;
  if (!source.is_reliable) unbuilt.push_back({source.horizon, kInfinity});
  for (const RecordedRange &seen : of(ranges_->unbuilt_now, source.id))
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
  UnbuiltMarks const before = marks(read_ranges("source_unbuilt", source, GetActiveSnapshot()));
  UnbuiltMarks const now = unbuilt_marks(source);
  return !std::includes(before.begin(), before.end(), now.begin(), now.end());
}

bool moved_unseen(std::int64_t source) {
  std::optional<std::int64_t> const seen = times_moved(source, GetActiveSnapshot());
  std::optional<std::int64_t> const latest = times_moved(source, nullptr);
  return !seen || !latest || *seen != *latest;
}

}  // namespace reseller_report
