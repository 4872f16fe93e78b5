// Changes of usage: the shape in which figures travel from the trigger to the summaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/item.hpp"
#include "core/period.hpp"
#include "core/usage.hpp"

namespace reseller_report {

/// The usage of one item by one company in one quarter hour, whoever its reseller is.
struct UsageKey {
  std::int64_t source;
  std::int64_t company;
  Time bucket;
  Item item;
};

bool operator==(const UsageKey &a, const UsageKey &b);
bool operator<(const UsageKey &a, const UsageKey &b);

/// A signed change of that usage.
struct UsageChange : UsageKey {
  Counters counters;
};

/// A source and reseller: whose usage a row holds.
struct HolderKey {
  std::int64_t source;
  std::int64_t reseller;
};

bool operator<(const HolderKey &a, const HolderKey &b);

/// Whose usage the rows of a level hold, and of what: the key of a row but for its bucket.
struct SummaryKey {
  std::int64_t source;
  std::int64_t reseller;
  Item item;
};

/// Names a row of a level: a bucket of a source, reseller and item.
struct RowKey : SummaryKey {
  Time bucket;
};

/// Names a cell: one company in such a row.
struct CellKey : RowKey {
  std::int64_t company;
};

/// A signed change of the figures of a cell.
struct Change : CellKey {
  Counters counters;
};

bool operator==(const RowKey &a, const RowKey &b);
bool operator<(const RowKey &a, const RowKey &b);
bool operator==(const CellKey &a, const CellKey &b);
bool operator<(const CellKey &a, const CellKey &b);  ///< row by row, and within a row by company

/// Spreads keys over a hash table.
inline std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  return x;
}

inline std::uint64_t hash_of(const UsageKey &key) {
  std::uint64_t const h =
      mix(static_cast<std::uint64_t>(key.company) * 0x9e3779b97f4a7c15ULL ^ static_cast<std::uint64_t>(key.bucket / kQuarterHour));
  return mix(h ^ static_cast<std::uint64_t>(key.source) ^ static_cast<std::uint64_t>(key.item) << 48);
}

inline std::uint64_t hash_of(const RowKey &key) { return hash_of(UsageKey{key.source, key.reseller, key.bucket, key.item}); }

struct KeyHash {
  template <typename Key>
  std::size_t operator()(const Key &key) const {
    return static_cast<std::size_t>(hash_of(key));
  }
};

/// Cells whose sum would exceed 64 bits. The change that would have done it was left out. So the caller must undo all other
/// changes, too, or set the cell aside.
using Overflows = std::vector<CellKey>;

/// Sorts changes by cell, adds up those of the same cell, and drops sums that are zero.
void consolidate(std::vector<Change> &changes, Overflows &overflows);

/// Sorts changes as they are packed, day by day of a source and reseller, and in each by item, quarter hour and company; adds up
/// those of the same cell as far as 64 bits hold them, and drops what comes to nothing. What they hold no more stays a change of
/// its own.
void order_by_day(std::vector<Change> &changes);

/// How many changes from `first` on are of the same source, reseller and day.
std::size_t count_of_day(const std::vector<Change> &changes, std::size_t first);

/// a - b, consolidated: what would have to be added to b to make it a.
std::vector<Change> difference(std::vector<Change> a, std::vector<Change> b, Overflows &overflows);

}  // namespace reseller_report
