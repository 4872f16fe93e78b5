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

/// Makes the active snapshot see the database as if this transaction had written nothing: rows that it has inserted are invisible,
/// rows that it has deleted are visible. Its changes may not be captured yet. Until it commits they stay in the accumulator and in
/// its own deltas.
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

/// Makes a copy of the transaction's snapshot the active one. After see_own_writes() it sees what the transaction itself has
/// written by then. What others did is seen as of one moment all the time.
class AdvancingSnapshot {
 public:
  AdvancingSnapshot() {
    pg([] { PushCopiedSnapshot(GetTransactionSnapshot()); });
  }
  ~AdvancingSnapshot() { PopActiveSnapshot(); }
  AdvancingSnapshot(const AdvancingSnapshot &) = delete;
  AdvancingSnapshot &operator=(const AdvancingSnapshot &) = delete;

  void see_own_writes() {
    pg([] {
      CommandCounterIncrement();
      UpdateActiveSnapshotCommandId();
    });
  }
};

}  // namespace reseller_report
