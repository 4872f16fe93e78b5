#include "maintenance/fold.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "source/built_days.hpp"
#include "source/registry.hpp"
#include "summary/delta.hpp"
#include "summary/memberships.hpp"
#include "summary/packed.hpp"

namespace reseller_report {
namespace {

// How many changes of days that are not built a fold drops at most: as many as writers may leave in the time between two folds.
constexpr std::int64_t kMostDropped = 1'000'000;

// How many changes are attributed by one query of dependencies.
constexpr std::size_t kBatch = 10'000;

/// What becomes of a pending change.
enum class Fate { kFold, kDrop, kWait };

/// Which sources exist and which of their days are built. The deltas of a source wait where the registry does not name it, or where
/// its table has no trigger. Then a restore is under way; or the table is gone, and its deltas will go with it.
///
/// No usage table is locked. A fold moves figures from deltas to runs, and nobody reads anything but their sum, which stays. Where
/// TRUNCATE or DDL un-builds days meanwhile, everybody reads raw rows from then on, and a rebuild will replace deltas and runs.
class Readiness {
 public:
  Readiness() {
    BuiltDays const built;
    for (const SourceState &source : source_states())
      if (source.is_reliable) sources_.emplace(source.id, State{built.answerable(source, kAllTime), source.horizon});
  }

  /// Whether any change of a row may be folded or dropped. The transaction's own wait until it commits, so that no summary ever
  /// holds part of a transaction in flight.
  bool concerns(const DeltaRow &row) const { return !row.of_this_transaction && sources_.count(row.source) > 0; }

  /// What becomes of a change. Only for a source whose rows concern the fold.
  Fate fate(std::int64_t source, Time bucket) const {
    const State &state = sources_.at(source);
    if (state.is_built(bucket)) return Fate::kFold;
    // That the day is not built is committed. So every report reads raw rows there, and nobody counts this change. Whoever sees it
    // also sees its raw row, so a rebuild would drop it. Where no rebuild is possible, it would lie here for ever, so it is dropped
    // now. A change that commits after a rebuild took its snapshot is folded later.
    return bucket >= state.horizon ? Fate::kDrop : Fate::kWait;
  }

  bool is_pruned(std::int64_t source, Time bucket) const { return bucket < sources_.at(source).horizon; }

 private:
  struct State {
    std::vector<Range> built;
    Time horizon;

    bool is_built(Time bucket) const {
      return std::any_of(built.begin(), built.end(), [&](const Range &range) { return range.contains(bucket); });
    }
  };
  std::unordered_map<std::int64_t, State> sources_;
};

/// Attributes changes by the dependencies of the active snapshot, and appends them as runs.
class Attribution {
 public:
  explicit Attribution(const Readiness &ready) : ready_(ready) {}

  void add(const UsageChange &change, Time recorded_at) {
    batch_.push_back({change, recorded_at});
    if (batch_.size() >= kBatch) attribute();
  }

  void finish() {
    attribute();
    runs_.finish();
  }

 private:
  struct Recorded {
    UsageChange change;
    Time at;
  };

  void attribute() {
    std::vector<std::int64_t> companies;
    companies.reserve(batch_.size());
    for (const Recorded &recorded : batch_) companies.push_back(recorded.change.company);
    std::vector<Membership> const memberships = memberships_of(std::move(companies));
    for (const auto &[change, at] : batch_) {
      const Membership *const membership = membership_at(memberships, change.company, change.bucket);
      // Before the horizon there are no raw rows, so the usage of companies without a reseller is kept, too.
      if (membership == nullptr && !ready_.is_pruned(change.source, change.bucket)) continue;
      std::int64_t const reseller = membership != nullptr ? membership->reseller : kNobody;
      runs_.add({{{{change.source, reseller, change.item}, change.bucket}, change.company}, change.counters}, at);
    }
    batch_.clear();
  }

  const Readiness &ready_;
  std::vector<Recorded> batch_;
  RunWriter runs_;
};

}  // namespace

bool anything_to_fold() {
  Readiness const ready;
  DeltaScan scan(AccessShareLock);
  DeltaRow row;
  while (scan.next(row)) {
    if (!ready.concerns(row)) continue;
    bool found = false;
    for_each_change(row, [&](Item, Time bucket, std::int64_t, const Counters &) {
      found = found || ready.fate(row.source, bucket) != Fate::kWait;
    });
    if (found) return true;
  }
  return false;
}

std::int64_t fold(std::int64_t most) {
  Readiness const ready;
  Attribution attribution(ready);
  std::int64_t folded = 0;
  std::int64_t dropped = 0;
  DeltaScan scan(RowExclusiveLock);
  DeltaRow row;
  while (folded < most && scan.next(row)) {
    if (!ready.concerns(row)) continue;
    std::vector<UsageChange> rest;
    std::int64_t taken = 0;
    for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
      UsageChange const change = {{row.source, company, bucket, item}, counters};
      Fate const fate = ready.fate(row.source, bucket);
      if (fate == Fate::kFold && folded < most) {
        attribution.add(change, row.recorded_at);
        folded++;
        taken++;
      } else if (fate == Fate::kDrop && dropped < kMostDropped) {
        dropped++;
        taken++;
      } else {
        rest.push_back(change);
      }
    });
    if (taken == 0) continue;
    scan.remove(row);
    if (!rest.empty()) scan.put_back(row, std::move(rest));
    if ((folded + dropped) % 1'000 < taken) pg([] { CHECK_FOR_INTERRUPTS(); });
  }
  attribution.finish();
  return folded;
}

ToFold to_fold() {
  Readiness const ready;
  DeltaScan scan(AccessShareLock);
  DeltaRow row;
  ToFold found;
  while (scan.next(row)) {
    if (!ready.concerns(row)) continue;
    std::int64_t changes = 0;
    for_each_change(row, [&](Item, Time bucket, std::int64_t, const Counters &) {
      changes += ready.fate(row.source, bucket) == Fate::kFold ? 1 : 0;
    });
    found.changes += changes;
    if (changes > 0) found.oldest = std::min(found.oldest, row.recorded_at);
  }
  return found;
}

}  // namespace reseller_report
