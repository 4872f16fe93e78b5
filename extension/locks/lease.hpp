// The lease: one row that every change of the summaries updates first, so that folds and dependency changes take turns
// and a transaction whose snapshot is older than the last holder's commit gets 40001 from the server itself. And the order of the
// lease and of locks on usage tables, which the application's transactions take in any order.
//
// Who holds the lease waits for a usage table briefly at most, and not at all while somebody waits for a table that it holds; then
// it gives up what it took. Who waits for the lease holds no lock on a usage table that it took for that. So an application's
// transaction, which may hold tables and wait for the lease, or hold the lease and wait for tables, never waits in a circle with
// us, or not for long enough to be the victim of a deadlock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/period.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// Whether a dump is being restored into this database, between pre_restore and post_restore; the latest snapshot tells.
bool is_restoring();

/// Whether nobody has ever held the lease: the database has done no work of its own.
bool is_lease_unused();

/// Waits for the lease and holds it until the transaction ends. Take a fresh snapshot afterwards.
void take_lease();

/// Notes a finished fold for materializer_state.
void note_fold(std::int64_t deltas, Time duration);

struct TableLock {
  Oid table;
  LOCKMODE mode;
};

/// How long a holder of the lease, or of tables, waits for others: a quarter of deadlock_timeout in all, and not while somebody
/// waits for a table that it holds: so that who comes to wait for it has not looked for a deadlock by then. Where there is work to
/// lose, it goes on for as long as nobody waits for the lease or such a table.
class Patience {
 public:
  enum class Kind { kBrief, kWhileNobodyWaits };

  explicit Patience(Kind kind = Kind::kBrief);

  /// Locks a table until the transaction ends; false when it cannot be had in time.
  bool lock(const TableLock &wanted);

 private:
  Kind kind_;
  int milliseconds_;
};

/// What could not be locked; nothing when all is held.
using Lacking = std::optional<TableLock>;

/// Locks a table and its partitions of all levels: those that have partitions themselves in one mode, those that hold rows in
/// another.
Lacking lock_tree(Oid root, LOCKMODE parents, LOCKMODE leaves, Patience &patience);

/// Calls `lock` until it lacks nothing, and undoes what it did where it lacks something. The next call holds that already: it was
/// waited for with nothing else held. What is raised undoes it, too.
void retry_until_locked(const std::function<Lacking(Patience &)> &lock);

/// Takes the lease and calls `lock`, likewise; but what was lacking is let go before the lease is waited for again.
void take_lease_and(Patience::Kind kind, const std::function<Lacking(Patience &)> &lock);

/// The same for what ends a restore, when nothing else may have the lease.
void take_lease_of_restore_and(const std::function<Lacking(Patience &)> &lock);

}  // namespace reseller_report
