#include "core/change.hpp"

#include <algorithm>
#include <tuple>

namespace reseller_report {
namespace {

auto fields(const UsageKey &key) { return std::tie(key.source, key.company, key.bucket, key.item); }

auto fields(const RowKey &key) { return std::tie(key.source, key.reseller, key.item, key.bucket); }

}  // namespace

bool operator==(const UsageKey &a, const UsageKey &b) { return fields(a) == fields(b); }

bool operator<(const UsageKey &a, const UsageKey &b) { return fields(a) < fields(b); }

bool operator==(const RowKey &a, const RowKey &b) { return fields(a) == fields(b); }

bool operator==(const CellKey &a, const CellKey &b) { return fields(a) == fields(b) && a.company == b.company; }

bool operator<(const CellKey &a, const CellKey &b) {
  return std::tuple_cat(fields(a), std::tie(a.company)) < std::tuple_cat(fields(b), std::tie(b.company));
}

void consolidate(std::vector<Change> &changes, Overflows &overflows) {
  std::sort(changes.begin(), changes.end());
  std::size_t kept = 0;
  for (const Change &change : changes) {
    if (kept == 0 || !(static_cast<const CellKey &>(changes[kept - 1]) == change)) {
      if (kept > 0 && changes[kept - 1].counters.is_zero()) kept--;
      changes[kept++] = change;
    } else if (!add(changes[kept - 1].counters, change.counters)) {
      overflows.push_back(change);
    }
  }
  if (kept > 0 && changes[kept - 1].counters.is_zero()) kept--;
  changes.resize(kept);
}

std::vector<Change> difference(std::vector<Change> a, std::vector<Change> b, Overflows &overflows) {
  for (Change &change : b) {
    Counters negated;
    if (!add(negated, change.counters, -1)) overflows.push_back(change);
    change.counters = negated;
  }
  a.insert(a.end(), b.begin(), b.end());
  consolidate(a, overflows);
  return a;
}

}  // namespace reseller_report
