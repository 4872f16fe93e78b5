// Which snapshot is the active one, for as long as an object lives, and what a snapshot sees.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// What a snapshot sees, as a value. Two that are equal see the same rows of a table that is locked from one to the other.
class View {
 public:
  /// Is not equal to that of any snapshot.
  View() = default;
  explicit View(Snapshot snapshot);

  bool operator==(const View &other) const;
  bool operator!=(const View &other) const { return !(*this == other); }

 private:
  // What a transaction has written itself it sees by the number of the command. Each transaction begins the numbers anew, and a
  // rollback to a savepoint takes rows away but leaves the number. So both are told apart, too.
  LocalTransactionId transaction_ = InvalidLocalTransactionId;
  SubTransactionId savepoint_ = InvalidSubTransactionId;
  CommandId command_ = InvalidCommandId;
  // What others have written it sees if they had ended: those before xmin_, and those before xmax_ that were not running.
  TransactionId xmin_ = InvalidTransactionId;
  TransactionId xmax_ = InvalidTransactionId;
  std::vector<TransactionId> running_;
  bool is_overflowed_ = false;  ///< those that run in savepoints are not among them, or not all
  bool is_of_standby_ = false;
};

/// What was read last, as long as it is read by snapshots that see the same.
template <typename T>
class LastReading {
 public:
  /// `read` returns a std::shared_ptr<const T>.
  template <typename F>
  std::shared_ptr<const T> get(Snapshot snapshot, F &&read) {
    View view(snapshot);
    if (view_ != view) {
      view_ = View();
      value_ = read();
      view_ = std::move(view);
    }
    return value_;
  }

 private:
  View view_;
  std::shared_ptr<const T> value_;
};

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
