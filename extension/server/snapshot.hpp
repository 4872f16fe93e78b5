// Which snapshot is the active one, for as long as an object lives.
#pragma once

#include "server/boundary.hpp"

namespace reseller_report {

/// Makes `snapshot` the active one while it lives.
class ActiveSnapshot {
 public:
  explicit ActiveSnapshot(Snapshot snapshot) {
    pg([&] { PushActiveSnapshot(snapshot); });
  }
  /// What the transaction's next command would see: in READ COMMITTED all that is committed now.
  static Snapshot fresh();
  ~ActiveSnapshot() { PopActiveSnapshot(); }
  ActiveSnapshot(const ActiveSnapshot &) = delete;
  ActiveSnapshot &operator=(const ActiveSnapshot &) = delete;
};

/// The active snapshot without this transaction: neither its rows, whose capture may not have fired yet, nor what it deleted.
/// Its part stays in its own deltas and memory until it commits.
class OthersSnapshot {
 public:
  OthersSnapshot() {
    pg([] {
      PushCopiedSnapshot(GetActiveSnapshot());
      GetActiveSnapshot()->curcid = 0;
    });
  }
  ~OthersSnapshot() { PopActiveSnapshot(); }
  OthersSnapshot(const OthersSnapshot &) = delete;
  OthersSnapshot &operator=(const OthersSnapshot &) = delete;
};

/// The transaction's snapshot as the active one, moved on over the transaction's own writes step by step: everything that others
/// did is seen as of one moment.
class MovingSnapshot {
 public:
  MovingSnapshot() {
    pg([] { PushCopiedSnapshot(GetTransactionSnapshot()); });
  }
  ~MovingSnapshot() { PopActiveSnapshot(); }
  MovingSnapshot(const MovingSnapshot &) = delete;
  MovingSnapshot &operator=(const MovingSnapshot &) = delete;

  void see_own_writes() {
    pg([] {
      CommandCounterIncrement();
      UpdateActiveSnapshotCommandId();
    });
  }
};

}  // namespace reseller_report
