#include "summary/levels.hpp"

#include "summary/summary.hpp"

namespace reseller_report {
namespace {

// Returns how many rows were written. Afterwards the buckets of `changes` are those of this level, and there is one change for each
// key.
std::int64_t add_to_level(Level level, std::vector<Change> &changes, Overflows &overflows) {
  for (Change &change : changes) change.bucket = bucket_of(level, change.bucket);
  consolidate(changes, overflows);
  std::int64_t rows = 0;
  SummaryWriter writer(level);
  for (std::size_t first = 0; first < changes.size(); rows++) {
    std::size_t end = first;
    while (end < changes.size() && static_cast<const RowKey &>(changes[end]) == changes[first]) end++;
    writer.apply(&changes[first], end - first, overflows);
    first = end;
    pg([] { CHECK_FOR_INTERRUPTS(); });
  }
  writer.finish();
  return rows;
}

}  // namespace

std::int64_t add_to_levels(Level first, Level last, std::vector<Change> changes, Overflows &overflows) {
  std::int64_t rows = 0;
  // From the narrowest level up: each leaves fewer changes for the next.
  for (int level = static_cast<int>(first); level <= static_cast<int>(last); level++)
    rows += add_to_level(static_cast<Level>(level), changes, overflows);
  return rows;
}

}  // namespace reseller_report
