// The extension's own tables: opening, scanning and indexing them past the executor. "Own" means the extension's here. Where rows,
// changes or deltas are called own elsewhere, they are the transaction's.
#pragma once

#include <optional>

#include "server/boundary.hpp"

namespace reseller_report {

/// Raises 55000 unless a table of ours begins with columns of these types. DDL that would change them is refused. Where it was done
/// all the same, an error must come before a value is read as if it had another type.
void require_columns(Relation table, const Oid *types, int count);

/// A table of the extension, open while it lives; the lock stays until the transaction ends.
class OwnTable {
 public:
  OwnTable(const char *name, LOCKMODE lock);

  /// The same, and requires that the first columns have these types.
  template <int kCount>
  OwnTable(const char *name, LOCKMODE lock, const Oid (&types)[kCount]) : OwnTable(name, lock) {
    require_columns(relation_, types, kCount);
  }
  ~OwnTable() { table_close(relation_, NoLock); }
  OwnTable(const OwnTable &) = delete;
  OwnTable &operator=(const OwnTable &) = delete;

  Relation relation() const { return relation_; }
  TupleDesc tuple_desc() const { return RelationGetDescr(relation_); }

  /// Whether reading so many rows by index takes longer than reading the whole table.
  bool is_sooner_whole(std::size_t rows) const;

  /// Gives the first `columns` of each row that the active snapshot sees to `take`, in any order. `take` runs inside pg(), and the
  /// values live until it returns. A serializable transaction conflicts with others that change the table.
  template <typename F>
  void read_whole(int columns, F &&take) const {
    pg([&] {
      TupleTableSlot *const slot = table_slot_create(relation_, nullptr);
      TableScanDesc const scan = table_beginscan(relation_, GetActiveSnapshot(), 0, nullptr, SO_NONE);
      while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        slot_getsomeattrs(slot, columns);
        take(const_cast<const Datum *>(slot->tts_values));
      }
      table_endscan(scan);
      ExecDropSingleTupleTableSlot(slot);
    });
  }

 private:
  Relation relation_ = nullptr;
  mutable BlockNumber blocks_ = 0;  ///< 0 where it was not asked for yet
};

/// The snapshot to scan a table of ours with. In a serializable transaction this is SnapshotAny, with which the server does not
/// track what is read; then `sees` must tell which rows are visible. In any other transaction it is `snapshot` itself.
Snapshot untracked(Snapshot snapshot);

/// Inside pg(): whether a snapshot sees a row that a scan with untracked() gave.
bool sees(Snapshot snapshot, HeapTuple row, Buffer buffer);
bool sees(Snapshot snapshot, TupleTableSlot *row);

/// What is committed now, in every isolation level, and what the transaction's earlier commands have written. It stays that while
/// it lives.
class LatestSnapshot {
 public:
  explicit LatestSnapshot(const OwnTable &table);
  ~LatestSnapshot();
  LatestSnapshot(const LatestSnapshot &) = delete;
  LatestSnapshot &operator=(const LatestSnapshot &) = delete;

  Snapshot get() const { return snapshot_; }

 private:
  Snapshot snapshot_ = nullptr;
};

/// Scans a table of ours with untracked(), and gives only the rows that the snapshot sees. For tables that hold no figures.
class OwnScan {
 public:
  /// Gives the rows that `snapshot` sees; NULL stands for the latest one.
  OwnScan(const OwnTable &table, Snapshot snapshot) : OwnScan(table, snapshot, InvalidOid, 0, nullptr) {}
  OwnScan(const OwnTable &table, Snapshot snapshot, Oid index, int keys, ScanKey key);
  ~OwnScan();
  OwnScan(const OwnScan &) = delete;
  OwnScan &operator=(const OwnScan &) = delete;

  /// Inside pg(): the next row, which lives until the one after it; NULL when there is none.
  HeapTuple next();

 private:
  std::optional<LatestSnapshot> latest_;
  Snapshot snapshot_ = nullptr;
  SysScanDesc scan_ = nullptr;
};

/// Whether a serializable transaction conflicts with others that change what it reads by a scan.
enum class Tracking { kNone, kLikeAQuery };

/// Reads rows of a table of ours by one of its indexes, in the active snapshot.
class OwnIndexScan {
 public:
  /// By as many `keys` as seek() is given.
  OwnIndexScan(const OwnTable &table, const char *index, int keys, Tracking tracking = Tracking::kNone);
  ~OwnIndexScan();
  OwnIndexScan(const OwnIndexScan &) = delete;
  OwnIndexScan &operator=(const OwnIndexScan &) = delete;

  /// Inside pg(): begins anew with these keys.
  void seek(ScanKey keys);

  /// Inside pg(): the next row, which lives until the one after it; nullptr when there is none.
  TupleTableSlot *next();

  /// Inside pg(): gives the first `columns` of the rows that are left to `take`, as long as it returns true.
  template <typename F>
  void read(int columns, F &&take) {
    while (TupleTableSlot *const row = next()) {
      slot_getsomeattrs(row, columns);
      if (!take(const_cast<const Datum *>(row->tts_values))) return;
    }
  }

 private:
  int keys_;
  Relation index_ = nullptr;
  Snapshot snapshot_ = nullptr;
  bool must_see_ = false;  ///< the scan gives rows that the snapshot does not see
  IndexScanDesc scan_ = nullptr;
  TupleTableSlot *slot_ = nullptr;
};

/// Enters rows that are written past the executor into all indexes of their table, of whatever kind.
class IndexKeeper {
 public:
  /// Inside pg(). The table stays open until close().
  void open(Relation table);

  /// Inside pg(): enters a row that was written.
  void add(TupleTableSlot *row);

  /// Inside pg(): enters the new version of a row, whose primary key stays.
  void add_version(TupleTableSlot *row, bool only_summarizing);

  /// Inside pg().
  void close();

 private:
  void enter(TupleTableSlot *row, int flags);

  EState *state_ = nullptr;
  ResultRelInfo *table_ = nullptr;
};

/// Writes rows of a table of ours past the executor, each with its index entries. What it needs lives in server memory.
class RowStore {
 public:
  /// Inside pg(). The table stays open until close().
  void open(const OwnTable &table);

  /// Inside pg().
  void insert(HeapTuple row);
  /// The primary key stays.
  void update(const ItemPointerData &stored, HeapTuple row);
  void remove(const ItemPointerData &stored);

  /// Inside pg().
  void close();

 private:
  Relation table_ = nullptr;
  IndexKeeper indexes_;
  TupleTableSlot *slot_ = nullptr;
};

/// Writes many rows into a table of ours past the executor, in batches, each row with its index entries. Owns server memory only,
/// which the transaction frees after an error.
class BatchWriter {
 public:
  /// The table stays open until finish().
  explicit BatchWriter(Relation table);

  /// `fill(values, nulls)` runs inside pg(). All columns are NULL before it. What it allocates lives until the row is written.
  template <typename F>
  void add(F &&fill) {
    pg([&] {
      TupleTableSlot *const slot = next_slot();
      MemoryContext const before = MemoryContextSwitchTo(rows_);
      fill(slot->tts_values, slot->tts_isnull);
      MemoryContextSwitchTo(before);
      ExecStoreVirtualTuple(slot);
      if (filled_ == kBatch) write();
    });
  }

  /// Writes what is left.
  void finish();

 private:
  static constexpr int kBatch = 200;

  // Inside pg().
  TupleTableSlot *next_slot();
  void write();

  Relation table_;
  IndexKeeper indexes_;
  MemoryContext context_ = nullptr;
  MemoryContext rows_ = nullptr;  // what the rows of a batch point to
  TupleTableSlot *slots_[kBatch] = {};
  int made_ = 0;
  int filled_ = 0;
};

/// The OID of a table, index or view of the extension's schema; InvalidOid when it is not there (the extension is being
/// dropped).
Oid own_relation(const char *name);

/// Raises 42501 unless the current role may read a view of ours.
void require_view(const char *name);

/// The role whose tables these are: the extension's owner.
Oid extension_owner();

}  // namespace reseller_report
