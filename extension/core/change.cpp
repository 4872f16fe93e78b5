#include "core/change.hpp"

#include <algorithm>
#include <tuple>

namespace reseller_report {
namespace {

auto fields(const UsageKey &key) { return std::tie(key.source, key.company, key.bucket, key.item); }

// In the order of the index of a level, so that new entries lie side by side.
auto fields(const RowKey &key) { return std::tie(key.source, key.reseller, key.bucket, key.item); }

}  // namespace

bool operator<(const HolderKey &a, const HolderKey &b) { return std::tie(a.source, a.reseller) < std::tie(b.source, b.reseller); }

bool operator==(const UsageKey &a, const UsageKey &b) { return fields(a) == fields(b); }

bool operator<(const UsageKey &a, const UsageKey &b) { return fields(a) < fields(b); }

bool operator==(const RowKey &a, const RowKey &b) { return fields(a) == fields(b); }

bool operator<(const RowKey &a, const RowKey &b) { return fields(a) < fields(b); }

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

void order_by_day(std::vector<Change> &changes) {
  auto const place = [](const Change &change) {
    return std::tuple(change.source, change.reseller, bucket_of(Level::kDay, change.bucket), change.item, change.bucket,
                      change.company);
  };
  std::sort(changes.begin(), changes.end(), [&](const Change &a, const Change &b) { return place(a) < place(b); });
  std::size_t kept = 0;
  for (const Change &change : changes) {
    bool const same = kept > 0 && static_cast<const CellKey &>(changes[kept - 1]) == change;
    if (same && add(changes[kept - 1].counters, change.counters)) continue;
    if (kept > 0 && changes[kept - 1].counters.is_zero()) kept--;
    changes[kept++] = change;
  }
  if (kept > 0 && changes[kept - 1].counters.is_zero()) kept--;
  changes.resize(kept);
}

std::size_t count_of_day(const std::vector<Change> &changes, std::size_t first) {
  const Change &head = changes[first];
  Time const end = next_bucket(Level::kDay, bucket_of(Level::kDay, head.bucket));
  std::size_t at = first;
  while (at < changes.size() && changes[at].source == head.source && changes[at].reseller == head.reseller &&
         changes[at].bucket < end && changes[at].bucket >= bucket_of(Level::kDay, head.bucket))
    at++;
  return at - first;
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
