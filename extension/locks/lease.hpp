// The lease, and its order with locks on usage tables.
//
// The lease is one row. Every change of the summaries updates it first, so folds and dependency changes take turns. A REPEATABLE
// READ transaction whose snapshot is older than the last holder's commit gets 40001 from the server itself.
//
// An application's transaction may hold usage tables and wait for the lease, or hold the lease and wait for usage tables. So our
// own transactions keep two rules. One that holds the lease waits only briefly for a usage table, and not at all while another
// session waits for a table that it has locked; then it gives up what it took. One that waits for the lease holds no lock on a
// usage table that it took for that. Where the two still wait in a circle, ours gives up before the server makes the application
// the victim.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/period.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// Whether a dump is being restored into this database, between pre_restore and post_restore, as the latest snapshot sees it.
bool is_restoring();

/// Whether nobody has ever held the lease. Then nothing has changed the summaries yet.
bool is_lease_unused();

/// Waits for the lease and holds it until the transaction ends. Take a fresh snapshot afterwards.
void take_lease();

/// Notes a finished fold for materializer_state.
void note_fold(std::int64_t deltas, Time duration);

struct TableLock {
  Oid table;
  LOCKMODE mode;
};

/// How long a transaction that holds the lease, or locks on tables, waits for more tables. kBrief is a quarter of deadlock_timeout
/// in all, and ends at once when another session waits for a table that this one has locked. So that session has not looked for a
/// deadlock yet when this one gives up. kWhileNobodyWaits goes on for as long as no other session waits for the lease or such a
/// table. It is for work that would be lost.
class Patience {
 public:
  enum class Kind { kBrief, kWhileNobodyWaits };

  explicit Patience(Kind kind = Kind::kBrief);

  /// Locks a table until the transaction ends. False where it could not be locked in time.
  bool lock(const TableLock &wanted);

 private:
  Kind kind_;
  int milliseconds_;
};

/// The lock that could not be taken; nothing where all are held.
using Lacking = std::optional<TableLock>;

/// Locks a table and its partitions of all levels: those that have partitions themselves in one mode, those that hold rows in
/// another.
Lacking lock_tree(Oid root, LOCKMODE parents, LOCKMODE leaves, Patience &patience);

/// Calls `lock` in a subtransaction until it lacks nothing. Where it lacks a lock, the subtransaction is rolled back. That lock is
/// then waited for with nothing else held, and the next call has it already. An error rolls the subtransaction back, too.
void retry_until_locked(const std::function<Lacking(Patience &)> &lock);

/// The same, with the lease taken before each call. A lock that was lacking is waited for, but released again before the lease is
/// waited for.
void take_lease_and(Patience::Kind kind, const std::function<Lacking(Patience &)> &lock);

/// The same for post_restore, when nothing else may take the lease.
void take_lease_of_restore_and(const std::function<Lacking(Patience &)> &lock);

}  // namespace reseller_report
