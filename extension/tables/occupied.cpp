#include "tables/occupied.hpp"

#include <algorithm>

#include "capture/accumulator.hpp"
#include "report/answering.hpp"
#include "source/raw_scan.hpp"
#include "summary/delta.hpp"
#include "summary/packed.hpp"

namespace reseller_report {
namespace {

Range day_of(Time moment) {
  Time const day = bucket_of(Level::kDay, moment);
  return {day, next_bucket(Level::kDay, day)};
}

// Of what is merged. The months hold packed days, the days do not.
void add_buckets(Level level, const Source &source, std::int64_t reseller, Service service, const Range &within,
                 const RowMemory &memory, std::vector<Range> &ranges) {
  SummaryReader buckets(level, memory);
  buckets.seek({source.id, reseller}, widen(level, within));
  SummaryRow row;
  while (buckets.next(row)) {
    Range const bucket = {row.bucket, next_bucket(level, row.bucket)};
    if (service_of(row.item) == service && (ranges.empty() || !(ranges.back() == bucket))) ranges.push_back(bucket);
  }
}

void add_packed(PackedTable which, const Source &source, std::int64_t reseller, const Range &within, const RowMemory &memory,
                std::vector<Range> &ranges) {
  PackedReader days(which, AccessShareLock, memory);
  days.seek({source.id, reseller}, within);
  PackedRow row;
  while (days.next(row)) ranges.push_back(day_of(row.day));
}

// A day of a change, of a company of any reseller, belongs to the service of its item.
void add_changes(const std::vector<std::int64_t> &sources, const std::vector<Service> &services,
                 std::vector<std::vector<Range>> &ranges) {
  auto const is_asked = [&](std::int64_t source) { return std::find(sources.begin(), sources.end(), source) != sources.end(); };
  auto const add = [&](Time bucket, Item item) {
    auto const service = std::find(services.begin(), services.end(), service_of(item));
    if (service == services.end()) return;
    std::vector<Range> &its = ranges[static_cast<std::size_t>(service - services.begin())];
    if (its.empty() || !its.back().contains(bucket)) its.push_back(day_of(bucket));
  };
  DeltaScan deltas(AccessShareLock);
  DeltaRow row;
  while (deltas.next(row)) {
    if (!is_asked(row.source)) continue;
    Unpacker groups(row.bytes, row.size, kEpoch);
    while (groups.next_group()) add(groups.bucket(), groups.item());
  }
  accumulator::for_each([&](const UsageKey &key, const Counters &) {
    if (is_asked(key.source)) add(key.bucket, key.item);
  });
}

}  // namespace

std::vector<std::vector<Range>> occupied(std::int64_t reseller, const std::vector<Service> &services, const Range &within,
                                         Level level) {
  std::vector<std::vector<Range>> ranges(services.size());
  std::vector<std::int64_t> sources;
  RowMemory const memory;
  for (std::size_t i = 0; i < services.size(); i++)
    for (const AnsweringSource &answering : answering_sources(services[i], within)) {
      const Source &source = answering.source;
      for (const Range &rest : without(within, answering.answered)) {
        require_raw_usage(source, rest);
        ranges[i].push_back(raw_extent(source, rest));
      }
      if (answering.answered.empty()) continue;
      sources.push_back(source.id);
      add_buckets(level, source, reseller, services[i], within, memory, ranges[i]);
      if (level < Level::kMonth) add_packed(PackedTable::kDays, source, reseller, within, memory, ranges[i]);
      add_packed(PackedTable::kRuns, source, reseller, within, memory, ranges[i]);
    }
  if (!sources.empty()) add_changes(sources, services, ranges);
  for (std::vector<Range> &its : ranges) its = reseller_report::within(within, std::move(its));
  return ranges;
}

}  // namespace reseller_report
