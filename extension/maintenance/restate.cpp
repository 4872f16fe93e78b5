#include "maintenance/restate.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "core/membership.hpp"
#include "maintenance/packed_days.hpp"
#include "maintenance/reconcile.hpp"
#include "summary/summary.hpp"

namespace reseller_report {
namespace {

bool lies_whole_in(Level level, const Range &slice) { return level <= Level::kDay && widen(level, slice) == slice; }

/// The cells of a row, while they are added up.
class RowInProgress {
 public:
  RowKey key = {};
  bool is_empty() const { return cells_.empty(); }

  void add(std::int64_t company, const Counters &counters, Overflows &overflows) {
    if (!reseller_report::add(cells_[company], counters)) overflows.push_back({key, company});
  }

  /// Returns the cells that are not zero, and begins anew.
  std::vector<CompanyCounters> take() {
    std::vector<CompanyCounters> cells;
    for (const auto &[company, counters] : cells_)
      if (!counters.is_zero()) cells.push_back({company, counters});
    cells_.clear();
    return cells;
  }

 private:
  std::map<std::int64_t, Counters> cells_;
};

/// Sets the rows of one level, reseller by reseller. What the level holds of a reseller and is not set, goes.
class LevelSetter {
 public:
  LevelSetter(Level level, std::int64_t source, const Range &slice, const RowMemory &memory)
      : level_(level),
        source_(source),
        buckets_(widen(level, slice)),
        holders_(resellers_in(summary_table(level), source)),
        reader_(level, memory),
        writer_(level) {}

  Level level() const { return level_; }
  const Range &buckets() const { return buckets_; }

  void begin(std::int64_t reseller) {
    reseller_ = reseller;
    held_.clear();
    // Most resellers have all their days packed, and no row here.
    if (!std::binary_search(holders_.begin(), holders_.end(), reseller)) return;
    reader_.seek({source_, reseller}, buckets_);
    SummaryRow row;
    while (reader_.next(row)) held_.insert({row.item, row.bucket});
  }

  void set(Item item, Time bucket, const std::vector<CompanyCounters> &cells) {
    held_.erase({item, bucket});
    writer_.set({{source_, reseller_, item}, bucket}, cells);
    pg([] { CHECK_FOR_INTERRUPTS(); });
  }

  void end() {
    for (const auto &[item, bucket] : held_) writer_.set({{source_, reseller_, item}, bucket}, {});
  }

  void finish() { writer_.finish(); }

 private:
  Level level_;
  std::int64_t source_;
  std::int64_t reseller_ = kNobody;
  Range buckets_;
  std::vector<std::int64_t> holders_;
  SummaryReader reader_;
  SummaryWriter writer_;
  std::set<std::pair<Item, Time>> held_;
};

/// Sets those levels whose buckets lie in the slice whole from raw figures that come in order.
class RawLevels {
 public:
  RawLevels(std::int64_t source, const Range &slice, const RowMemory &memory, Overflows &overflows) : overflows_(overflows) {
    for (int i = 0; i < kLevels && lies_whole_in(static_cast<Level>(i), slice); i++)
      setters_.push_back(std::make_unique<LevelSetter>(static_cast<Level>(i), source, slice, memory));
    rows_.resize(setters_.size());
  }

  int count() const { return static_cast<int>(setters_.size()); }

  void begin(std::int64_t reseller) {
    for (auto const &setter : setters_) setter->begin(reseller);
  }

  void add(const Change &change) {
    for (size_t i = 0; i < setters_.size(); i++) {
      RowKey key = change;
      key.bucket = bucket_of(setters_[i]->level(), change.bucket);
      if (!(rows_[i].key == key)) {
        set(i);
        rows_[i].key = key;
      }
      rows_[i].add(change.company, change.counters, overflows_);
    }
  }

  void end() {
    for (size_t i = 0; i < setters_.size(); i++) {
      set(i);
      setters_[i]->end();
    }
  }

  void finish() {
    for (auto const &setter : setters_) setter->finish();
  }

 private:
  void set(size_t i) {
    if (!rows_[i].is_empty()) setters_[i]->set(rows_[i].key.item, rows_[i].key.bucket, rows_[i].take());
  }

  Overflows &overflows_;
  std::vector<std::unique_ptr<LevelSetter>> setters_;
  std::vector<RowInProgress> rows_;
};

/// Takes a day's changes from the sorted ones: into a list while the day may still be packed, else to the levels.
class DayReader {
 public:
  explicit DayReader(SortedChanges &raw) : raw_(raw) { more_ = raw_.next(next_); }

  bool has(std::int64_t reseller) const { return more_ && next_.reseller == reseller; }

  /// Returns the changes of the next day if it is to be packed.
  std::vector<Change> read_day(RawLevels &levels) {
    std::vector<Change> changes;
    std::int64_t const reseller = next_.reseller;
    Time const end = next_bucket(Level::kDay, bucket_of(Level::kDay, next_.bucket));
    std::size_t most = most_packed();
    bool packed = true;
    for (; has(reseller) && next_.bucket < end; more_ = raw_.next(next_)) {
      if (!packed) {
        levels.add(next_);
        continue;
      }
      changes.push_back(next_);
      if (changes.size() <= most) continue;
      // There may be fewer, after those of one cell are added up.
      order_by_day(changes);
      most = most_packed() + changes.size();
      packed = changes.size() <= most_packed();
      if (packed) continue;
      for (const Change &change : changes) levels.add(change);
      changes.clear();
    }
    order_by_day(changes);
    return changes;
  }

 private:
  SortedChanges &raw_;
  Change next_ = {};
  bool more_ = false;
};

// Returns the first level that raw figures do not give.
Level restate_from_raw(const Source &source, const Range &slice, SortedChanges &raw, const std::vector<std::int64_t> &resellers,
                       Overflows &overflows) {
  RowMemory const memory;
  PackedDaysSetter days(source.id, slice);
  RawLevels levels(source.id, slice, memory, overflows);
  DayReader reader(raw);
  for (std::int64_t const reseller : resellers) {
    days.begin(reseller);
    levels.begin(reseller);
    while (reader.has(reseller))
      if (std::vector<Change> const packed = reader.read_day(levels); !packed.empty()) days.set(packed);
    levels.end();
    days.end();
  }
  days.finish();
  levels.finish();
  return static_cast<Level>(levels.count());
}

// What packed days add to the months of a reseller, by row.
std::map<std::pair<Item, Time>, std::vector<Change>> packed_rows(Level level, const Source &source, std::int64_t reseller,
                                                                 const Range &buckets) {
  std::map<std::pair<Item, Time>, std::vector<Change>> rows;
  if (level != Level::kMonth) return rows;
  for (const Change &change : packed_changes(PackedTable::kDays, source.id, {reseller}, buckets, level))
    rows[{change.item, change.bucket}].push_back(change);
  return rows;
}

void restate_from_below(Level level, const Source &source, const Range &slice, const std::vector<std::int64_t> &resellers,
                        Overflows &overflows) {
  RowMemory const memory;
  LevelSetter setter(level, source.id, slice, memory);
  auto const level_below = static_cast<Level>(static_cast<int>(level) - 1);
  SummaryReader below(level_below, memory);
  for (std::int64_t const reseller : resellers) {
    setter.begin(reseller);
    auto packed = packed_rows(level, source, reseller, setter.buckets());
    std::map<Item, RowInProgress> sums;  // of one bucket
    Time bucket = kInfinity;
    auto const sum_of = [&](Item item) -> RowInProgress & {
      RowInProgress &sum = sums[item];
      sum.key = {{source.id, reseller, item}, bucket};
      return sum;
    };
    auto const set = [&] {
      for (Item const item : all_items()) {
        auto const days = packed.find({item, bucket});
        if (days == packed.end()) continue;
        for (const Change &change : days->second) sum_of(item).add(change.company, change.counters, overflows);
        packed.erase(days);
      }
      for (auto &[item, sum] : sums) setter.set(item, bucket, sum.take());
      sums.clear();
    };
    below.seek({source.id, reseller}, setter.buckets());
    SummaryRow row;
    while (below.next(row)) {
      if (Time const its = bucket_of(level, row.bucket); its != bucket) {
        set();
        bucket = its;
      }
      below.read(row, kAllFigures);
      RowInProgress &sum = sum_of(row.item);
      for (int i = 0; i < row.count; i++) sum.add(row.companies[i], row.counters(i), overflows);
    }
    set();
    while (!packed.empty()) {
      bucket = packed.begin()->first.second;
      set();
    }
    setter.end();
  }
  setter.finish();
}

}  // namespace

void restate(const Source &source, const Range &slice, SortedChanges &raw, const std::vector<std::int64_t> &resellers,
             AdvancingSnapshot &snapshot, Overflows &overflows) {
  Level const first = restate_from_raw(source, slice, raw, resellers, overflows);
  snapshot.see_own_writes();
  for (int level = static_cast<int>(first); level < kLevels; level++) {
    restate_from_below(static_cast<Level>(level), source, slice, resellers, overflows);
    snapshot.see_own_writes();
  }
}

}  // namespace reseller_report
