// usage_delta: signed changes that wait to be folded. Append-only for writers; no key, no trigger, nothing to wait for.
#pragma once

#include <vector>

#include "core/change.hpp"
#include "server/boundary.hpp"
#include "server/own_table.hpp"

namespace reseller_report {

struct Delta : UsageChange {
  std::int64_t reseller;  ///< meaningful only when keyed
  Time recorded_at;
  bool keyed;           ///< made by a dependency change for this very reseller; otherwise attributed when read or folded
  bool set_aside;       ///< folding it would overflow a summary; reports count it, folds leave it
  ItemPointerData tid;  ///< the row's identity, when read from the table
  bool own;             ///< captured or moved by this transaction, when read from the table
};

/// Appends deltas in batches. Owns server memory only, which the transaction frees after an error; call finish() at the end.
class DeltaWriter {
 public:
  DeltaWriter();
  ~DeltaWriter();
  DeltaWriter(const DeltaWriter &) = delete;
  DeltaWriter &operator=(const DeltaWriter &) = delete;

  void write(const Delta &delta);
  void finish();

 private:
  void write_batch();

  static constexpr int kBatch = 500;
  Relation relation_ = nullptr;
  IndexKeeper indexes_;
  MemoryContext context_ = nullptr;
  TupleTableSlot *slots_[kBatch];
  int made_ = 0;
  int filled_ = 0;
};

/// Tells, by a delta's first columns, whether the rest of it is worth reading; must not throw.
struct DeltaFilter {
  bool (*wants)(const void *state, std::int64_t source, std::int64_t company, Time bucket);
  const void *state;
};

/// A filter that asks `wants(source, company, bucket)`, which must outlive it.
template <typename F>
DeltaFilter filter_of(const F &wants) {
  return {[](const void *state, std::int64_t source, std::int64_t company, Time bucket) {
            return (*static_cast<const F *>(state))(source, company, bucket);
          },
          &wants};
}

/// Reads the deltas that the active snapshot sees, and the filter, if there is one, wants.
///
/// In a serializable transaction the server would hold the reader to all of the table, and every writer appends to it. What a
/// report's figures depend on are the deltas of its companies, so it is held to those: it takes a predicate lock for each company,
/// on a page that a table never has, and a writer of deltas checks those of its companies. Folds, and others that only change where
/// figures are held, are held to nothing. Where the server allows no more locks on pages it makes them one on the table.
class DeltaScan {
 public:
  explicit DeltaScan(LOCKMODE lock, DeltaFilter filter = {}) : DeltaScan(lock, filter, nullptr) {}

  /// For a report of these companies, which a serializable transaction is held to.
  DeltaScan(LOCKMODE lock, DeltaFilter filter, const std::vector<std::int64_t> &companies) : DeltaScan(lock, filter, &companies) {}
  ~DeltaScan();
  DeltaScan(const DeltaScan &) = delete;
  DeltaScan &operator=(const DeltaScan &) = delete;

  bool next(Delta &delta);

  /// Deletes a delta that next() gave. Only a holder of the lease may.
  void remove(const Delta &delta);

 private:
  DeltaScan(LOCKMODE lock, DeltaFilter filter, const std::vector<std::int64_t> *companies);

  void fill();
  bool is_visible(HeapTuple row);

  static constexpr int kBatch = 256;
  OwnTable table_;
  DeltaFilter filter_;
  Snapshot snapshot_ = nullptr;
  bool is_tracked_;
  TableScanDesc scan_ = nullptr;
  TupleTableSlot *slot_ = nullptr;
  Delta batch_[kBatch];
  int size_ = 0;
  int at_ = 0;
  bool exhausted_ = false;
};

}  // namespace reseller_report
