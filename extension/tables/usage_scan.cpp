#include "tables/usage_scan.hpp"

#include <algorithm>

#include "tables/occupied.hpp"

namespace reseller_report {
namespace {

// Up to so many buckets are looked at without asking first where there is usage.
constexpr double kFewBuckets = 20;

// A chunk of totals has at most so many of them. They take little memory.
constexpr std::size_t kMostTotals = 100'000;

// The first chunk by company is short, for queries that want few rows. Later ones take as much memory as they may, but each no more
// than twice the steps of the one before it, so that little is read in vain where a query stops early.
constexpr std::size_t kFirstChunk = 2;
constexpr std::size_t kGrowth = 2;

// So many buckets are looked at without a look whether the query is cancelled.
constexpr std::size_t kUninterrupted = 256;

// What stands for the class of an item that the conditions leave out of a bucket; and of one whose service has no usage there,
// which may be taken for any class.
constexpr int kUnwanted = -1;
constexpr int kUnused = -2;

bool is_aligned(Time moment) { return !is_finite(moment) || bucket_of(Level::kQuarter, moment) == moment; }

}  // namespace

bool UsageScan::ServiceExtent::reaches(const Range &bucket) {
  while (next != ranges.end() && next->to <= bucket.from) ++next;
  return next != ranges.end() && next->from < bucket.to;
}

UsageScan::UsageScan(const ScanOrder &order, const Manner &manner)
    : TableScan(order), manner_(manner), is_wanted_(kItemNumbers, 0) {
  pg([&] {
    MemoryContext const before = MemoryContextSwitchTo(node_->ss.ps.state->es_query_cxt);
    for (Service const service : kAllServices) {
      Datum const text = CStringGetTextDatum(service_name(service));
      for (Item const item : items_of(service)) service_texts_[static_cast<int>(item)] = text;
    }
    for (Item const item : all_items()) item_texts_[static_cast<int>(item)] = CStringGetTextDatum(item_name(item));
    MemoryContextSwitchTo(before);
  });
}

Datum UsageScan::date_of(LocalTime date) {
  if (!is_finite(date)) return DateADTGetDatum(date == kInfinity ? DATEVAL_NOEND : DATEVAL_NOBEGIN);
  constexpr Time kDay = 96 * kQuarterHour;
  return DateADTGetDatum(static_cast<DateADT>(date / kDay));
}

void UsageScan::show(Item item) {
  probe_.set(Column::kService, service_text(item));
  probe_.set(Column::kItem, item_text(item));
}

void UsageScan::find_items() {
  services_.clear();
  for (Service const service : kAllServices) {
    bool is_any_wanted = false;
    for (Item const item : items_of(service)) {
      show(item);
      bool const is_wanted = probe_.holds(early_[Subject::kItem]);
      is_wanted_[static_cast<std::size_t>(item)] = is_wanted ? 1 : 0;
      is_any_wanted = is_any_wanted || is_wanted;
    }
    if (is_any_wanted) services_.push_back(service);
  }
}

void UsageScan::rewind_usage() {
  rewind();
  find_items();
  extents_.clear();
  next_extent_ = 0;
  steps_.clear();
  chunk_ = chunk_size_ = 0;
  next_size_ = kFirstChunk;
  has_handed_out_ = false;
  ScanWork const work(node_);
  marks_ = all_unbuilt_marks();
}

void UsageScan::find_buckets() {
  buckets_.clear();
  extents_.clear();
  next_extent_ = 0;
  if (services_.empty() || (manner_.by_company && companies().ids.empty())) return;
  Zone const zone(reseller().time_zone);
  std::vector<Range> const ranges = find_extents();
  for (const UsageBucket &bucket : buckets_of(shape_.kind, zone, ranges))
    if (bounds_.time.contains(bucket.range.from)) buckets_.push_back(bucket);
  if (buckets_.empty()) extents_.clear();
  // A step that cuts a quarter hour needs raw rows of it. A service that has no usage there must not be asked for them, since they
  // may have been pruned. So each service is read by itself then, where it may have usage.
  reads_together_ = !manner_.by_company && std::all_of(buckets_.begin(), buckets_.end(), [](const UsageBucket &bucket) {
    return is_aligned(bucket.range.from) && is_aligned(bucket.range.to);
  });
}

// Returns where any of the services may have usage.
std::vector<Range> UsageScan::find_extents() {
  if (bucket_count(shape_.kind, bounds_.time) <= kFewBuckets) {
    for (Service const service : services_) extents_.push_back({service, {kAllTime}, {}});
    return {bounds_.time};
  }
  ScanWork const work(node_);
  // The bounds are of beginnings, and usage may lie anywhere in a bucket.
  Range time = bounds_.time;
  if (__builtin_add_overflow(time.to, longest_bucket(shape_.kind), &time.to)) time.to = kInfinity;
  bool const is_fine = shape_.kind == TableKind::kQuarterHours || shape_.kind == TableKind::kHours;
  std::vector<Range> all;
  std::vector<std::vector<Range>> occupied_by = occupied(reseller().id, services_, time, is_fine ? Level::kDay : Level::kMonth);
  for (std::size_t i = 0; i < services_.size(); i++) {
    std::vector<Range> &its = occupied_by[i];
    if (its.empty()) continue;
    all.insert(all.end(), its.begin(), its.end());
    extents_.push_back({services_[i], std::move(its), {}});
  }
  return within(time, std::move(all));
}

void UsageScan::find_steps() {
  steps_.clear();
  classes_.clear();
  chunk_ = chunk_size_ = 0;
  std::vector<int> classes;
  bool follows = false;
  for (ServiceExtent *extent = reading_begin(); extent != reading_end(); ++extent) extent->next = extent->ranges.begin();
  for (std::size_t i = 0; i < buckets_.size(); i++) {
    const UsageBucket &bucket = buckets_[i];
    if (i % kUninterrupted == 0) pg([] { CHECK_FOR_INTERRUPTS(); });
    if (find_classes(bucket, classes)) follows = add_step(bucket, classes, follows);
  }
}

// Returns whether any of the services may have usage in the bucket.
bool UsageScan::find_classes(const UsageBucket &bucket, std::vector<int> &classes) {
  probe_.set(Column::kBucket, TimestampTzGetDatum(bucket.range.from));
  probe_.set(Column::kDate, date_of(bucket.date));
  bool const know_item = early_.buckets_know_item || classes_know_item();
  bool is_any_used = false;
  bool is_known = false;
  int known = kUnwanted;
  classes.clear();
  for (ServiceExtent *extent = reading_begin(); extent != reading_end(); ++extent) {
    bool const is_used = extent->reaches(bucket.range);
    is_any_used = is_any_used || is_used;
    for (Item const item : items_of(extent->service)) {
      if (!is_used || is_wanted_[static_cast<std::size_t>(item)] == 0) {
        classes.push_back(is_used ? kUnwanted : kUnused);
        continue;
      }
      if (know_item) show(item);
      if (!is_known || know_item) known = probe_.holds(early_[Subject::kBucket]) ? class_now(bucket, item) : kUnwanted;
      is_known = true;
      classes.push_back(known);
    }
  }
  return is_any_used;
}

// `follows` says whether all buckets since the last step hold no usage of the services.
bool UsageScan::add_step(const UsageBucket &bucket, const std::vector<int> &classes, bool follows) {
  if (std::all_of(classes.begin(), classes.end(), [](int each) { return each < 0; })) return false;
  auto const last = classes_.end() - static_cast<std::ptrdiff_t>(steps_.empty() ? 0 : classes.size());
  auto const agree = [](int a, int b) { return a == b || a == kUnused || b == kUnused; };
  if (manner_.joins_buckets && follows && std::equal(classes.begin(), classes.end(), last, agree)) {
    steps_.back().range.to = bucket.range.to;
    std::transform(classes.begin(), classes.end(), last, last,
                   [](int its, int before) { return before == kUnused ? its : before; });
  } else {
    steps_.push_back(bucket);
    classes_.insert(classes_.end(), classes.begin(), classes.end());
  }
  return true;
}

bool UsageScan::next_services() {
  first_extent_ = next_extent_;
  while (next_extent_ == extents_.size()) {
    if (!next_reseller()) return false;
    find_buckets();
    first_extent_ = 0;
  }
  next_extent_ = reads_together_ ? extents_.size() : next_extent_ + 1;
  reading_.clear();
  for (const ServiceExtent *extent = reading_begin(); extent != reading_end(); ++extent) reading_.push_back(extent->service);
  items_ = items_of(reading_);
  find_steps();
  return true;
}

void UsageScan::read_chunk() {
  std::vector<Range> ranges;
  std::vector<char> chosen;
  for (std::size_t step = chunk_; step < chunk_ + chunk_size_; step++) {
    ranges.push_back(steps_[step].range);
    for (std::size_t item = 0; item < items_.size(); item++) chosen.push_back(classes_[step * items_.size() + item] >= 0 ? 1 : 0);
  }
  chosen_.swap(chosen);
  ScanWork const work(node_);
  DependentsAtNeed const dependents([this]() -> const Dependents & { return companies(); });
  blocks_.ask(manner_.by_company ? &dependents.get() : nullptr, static_cast<int>(items_.size()), chosen_, manner_.figures);
  collect_figures({reseller().id, reading_, ranges, dependents}, blocks_);
  blocks_.finish();
  if (!manner_.by_company) return;
  std::size_t const of_step = std::max<std::size_t>(blocks_.memory() / chunk_size_, 1);
  next_size_ = std::max<std::size_t>(std::min(manner_.memory / of_step, kGrowth * chunk_size_), 1);
}

bool UsageScan::next_chunk() {
  for (;;) {
    chunk_ += chunk_size_;
    chunk_size_ = 0;
    while (chunk_ == steps_.size())
      if (!next_services()) return false;
    std::size_t const most = manner_.by_company ? next_size_ : std::max<std::size_t>(kMostTotals / items_.size(), 1);
    chunk_size_ = std::min(most, steps_.size() - chunk_);
    pg([] { CHECK_FOR_INTERRUPTS(); });
    read_chunk();
    ScanWork const work(node_);
    UnbuiltMarks const now = all_unbuilt_marks();
    if (std::includes(marks_.begin(), marks_.end(), now.begin(), now.end())) return true;
    if (has_handed_out_)
      throw Error(sqlstate::kSerializationFailure, "usage was changed past the extension while its table was read",
                  "Run the query again.");
    forget();
    rewind_usage();
  }
}

}  // namespace reseller_report
