// Reads and writes the two tables of packed changes that are attributed already. Each row is of one source, reseller and UTC day:
// - usage_run: runs, as folds and dependency changes append them, any number for each day. No level holds them yet.
// - usage_packed: days of few changes, with one row for each day. Reports read it beside the rows of the quarter hours, hours and
//   days, which hold none of its figures. The months and years hold them, too. Where changes are many, a row has their sums over
//   companies and half hours besides, packed likewise.
#pragma once

#include <vector>

#include "core/packing.hpp"
#include "server/boundary.hpp"
#include "server/own_table.hpp"
#include "summary/summary.hpp"

namespace reseller_report {

enum class PackedTable { kRuns, kDays };

/// The company that packed sums over companies are of.
inline constexpr std::int64_t kAllCompanies = 0;

/// A row. Its bytes live until the next one is read.
struct PackedRow : HolderKey {
  Time day;
  int entries;
  const char *bytes;
  std::size_t size;
  ItemPointerData tid;
  Time recorded_at;  ///< of a run: when the oldest of its changes was captured
  bool set_aside;    ///< of a run: merging it would overflow a level; reports count it, merges leave it
};

/// Hands each change of a row on: f(item, bucket, company, counters).
template <typename F>
void for_each_change(const PackedRow &row, F &&f) {
  for_each_packed(row.bytes, row.size, row.day, f);
}

/// Appends the changes of a row to a list.
void append_changes(const PackedRow &row, std::vector<Change> &changes);

/// Reads rows by key and range of days, in the active snapshot. It takes no predicate locks, like SummaryReader.
class PackedReader {
 public:
  PackedReader(PackedTable which, LOCKMODE lock, const RowMemory &memory);

  /// Rows of the days that `range` touches. Of those read for sums the bytes are sums over companies and half hours where the row
  /// has them, else its changes.
  void seek(const HolderKey &holder, const Range &range, Detail detail = Detail::kCompanies);
  bool next(PackedRow &row);

 private:
  PackedTable which_;
  OwnTable table_;
  OwnIndexScan scan_;
  MemoryContext context_;
  Detail detail_ = Detail::kCompanies;
};

/// All rows of usage_run that the active snapshot sees, without their changes: `bytes` is null.
std::vector<PackedRow> runs_waiting();

/// Writes rows of either table. Only a holder of the lease may. Call finish() at the end.
class PackedWriter {
 public:
  explicit PackedWriter(PackedTable which);
  PackedWriter(const PackedWriter &) = delete;
  PackedWriter &operator=(const PackedWriter &) = delete;

  /// Writes a row with these changes. They are of one source, reseller and day, in the order of order_by_day(). The last two
  /// arguments are for runs alone.
  void insert(const Change *changes, std::size_t count, Time recorded_at = kInfinity, bool set_aside = false);

  /// Writes a row with these changes in place of one that a reader gave.
  void replace(const PackedRow &stored, const Change *changes, std::size_t count);
  void remove(const PackedRow &stored);
  void finish();

 private:
  HeapTuple form(const Change *changes, std::size_t count, Time recorded_at, bool set_aside);

  PackedTable which_;
  OwnTable table_;
  RowStore rows_;
  MemoryContext context_ = nullptr;
};

/// Collects changes that come one by one, and appends them as runs when they are many. Call finish() at the end.
class RunWriter {
 public:
  void add(const Change &change, Time recorded_at);
  void finish();

 private:
  // Changes to collect, which take about 16 MB.
  static constexpr std::size_t kMost = 200'000;

  Time oldest_ = kInfinity;
  std::vector<Change> changes_;
};

/// Appends changes, in any order, as runs. Only a holder of the lease may.
void write_runs(std::vector<Change> changes, Time recorded_at, bool set_aside);

}  // namespace reseller_report
