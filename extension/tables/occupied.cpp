#include "tables/occupied.hpp"

#include <algorithm>
#include <optional>

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

/// Where each of some services may have usage.
class Occupied {
 public:
  explicit Occupied(const std::vector<Service> &services) : services_(services), ranges_(services.size()) {}

  /// nullptr where the service is not asked.
  std::vector<Range> *of(Service service) {
    auto const found = std::find(services_.begin(), services_.end(), service);
    return found != services_.end() ? &ranges_[static_cast<std::size_t>(found - services_.begin())] : nullptr;
  }

  /// Adds a range to each service that a source feeds.
  void add(Feed feed, const Range &range) {
    for (std::size_t i = 0; i < services_.size(); i++)
      if (feeds(feed, services_[i])) ranges_[i].push_back(range);
  }

  std::vector<std::vector<Range>> take(const Range &within) {
    for (std::vector<Range> &its : ranges_) its = reseller_report::within(within, std::move(its));
    return std::move(ranges_);
  }

 private:
  const std::vector<Service> &services_;
  std::vector<std::vector<Range>> ranges_;
};

// Of what is merged. The months hold packed days, the days do not.
void add_buckets(SummaryReader &buckets, Level level, const HolderKey &of, const Range &within, Occupied &occupied) {
  buckets.seek(of, widen(level, within));
  SummaryRow row;
  while (buckets.next(row)) {
    Range const bucket = {row.bucket, next_bucket(level, row.bucket)};
    std::vector<Range> *const ranges = occupied.of(service_of(row.item));
    if (ranges != nullptr && (ranges->empty() || !(ranges->back() == bucket))) ranges->push_back(bucket);
  }
}

// A packed row may hold usage of each service that its source feeds.
void add_packed(PackedReader &packed, const HolderKey &of, Feed feed, const Range &within, Occupied &occupied) {
  packed.seek(of, within);
  PackedRow row;
  while (packed.next(row)) occupied.add(feed, day_of(row.day));
}

// A day of a change, of a company of any reseller, belongs to the service of its item.
void add_changes(const std::vector<std::int64_t> &sources, Occupied &occupied) {
  auto const is_asked = [&](std::int64_t source) { return std::find(sources.begin(), sources.end(), source) != sources.end(); };
  auto const add = [&](Time bucket, Item item) {
    std::vector<Range> *const ranges = occupied.of(service_of(item));
    if (ranges != nullptr && (ranges->empty() || !ranges->back().contains(bucket))) ranges->push_back(day_of(bucket));
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
  Occupied found(services);
  std::vector<std::int64_t> sources;
  RowMemory const memory;
  std::optional<SummaryReader> buckets;
  std::optional<PackedReader> days;
  std::optional<PackedReader> runs;
  for (const AnsweringSource &answering : answering_sources(services, within)) {
    const Source &source = answering.source;
    for (const Range &rest : without(within, answering.answered)) {
      require_raw_usage(source, rest);
      found.add(source.mapping.feed, raw_extent(source, rest));
    }
    if (answering.answered.empty()) continue;
    if (sources.empty()) {
      buckets.emplace(level, memory);
      if (level < Level::kMonth) days.emplace(PackedTable::kDays, AccessShareLock, memory);
      runs.emplace(PackedTable::kRuns, AccessShareLock, memory);
    }
    sources.push_back(source.id);
    HolderKey const of = {source.id, reseller};
    add_buckets(*buckets, level, of, within, found);
    if (days) add_packed(*days, of, source.mapping.feed, within, found);
    add_packed(*runs, of, source.mapping.feed, within, found);
  }
  if (!sources.empty()) add_changes(sources, found);
  return found.take(within);
}

}  // namespace reseller_report
