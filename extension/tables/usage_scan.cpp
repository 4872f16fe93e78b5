#include "tables/usage_scan.hpp"

#include <algorithm>

#include "tables/occupied.hpp"

namespace reseller_report {
namespace {

// Up to so many buckets are looked at without asking first where there is usage.
constexpr double kFewBuckets = 20;

// Totals take little memory.
constexpr std::size_t kMostSteps = 20'000;

// The first chunk by company is short, for queries that want few rows. Later ones take as much memory as they may, but each no more
// than twice the steps of the one before it, so that little is read in vain where a query stops early.
constexpr std::size_t kFirstChunk = 2;
constexpr std::size_t kGrowth = 2;

// So many buckets are looked at without a look whether the query is cancelled.
constexpr std::size_t kUninterrupted = 256;

std::vector<Range> all_of(const std::vector<std::vector<Range>> &lists) {
  std::vector<Range> all;
  for (const std::vector<Range> &list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace

UsageScan::UsageScan(const ScanOrder &order, const Manner &manner)
    : TableScan(order), manner_(manner), is_wanted_(kItemNumbers, 0) {
  pg([&] {
    MemoryContext const before = MemoryContextSwitchTo(node_->ss.ps.state->es_query_cxt);
    for (Service const service : kAllServices)
      service_texts_[static_cast<int>(service)] = CStringGetTextDatum(service_name(service));
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
  probe_.set(Column::kService, service_text(service_of(item)));
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
  next_service_ = services_.size();
  steps_.clear();
  chunk_ = chunk_size_ = 0;
  next_size_ = manner_.by_company ? kFirstChunk : kMostSteps;
  has_handed_out_ = false;
  ScanWork const work(node_);
  marks_ = all_unbuilt_marks();
}

void UsageScan::find_buckets() {
  buckets_.clear();
  occupied_.clear();
  if (services_.empty() || (manner_.by_company && companies().ids.empty())) return;
  Zone const zone(reseller().time_zone);
  std::vector<Range> ranges = {bounds_.time};
  if (bucket_count(shape_.kind, bounds_.time) > kFewBuckets) {
    ScanWork const work(node_);
    // The bounds are of beginnings, and usage may lie anywhere in a bucket.
    Range time = bounds_.time;
    if (__builtin_add_overflow(time.to, longest_bucket(shape_.kind), &time.to)) time.to = kInfinity;
    bool const is_fine = shape_.kind == TableKind::kQuarterHours || shape_.kind == TableKind::kHours;
    occupied_ = occupied(reseller().id, services_, time, is_fine ? Level::kDay : Level::kMonth);
    ranges = within(time, all_of(occupied_));
  }
  for (const UsageBucket &bucket : buckets_of(shape_.kind, zone, ranges))
    if (bounds_.time.contains(bucket.range.from)) buckets_.push_back(bucket);
}

void UsageScan::find_steps() {
  steps_.clear();
  classes_.clear();
  chunk_ = chunk_size_ = 0;
  std::vector<int> classes;
  bool follows = false;
  std::vector<Range> const known = occupied_.empty() ? std::vector<Range>{kAllTime} : occupied_[next_service_ - 1];
  auto occupied = known.begin();
  for (std::size_t i = 0; i < buckets_.size(); i++) {
    const UsageBucket &bucket = buckets_[i];
    while (occupied != known.end() && occupied->to <= bucket.range.from) ++occupied;
    if (occupied == known.end()) return;
    if (occupied->from >= bucket.range.to) continue;
    if (i % kUninterrupted == 0) pg([] { CHECK_FOR_INTERRUPTS(); });
    find_classes(bucket, classes);
    follows = add_step(bucket, classes, follows);
  }
}

void UsageScan::find_classes(const UsageBucket &bucket, std::vector<int> &classes) {
  probe_.set(Column::kBucket, TimestampTzGetDatum(bucket.range.from));
  probe_.set(Column::kDate, date_of(bucket.date));
  bool const know_item = early_.buckets_know_item || classes_know_item();
  bool is_known = false;
  int known = -1;
  classes.clear();
  for (Item const item : items_of(service())) {
    int its = -1;
    if (is_wanted_[static_cast<std::size_t>(item)] != 0) {
      if (know_item) show(item);
      if (!is_known || know_item) known = probe_.holds(early_[Subject::kBucket]) ? class_now(bucket, item) : -1;
      is_known = true;
      its = known;
    }
    classes.push_back(its);
  }
}

// `follows` says whether all buckets since the last step hold no usage of the service.
bool UsageScan::add_step(const UsageBucket &bucket, const std::vector<int> &classes, bool follows) {
  if (std::all_of(classes.begin(), classes.end(), [](int each) { return each < 0; })) return false;
  bool const joins = manner_.joins_buckets && follows &&
                     std::equal(classes.begin(), classes.end(), classes_.end() - static_cast<std::ptrdiff_t>(classes.size()));
  if (joins) {
    steps_.back().range.to = bucket.range.to;
  } else {
    steps_.push_back(bucket);
    classes_.insert(classes_.end(), classes.begin(), classes.end());
  }
  return true;
}

bool UsageScan::next_service() {
  while (next_service_ == services_.size()) {
    if (!next_reseller()) return false;
    find_buckets();
    if (!buckets_.empty()) next_service_ = 0;
  }
  service_ = static_cast<int>(services_[next_service_++]);
  find_steps();
  return true;
}

void UsageScan::read_chunk() {
  std::vector<Range> ranges;
  std::vector<char> chosen;
  for (std::size_t step = chunk_; step < chunk_ + chunk_size_; step++) {
    ranges.push_back(steps_[step].range);
    for (std::size_t item = 0; item < item_count(); item++) chosen.push_back(classes_[step * item_count() + item] >= 0 ? 1 : 0);
  }
  chosen_.swap(chosen);
  ScanWork const work(node_);
  DependentsAtNeed const dependents([this]() -> const Dependents & { return companies(); });
  blocks_.ask(manner_.by_company ? &dependents.get() : nullptr, items_of(service()).count, chosen_, manner_.figures);
  collect_figures({reseller().id, service(), ranges, dependents}, blocks_);
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
      if (!next_service()) return false;
    chunk_size_ = std::min(next_size_, steps_.size() - chunk_);
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
