// usage_delta: signed changes that wait to be attributed. Append-only for writers; no key, no trigger, nothing to wait for. A row
// holds packed changes of one source.
#pragma once

#include <vector>

#include "core/packing.hpp"
#include "server/boundary.hpp"
#include "server/own_table.hpp"

namespace reseller_report {

/// A row. Its bytes live until the next one is read.
struct DeltaRow {
  std::int64_t source;
  Time recorded_at;
  const char *bytes;
  std::size_t size;
  ItemPointerData tid;  ///< the row's identity
  bool of_this_transaction;
};

/// Hands each change of a row on: f(item, bucket, company, counters).
template <typename F>
void for_each_change(const DeltaRow &row, F &&f) {
  for_each_packed(row.bytes, row.size, kEpoch, f);
}

/// Appends changes, in any order. Consumes them.
void write_deltas(std::vector<UsageChange> changes, Time recorded_at);

/// Reads the deltas that the active snapshot sees.
///
/// In a serializable transaction the server would hold the reader to all of the table, and every writer appends to it. What a
/// report's figures depend on are the deltas of its companies, so it is held to those: it takes a predicate lock for each company,
/// on a page that a table never has, and a writer of deltas checks those of its companies. Folds, and others that only change where
/// figures are held, are held to nothing. Where the server allows no more locks on pages it makes them one on the table.
class DeltaScan {
 public:
  explicit DeltaScan(LOCKMODE lock) : DeltaScan(lock, nullptr) {}

  /// For a report of these companies, which a serializable transaction is held to.
  DeltaScan(LOCKMODE lock, const std::vector<std::int64_t> &companies) : DeltaScan(lock, &companies) {}
  ~DeltaScan();
  DeltaScan(const DeltaScan &) = delete;
  DeltaScan &operator=(const DeltaScan &) = delete;

  bool next(DeltaRow &row);

  /// Deletes a row that next() gave. Only a holder of the lease may.
  void remove(const DeltaRow &row);

  /// Puts back what is left of a row that was removed. Only a holder of the lease may.
  void put_back(const DeltaRow &row, std::vector<UsageChange> rest);

 private:
  DeltaScan(LOCKMODE lock, const std::vector<std::int64_t> *companies);

  bool is_visible(HeapTuple row);

  OwnTable table_;
  Snapshot snapshot_ = nullptr;
  bool is_tracked_;
  TableScanDesc scan_ = nullptr;
  TupleTableSlot *slot_ = nullptr;
  MemoryContext context_ = nullptr;  // of a row that is not stored as one piece
};

}  // namespace reseller_report
