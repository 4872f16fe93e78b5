// Reads and writes usage_delta: signed changes of usage that wait to be attributed to resellers. A row holds packed changes of one
// source. Writers of usage only append to it. It has no key and no trigger, so they wait for nobody.
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
/// In a SERIALIZABLE transaction the server would take a predicate lock on the whole table, and every writer of usage would
/// conflict with it. But the figures of a report depend on the deltas of its companies alone. So a report takes a predicate lock
/// for each company instead, on a page that the table never has, and a writer of deltas looks for conflicts on the pages of its
/// companies. Folds, and others that only change where figures are kept, take no predicate locks. Where there would be too many
/// locks on pages, the server makes them one on the table.
class DeltaScan {
 public:
  explicit DeltaScan(LOCKMODE lock) : DeltaScan(lock, nullptr) {}

  /// For a report of these companies.
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
  MemoryContext context_ = nullptr;  // of the bytes of a row that was compressed or stored out of line
};

}  // namespace reseller_report
