#include "summary/fold.hpp"

#include <algorithm>
#include <tuple>

namespace reseller_report {
namespace {

bool in_order_of_rows(const Change &a, const Change &b) {
  return std::tie(a.key.source, a.key.reseller, a.key.item, a.bucket, a.company) <
         std::tie(b.key.source, b.key.reseller, b.key.item, b.bucket, b.company);
}

bool same_row(const Change &a, const Change &b) { return a.key == b.key && a.bucket == b.bucket; }

}  // namespace

void consolidate(std::vector<Change> &changes, Overflows &overflows) {
  std::sort(changes.begin(), changes.end(), in_order_of_rows);
  size_t kept = 0;
  for (const Change &change : changes) {
    if (kept > 0 && same_row(changes[kept - 1], change) && changes[kept - 1].company == change.company) {
      if (!add(changes[kept - 1].counters, change.counters)) overflows.push_back({change.key, change.bucket, change.company});
    } else {
      changes[kept++] = change;
    }
  }
  changes.resize(kept);
}

std::int64_t fold_level(Level level, std::vector<Change> &changes, Overflows &overflows) {
  for (Change &change : changes) change.bucket = bucket_of(level, change.bucket);
  consolidate(changes, overflows);
  std::int64_t rows = 0;
  SummaryWriter writer(level);
  std::vector<CompanyChange> row;
  for (size_t at = 0; at < changes.size();) {
    size_t const first = at;
    row.clear();
    for (; at < changes.size() && same_row(changes[first], changes[at]); at++)
      if (!changes[at].counters.is_zero()) row.push_back({changes[at].company, changes[at].counters});
    if (!row.empty()) {
      writer.apply(changes[first].key, changes[first].bucket, row, overflows);
      rows++;
    }
    pg([] { CHECK_FOR_INTERRUPTS(); });
  }
  writer.finish();
  return rows;
}

std::int64_t fold_changes(std::vector<Change> changes, Overflows &overflows) {
  std::int64_t rows = 0;
  // From the narrowest level up: each leaves fewer changes for the next.
  for (int level = 0; level < kLevels; level++) rows += fold_level(static_cast<Level>(level), changes, overflows);
  return rows;
}

}  // namespace reseller_report
