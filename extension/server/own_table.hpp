// The extension's own tables: opening, scanning and indexing them past the executor.
#pragma once

#include "server/boundary.hpp"

namespace reseller_report {

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

}  // namespace reseller_report
