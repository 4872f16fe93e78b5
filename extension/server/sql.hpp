// Running SQL inside the server, as the role that must answer for it, row by row without storing the result; and opening
// the extension's own tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// Acts as `role` while it lives, in a security-restricted operation whose settings end with it, so that nothing a table's
/// owner planted can use our rights or change the session. Search paths are pinned by the SQL functions that lead here.
class ActingAs {
 public:
  explicit ActingAs(Oid role) : exceptions_(std::uncaught_exceptions()), settings_(NewGUCNestLevel()) {
    GetUserIdAndSecContext(&saved_role_, &saved_context_);
    SetUserIdAndSecContext(role, saved_context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  }
  ~ActingAs() {
    // After an error the end of the (sub)transaction restores the settings.
    if (std::uncaught_exceptions() == exceptions_) AtEOXact_GUC(false, settings_);
    SetUserIdAndSecContext(saved_role_, saved_context_);
  }
  ActingAs(const ActingAs &) = delete;
  ActingAs &operator=(const ActingAs &) = delete;

  /// A setting for as long as it lives.
  void set(const char *name, const char *value) const {
    pg([&] { (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false); });
  }

 private:
  int exceptions_;
  int settings_;
  Oid saved_role_;
  int saved_context_;
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

/// A subtransaction: what is done in it can be undone, and an error in it be survived. Must be ended by one of the two.
class Subtransaction {
 public:
  Subtransaction() {
    pg([&] {
      BeginInternalSubTransaction(nullptr);
      MemoryContextSwitchTo(memory_);
    });
  }
  Subtransaction(const Subtransaction &) = delete;
  Subtransaction &operator=(const Subtransaction &) = delete;

  void release() const { end(ReleaseCurrentSubTransaction); }
  void roll_back() const { end(RollbackAndReleaseCurrentSubTransaction); }

 private:
  void end(void (*how)()) const {
    pg([&] {
      how();
      MemoryContextSwitchTo(memory_);
      CurrentResourceOwner = owner_;
    });
  }

  MemoryContext memory_ = CurrentMemoryContext;
  ResourceOwner owner_ = CurrentResourceOwner;
};

/// Raises 55000 unless a table of ours begins with columns of these types. DDL that would change them is refused; where it was not,
/// an error must come before a value is taken for what it is not.
void require_columns(Relation table, const Oid *types, int count);

/// A table of the extension, open while it lives; the lock stays until the transaction ends.
class OwnTable {
 public:
  OwnTable(const char *name, LOCKMODE lock);

  /// The same, whose first columns must have these types.
  template <int kCount>
  OwnTable(const char *name, LOCKMODE lock, const Oid (&types)[kCount]) : OwnTable(name, lock) {
    require_columns(relation_, types, kCount);
  }
  ~OwnTable() { table_close(relation_, NoLock); }
  OwnTable(const OwnTable &) = delete;
  OwnTable &operator=(const OwnTable &) = delete;

  Relation relation() const { return relation_; }
  TupleDesc tuple_desc() const { return RelationGetDescr(relation_); }

 private:
  Relation relation_ = nullptr;
};

/// The snapshot to scan a table of ours with, so that a serializable transaction is not held to what it reads there: its own, or in
/// a serializable one any, and then `sees` tells what is to be seen.
Snapshot untracked(Snapshot snapshot);

/// Inside pg(): whether a snapshot sees a row that such a scan gave.
bool sees(Snapshot snapshot, HeapTuple row, Buffer buffer);
bool sees(Snapshot snapshot, TupleTableSlot *row);

/// Reads rows of a table of ours whose contents no figure depends on, not tracked.
class OwnScan {
 public:
  /// As `snapshot` sees them; NULL: the latest one.
  OwnScan(const OwnTable &table, Snapshot snapshot) : OwnScan(table, snapshot, InvalidOid, 0, nullptr) {}
  OwnScan(const OwnTable &table, Snapshot snapshot, Oid index, int keys, ScanKey key);
  ~OwnScan();
  OwnScan(const OwnScan &) = delete;
  OwnScan &operator=(const OwnScan &) = delete;

  /// Inside pg(): the next row, which lives until the one after it; NULL when there is none.
  HeapTuple next();

 private:
  Snapshot snapshot_;
  bool is_registered_ = false;
  SysScanDesc scan_ = nullptr;
};

/// Keeps the indexes of a table while rows are written to it past the executor: all that there are, of whatever kind.
class IndexKeeper {
 public:
  /// Inside pg(). The table stays open until close().
  void open(Relation table);

  /// Inside pg(): a row that was written, or the new version of one.
  void add(TupleTableSlot *row, bool only_summarizing = false);

  /// Inside pg().
  void close();

 private:
  EState *state_ = nullptr;
  ResultRelInfo *table_ = nullptr;
};

/// The OID of a table, index or view of the extension's schema; InvalidOid when it is not there (the extension is being
/// dropped).
Oid own_relation(const char *name);

/// The role whose tables these are: the extension's owner.
Oid extension_owner();

/// The owner of a table; 42P01 when there is none of this number.
Oid owner_of(Oid table);

/// A table's name with its schema, quoted.
std::string qualified_name(Oid table);

/// A call of a function of ours for a table, as a hint shows it.
std::string call_for(const char *function, const std::string &table);

/// Parameters of a query, plain values only.
struct SqlParameters {
  static constexpr int kMost = 8;
  int count = 0;
  Oid types[kMost];
  Datum values[kMost];
  char nulls[kMost];

  SqlParameters &add(Oid type, Datum value) {
    types[count] = type;
    values[count] = value;
    nulls[count] = ' ';
    count++;
    return *this;
  }
  SqlParameters &add_bigint(std::int64_t value) { return add(INT8OID, Int64GetDatum(value)); }
  SqlParameters &add_time(std::int64_t value) { return add(TIMESTAMPTZOID, TimestampTzGetDatum(value)); }
  SqlParameters &add_bigints(const std::int64_t *array, int n);
  SqlParameters &add_tables(const std::vector<Oid> &tables);
};

/// Receives the columns of one row; may throw. The values live until it returns.
using RowHandler = void (*)(void *state, const Datum *values, const bool *nulls);

/// A query that every report runs: planned once a backend. Make it static.
struct SavedQuery {
  const char *sql;
  SPIPlanPtr plan = nullptr;
};

/// Runs a query in the active snapshot, read-only, and hands each row on as it comes.
void run_query(const char *sql, const SqlParameters &parameters, RowHandler handler, void *state);
void run_query(SavedQuery &query, const SqlParameters &parameters, RowHandler handler, void *state);

/// Runs a query in the active snapshot; `each_row(values, nulls)` gets each row.
template <typename Sql, typename F>
void query(Sql &&sql, const SqlParameters &parameters, F &&each_row) {
  run_query(
      sql, parameters, [](void *state, const Datum *values, const bool *nulls) { (*static_cast<F *>(state))(values, nulls); },
      &each_row);
}

/// Runs a query of one row and one column, an array, and returns it in the memory of the caller.
Datum query_array(const char *sql, const SqlParameters &parameters);

/// Runs a statement that changes something, in a snapshot of its own.
void execute(const char *sql, const SqlParameters &parameters);

/// A moment as the session would print it.
std::string text_of_time(std::int64_t time);

/// A bigint[] without NULLs over `n` values; palloc'd.
ArrayType *make_bigint_array(const std::int64_t *values, int n);

}  // namespace reseller_report
