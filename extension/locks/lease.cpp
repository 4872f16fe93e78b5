#include "locks/lease.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/subtransaction.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.lease; must match sql/summary.sql.
enum LeaseColumn : int { kRestoring = 2, kTurn };
constexpr Oid kLeaseTypes[] = {BOOLOID, BOOLOID, INT8OID};

struct Lease {
  bool restoring;
  bool is_new;
};

// The lease's row as the latest snapshot sees it. While the extension is being dropped there is none, and both are false.
Lease read_lease() {
  Lease lease = {};
  if (!OidIsValid(own_relation("lease"))) return lease;
  OwnTable const table("lease", AccessShareLock, kLeaseTypes);
  OwnScan scan(table, nullptr);
  pg([&] {
    bool is_null = false;
    TupleDesc const columns = table.tuple_desc();
    HeapTuple const tuple = scan.next();
    if (HeapTupleIsValid(tuple)) {
      lease.restoring = DatumGetBool(heap_getattr(tuple, kRestoring, columns, &is_null));
      lease.is_new = DatumGetInt64(heap_getattr(tuple, kTurn, columns, &is_null)) == 0;
    }
  });
  return lease;
}

// A session that waits for the lease may hold a table that the lease's holder waits for. So it looks for a deadlock only after
// several times deadlock_timeout: by then the holder has given up, also on a busy machine.
constexpr int kLeaseTimesDeadlockTimeout = 5;
constexpr int kLongestTimeout = 60'000;

/// A setting of the server for as long as it lives. After an error the end of the (sub)transaction restores it.
class LocalSetting {
 public:
  LocalSetting(const char *name, int milliseconds) : exceptions_(std::uncaught_exceptions()), level_(NewGUCNestLevel()) {
    std::string const value = std::to_string(milliseconds);
    const char *const text = value.c_str();
    pg([&] { (void)set_config_option(name, text, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false); });
  }
  ~LocalSetting() {
    if (std::uncaught_exceptions() == exceptions_) AtEOXact_GUC(false, level_);
  }
  LocalSetting(const LocalSetting &) = delete;
  LocalSetting &operator=(const LocalSetting &) = delete;

 private:
  int exceptions_;
  int level_;
};

// Waits in a subtransaction, because an error ends the wait. True when the table is locked.
bool wait_at_most(const TableLock &wanted, int milliseconds) {
  Subtransaction const attempt;
  try {
    LocalSetting const limit("lock_timeout", LockTimeout > 0 ? std::min(LockTimeout, milliseconds) : milliseconds);
    pg([&] { LockRelationOid(wanted.table, wanted.mode); });
  } catch (const PgError &error) {
    attempt.roll_back();
    int const state = error.data->sqlerrcode;
    if (state != ERRCODE_LOCK_NOT_AVAILABLE && state != ERRCODE_T_R_DEADLOCK_DETECTED) throw;
    FreeErrorData(error.data);
    return false;
  } catch (...) {
    attempt.roll_back();
    throw;
  }
  attempt.release();
  return true;
}

void wait_for(const TableLock &wanted) {
  pg([&] { LockRelationOid(wanted.table, wanted.mode); });
}

// Whether another session waits for the lease, which the current (sub)transaction has taken.
bool lease_is_waited_for() {
  bool waited_for = false;
  pg([&] {
    LOCKTAG tag;
    SET_LOCKTAG_TRANSACTION(tag, GetCurrentTransactionId());
    waited_for = LockHasWaiters(&tag, ExclusiveLock, false);
  });
  return waited_for;
}

// Whether another session waits for a table that this transaction has locked, in whatever mode. That session looks for a deadlock
// once, deadlock_timeout after it began to wait. That may be at any moment.
bool tables_are_waited_for() {
  LockData *locks = nullptr;
  pg([&] { locks = GetLockStatusData(); });
  std::set<Oid> held;
  auto const for_tables = [&](auto const &look) {
    for (int i = 0; i < locks->nelements; i++) {
      const LockInstanceData &lock = locks->locks[i];
      bool const is_here = lock.locktag.locktag_field1 == MyDatabaseId;
      if (lock.locktag.locktag_type == LOCKTAG_RELATION && is_here) look(lock, static_cast<Oid>(lock.locktag.locktag_field2));
    }
  };
  for_tables([&](const LockInstanceData &lock, Oid table) {
    if (lock.pid == MyProcPid && lock.holdMask != 0) held.insert(table);
  });
  bool waited_for = false;
  for_tables([&](const LockInstanceData &lock, Oid table) {
    waited_for = waited_for || (lock.pid != MyProcPid && lock.waitLockMode != NoLock && held.count(table) > 0);
  });
  // Freed here: a long wait asks four times a second, maybe for hours.
  pg([&] {
    pfree(locks->locks);
    pfree(locks);
  });
  return waited_for;
}

// Calls `lock` in a subtransaction, which is rolled back where a lock is lacking or an error is raised.
Lacking attempt(const std::function<Lacking()> &lock) {
  Subtransaction const attempt;
  Lacking lacking;
  try {
    lacking = lock();
  } catch (...) {
    attempt.roll_back();
    throw;
  }
  if (lacking)
    attempt.roll_back();
  else
    attempt.release();
  return lacking;
}

void wait_for_turn() {
  int const longer = std::min(DeadlockTimeout, kLongestTimeout) * kLeaseTimesDeadlockTimeout;
  LocalSetting const late("deadlock_timeout", std::max(DeadlockTimeout, longer));
  ActingAs const owner(extension_owner());
  execute("UPDATE reseller_report.lease SET turn = turn + 1", {});
}

void take_and(void (*take)(), Patience::Kind kind, const std::function<Lacking(Patience &)> &lock) {
  for (;;) {
    Lacking const lacking = attempt([&] {
      take();
      Patience patience(kind);
      return lock(patience);
    });
    if (!lacking) return;
    (void)attempt([&] {
      wait_for(*lacking);
      return lacking;
    });
  }
}

}  // namespace

bool is_restoring() { return read_lease().restoring; }

bool is_lease_unused() { return read_lease().is_new; }

void take_lease() {
  // Summaries that a restore loads must not meet summaries that were folded, moved or rebuilt meanwhile.
  if (is_restoring())
    throw Error(sqlstate::kWrongState, "a restore is under way, and summaries must not change beside it",
                "SELECT reseller_report.post_restore() when all data is loaded.");
  wait_for_turn();
}

void note_fold(std::int64_t deltas, Time duration) {
  SqlParameters parameters;
  parameters.add_bigint(deltas).add_bigint(duration);
  ActingAs const owner(extension_owner());
  execute(
      "UPDATE reseller_report.lease SET last_materialized_at = pg_catalog.clock_timestamp(), last_deltas = $1,"
      " last_duration = $2 * '1 microsecond'::pg_catalog.interval",
      parameters);
}

Patience::Patience(Kind kind) : kind_(kind), milliseconds_(std::max(1, DeadlockTimeout / 4)) {}

bool Patience::lock(const TableLock &wanted) {
  // Who holds the strongest lock needs no other. Asking for one would queue behind any session that waits for the table. We would
  // give up, let that session in, wait for it in turn, and so on without end.
  if (is_locked_by_me(wanted.table, AccessExclusiveLock)) return true;
  bool locked = false;
  pg([&] { locked = ConditionalLockRelationOid(wanted.table, wanted.mode); });
  int const most = milliseconds_;
  int in_all = 0;
  while (!locked && milliseconds_ > 0 && !tables_are_waited_for()) {
    TimestampTz const began = GetCurrentTimestamp();
    locked = wait_at_most(wanted, milliseconds_);
    int const waited = std::max(0, static_cast<int>((GetCurrentTimestamp() - began) / 1000));
    in_all += waited;
    milliseconds_ = locked ? std::max(0, milliseconds_ - waited) : 0;
    bool const is_over = LockTimeout > 0 && in_all >= LockTimeout;
    if (kind_ == Kind::kWhileNobodyWaits && !is_over && !lease_is_waited_for()) milliseconds_ = most;
  }
  return locked;
}

Lacking lock_tree(Oid root, LOCKMODE parents, LOCKMODE leaves, Patience &patience) {
  auto const wanted = [&](Oid table) {
    char kind = '\0';
    pg([&] { kind = get_rel_relkind(table); });
    return TableLock{table, kind == RELKIND_PARTITIONED_TABLE ? parents : leaves};
  };
  if (!patience.lock(wanted(root))) return wanted(root);
  // Looks again until there are no more. Of a table that has just got its first partition, the server's cache may say that it has
  // none until the table is locked.
  for (int locked = 1;;) {
    List *tables = NIL;
    pg([&] { tables = find_all_inheritors(root, NoLock, nullptr); });
    if (list_length(tables) == locked) return {};
    locked = list_length(tables);
    for (int i = 1; i < locked; i++)
      if (!patience.lock(wanted(list_nth_oid(tables, i)))) return wanted(list_nth_oid(tables, i));
  }
}

void retry_until_locked(const std::function<Lacking(Patience &)> &lock) {
  Lacking first;
  do {
    first = attempt([&] {
      if (first) wait_for(*first);
      Patience patience;
      return lock(patience);
    });
  } while (first);
}

void take_lease_and(Patience::Kind kind, const std::function<Lacking(Patience &)> &lock) { take_and(take_lease, kind, lock); }

void take_lease_of_restore_and(const std::function<Lacking(Patience &)> &lock) {
  take_and(wait_for_turn, Patience::Kind::kWhileNobodyWaits, lock);
}

}  // namespace reseller_report
