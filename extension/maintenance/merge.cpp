#include "maintenance/merge.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "core/membership.hpp"
#include "maintenance/packed_days.hpp"
#include "server/subtransaction.hpp"
#include "source/registry.hpp"
#include "summary/levels.hpp"
#include "summary/packed.hpp"

namespace reseller_report {
namespace {

// When a merge pays. A row of a level is rewritten whole, and it has one entry for each company of the reseller. So rewriting it
// costs in proportion to its width, which is taken to be the number of companies that the reseller ever had. Changes pay where they
// number at least a quarter (1 / kChangesPerWidth) of the entries of all rows that they touch. Those of a reseller with fewer than
// kNarrowRow companies always pay, and so do those that have waited for kOld, so that none waits long. So do those in kManyRuns
// runs, because a report reads each run by itself.
constexpr std::int64_t kNarrowRow = 1'000;
constexpr std::int64_t kChangesPerWidth = 4;
constexpr Time kOld = 600 * kSecond;
constexpr std::int64_t kManyRuns = 250;

/// The runs of a source and reseller that may be merged.
struct Waiting {
  std::int64_t runs = 0;
  std::int64_t changes = 0;
  Time oldest = kInfinity;
};

// Runs of a source that the registry does not name wait. A restore is under way, or the source is gone, and its runs will go with
// it.
std::map<HolderKey, Waiting> waiting() {
  std::set<std::int64_t> sources;
  for (const SourceState &source : source_states())
    if (source.is_reliable) sources.insert(source.id);
  std::map<HolderKey, Waiting> found;
  for (const PackedRow &run : runs_waiting()) {
    if (run.set_aside || sources.count(run.source) == 0) continue;
    Waiting &waiting = found[run];
    waiting.runs++;
    waiting.changes += run.entries;
    waiting.oldest = std::min(waiting.oldest, run.recorded_at);
  }
  return found;
}

// How many rows of the narrowest level the runs of a holder touch.
std::int64_t rows_touched(const HolderKey &holder) {
  std::set<std::pair<Item, Time>> rows;
  RowMemory const memory;
  PackedReader reader(PackedTable::kRuns, AccessShareLock, memory);
  reader.seek(holder, kAllTime);
  PackedRow run;
  while (reader.next(run)) {
    Unpacker groups(run.bytes, run.size, run.day);
    while (groups.next_group()) rows.emplace(groups.item(), groups.bucket());
  }
  return static_cast<std::int64_t>(rows.size());
}

bool pays(const HolderKey &holder, const Waiting &waiting) {
  if (waiting.runs >= kManyRuns || waiting.oldest <= GetCurrentTimestamp() - kOld) return true;
  std::int64_t const width = width_of(holder.reseller);
  if (width < kNarrowRow) return true;
  return waiting.changes * kChangesPerWidth >= width && waiting.changes * kChangesPerWidth >= width * rows_touched(holder);
}

std::vector<HolderKey> holders_to_merge(bool only_what_pays) {
  std::vector<HolderKey> holders;
  for (const auto &[holder, runs] : waiting())
    if (!only_what_pays || pays(holder, runs)) holders.push_back(holder);
  return holders;
}

/// What was taken out of runs.
struct Taken {
  std::vector<Change> changes;
  Time oldest = kInfinity;
};

Taken take(const std::vector<HolderKey> &holders, std::size_t most) {
  Taken taken;
  RowMemory const memory;
  PackedReader reader(PackedTable::kRuns, AccessShareLock, memory);
  PackedWriter writer(PackedTable::kRuns);
  for (const HolderKey &holder : holders) {
    reader.seek(holder, kAllTime);
    PackedRow run;
    while (taken.changes.size() < most && reader.next(run)) {
      if (run.set_aside) continue;
      append_changes(run, taken.changes);
      taken.oldest = std::min(taken.oldest, run.recorded_at);
      if (taken.changes.size() <= most) {
        writer.remove(run);
      } else {
        writer.replace(run, &taken.changes[most], taken.changes.size() - most);
        taken.changes.resize(most);
      }
    }
  }
  writer.finish();
  return taken;
}

// The cell with the year that it lies in as its bucket. When a sum overflows in any level, the changes of the whole year are set
// aside, because the buckets of all levels that a change is added to lie in one year.
CellKey year_of(CellKey cell) {
  cell.bucket = bucket_of(Level::kYear, cell.bucket);
  return cell;
}

Merged merge(const std::vector<HolderKey> &holders, std::int64_t most, const std::set<CellKey> &overflowing, Overflows &overflows) {
  Taken taken = take(holders, static_cast<std::size_t>(most));
  Merged merged;
  merged.changes = static_cast<std::int64_t>(taken.changes.size());
  if (!overflowing.empty()) {
    auto const is_aside = [&](const Change &change) { return overflowing.count(year_of(change)) > 0; };
    auto const aside =
        std::stable_partition(taken.changes.begin(), taken.changes.end(), [&](const Change &change) { return !is_aside(change); });
    std::vector<Change> set_aside(aside, taken.changes.end());
    taken.changes.erase(aside, taken.changes.end());
    merged.changes -= static_cast<std::int64_t>(set_aside.size());
    write_runs(std::move(set_aside), taken.oldest, true);
  }
  order_by_day(taken.changes);
  std::vector<Change> narrow;
  merged.rows += add_to_packed_days(
      taken.changes, [&](const Change &change) { return overflowing.count(year_of(change)) > 0; }, narrow);
  merged.rows += add_to_levels(Level::kQuarter, Level::kDay, std::move(narrow), overflows);
  merged.rows += add_to_levels(Level::kMonth, Level::kYear, std::move(taken.changes), overflows);
  return merged;
}

void warn(const CellKey &overflow) {
  long long const company = overflow.company;
  long long const reseller = overflow.reseller;
  pg([&] {
    ereport(WARNING, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                      errmsg("usage of company %lld of reseller %lld was set aside: its sum exceeds 64 bits", company, reseller),
                      errdetail("Reports go on counting it; all other usage was folded.")));
  });
}

}  // namespace

bool anything_to_merge(bool only_what_pays) { return !holders_to_merge(only_what_pays).empty(); }

// Works in a subtransaction. Where sums overflow, it is rolled back and tried again without the cells that overflowed, at most once
// for each level. One company's absurd figures must not stop the merging of others.
Merged merge(std::int64_t most, bool only_what_pays) {
  std::vector<HolderKey> const holders = holders_to_merge(only_what_pays);
  if (holders.empty()) return {};
  std::set<CellKey> overflowing;
  for (;;) {
    Subtransaction const attempt;
    Overflows overflows;
    try {
      Merged const merged = merge(holders, most, overflowing, overflows);
      if (overflows.empty()) {
        attempt.release();
        return merged;
      }
    } catch (...) {
      // An error must not leave through a subtransaction that its catcher, PL/pgSQL or the main loop, does not know of.
      attempt.roll_back();
      throw;
    }
    attempt.roll_back();
    for (const CellKey &overflow : overflows)
      if (overflowing.insert(year_of(overflow)).second) warn(overflow);
  }
}

ToMerge to_merge() {
  ToMerge found;
  for (const auto &[holder, runs] : waiting()) {
    found.changes += runs.changes;
    found.oldest = std::min(found.oldest, runs.oldest);
  }
  return found;
}

}  // namespace reseller_report
