#include "summary/delta.hpp"

#include "server/own_table.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.usage_delta; must match sql/summary.sql.
enum DeltaColumn : int {
  kSource = 0,
  kCompany,
  kBucket,
  kRecordedAt,
  kFirstFigure,
  kReseller = kFirstFigure + kFigures,
  kItem,
  kSetAside,
  kColumns
};

constexpr Oid kTypes[kColumns] = {INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID,
                                  INT8OID, INT8OID, INT8OID,        INT8OID,        INT2OID, BOOLOID};

// Of a row that most readers pass over, read without a slot: its first three columns, which are never NULL, lie at its beginning.
bool is_wanted(HeapTuple row, const DeltaFilter &filter) {
  if (filter.wants == nullptr) return true;
  std::int64_t first[kBucket + 1];
  memcpy(first, reinterpret_cast<const char *>(row->t_data) + row->t_data->t_hoff, sizeof first);
  return filter.wants(filter.state, first[kSource], first[kCompany], first[kBucket]);
}

// The page that stands for the deltas of a company, beyond those that a table may have.
BlockNumber page_of(std::int64_t company) {
  constexpr std::uint32_t kFirst = 0x80000000U;
  auto const mixed = static_cast<std::uint64_t>(company) * 0x9e3779b97f4a7c15ULL >> 32;
  return kFirst + static_cast<BlockNumber>(mixed % (MaxBlockNumber - kFirst));
}

void read_delta(TupleTableSlot *slot, Delta &delta) {
  slot_getallattrs(slot);
  const Datum *const values = slot->tts_values;
  delta.source = DatumGetInt64(values[kSource]);
  delta.company = DatumGetInt64(values[kCompany]);
  delta.bucket = DatumGetTimestampTz(values[kBucket]);
  delta.recorded_at = DatumGetTimestampTz(values[kRecordedAt]);
  for (int i = 0; i < kFigures; i++) delta.counters.figure[i] = DatumGetInt64(values[kFirstFigure + i]);
  delta.keyed = !slot->tts_isnull[kReseller];
  delta.reseller = delta.keyed ? DatumGetInt64(values[kReseller]) : 0;
  delta.item = static_cast<Item>(DatumGetInt16(values[kItem]));
  delta.set_aside = DatumGetBool(values[kSetAside]);
  delta.tid = slot->tts_tid;
  delta.own = false;
  // What a fold puts back, set aside, was captured by others.
  if (delta.set_aside || !TransactionIdIsValid(GetTopTransactionIdIfAny())) return;
  bool is_null = false;
  delta.own =
      TransactionIdIsCurrentTransactionId(DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &is_null)));
}

void fill_slot(TupleTableSlot *slot, const Delta &delta) {
  ExecClearTuple(slot);
  Datum *const values = slot->tts_values;
  // Columns that somebody has added are NULL.
  memset(slot->tts_isnull, 1, sizeof(bool) * static_cast<size_t>(slot->tts_tupleDescriptor->natts));
  memset(slot->tts_isnull, 0, sizeof(bool) * kColumns);
  values[kSource] = Int64GetDatum(delta.source);
  values[kCompany] = Int64GetDatum(delta.company);
  values[kBucket] = TimestampTzGetDatum(delta.bucket);
  values[kRecordedAt] = TimestampTzGetDatum(delta.recorded_at);
  for (int i = 0; i < kFigures; i++) values[kFirstFigure + i] = Int64GetDatum(delta.counters.figure[i]);
  values[kReseller] = Int64GetDatum(delta.reseller);
  slot->tts_isnull[kReseller] = !delta.keyed;
  values[kItem] = Int16GetDatum(static_cast<int16>(delta.item));
  values[kSetAside] = BoolGetDatum(delta.set_aside);
  ExecStoreVirtualTuple(slot);
}

}  // namespace

DeltaWriter::DeltaWriter() {
  Oid const relid = own_relation("usage_delta");
  // Gone when the transaction drops the extension: then nothing is left to count for.
  if (!OidIsValid(relid)) return;
  pg([&] { relation_ = table_open(relid, RowExclusiveLock); });
  require_columns(relation_, kTypes, kColumns);
  pg([&] {
    indexes_.open(relation_);
    context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report delta writer", ALLOCSET_DEFAULT_SIZES);
  });
}

DeltaWriter::~DeltaWriter() {
  if (relation_ != nullptr) table_close(relation_, NoLock);
}

void DeltaWriter::write(const Delta &delta) {
  if (relation_ == nullptr) return;
  pg([&] {
    if (made_ == filled_) {
      MemoryContext const before = MemoryContextSwitchTo(context_);
      slots_[made_++] = MakeSingleTupleTableSlot(RelationGetDescr(relation_), &TTSOpsVirtual);
      MemoryContextSwitchTo(before);
    }
    fill_slot(slots_[filled_++], delta);
  });
  if (filled_ == kBatch) write_batch();
}

void DeltaWriter::write_batch() {
  if (filled_ == 0) return;
  pg([&] {
    MemoryContext const before = MemoryContextSwitchTo(context_);
    // Without a bulk insert state, whose small ring of buffers would have us write out pages that the next fold reads.
    heap_multi_insert(relation_, slots_, filled_, GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; i < filled_; i++) indexes_.add(slots_[i]);
    // Once they can be found: a reader either sees them, or has its lock by now.
    if (IsolationIsSerializable())
      for (int i = 0; i < filled_; i++)
        CheckForSerializableConflictIn(relation_, nullptr, page_of(DatumGetInt64(slots_[i]->tts_values[kCompany])));
    MemoryContextSwitchTo(before);
  });
  filled_ = 0;
}

void DeltaWriter::finish() {
  if (relation_ == nullptr) return;
  write_batch();
  pg([&] {
    indexes_.close();
    for (int i = 0; i < made_; i++) ExecDropSingleTupleTableSlot(slots_[i]);
    MemoryContextDelete(context_);
  });
}

DeltaScan::DeltaScan(LOCKMODE lock, DeltaFilter filter, const std::vector<std::int64_t> *companies)
    : table_("usage_delta", lock, kTypes), filter_(filter), is_tracked_(companies != nullptr) {
  pg([&] {
    snapshot_ = GetActiveSnapshot();
    if (is_tracked_ && IsolationIsSerializable())
      for (std::int64_t const company : *companies) PredicateLockPage(table_.relation(), page_of(company), snapshot_);
    slot_ = table_slot_create(table_.relation(), nullptr);
    scan_ = table_beginscan(table_.relation(), untracked(snapshot_), 0, nullptr);
  });
}

DeltaScan::~DeltaScan() {
  if (!exhausted_) table_endscan(scan_);
  ExecDropSingleTupleTableSlot(slot_);
}

bool DeltaScan::next(Delta &delta) {
  if (++at_ >= size_) {
    if (exhausted_) return false;
    fill();
    if (size_ == 0) return false;
  }
  delta = batch_[at_];
  return true;
}

void DeltaScan::fill() {
  at_ = 0;
  size_ = 0;
  pg([&] {
    while (size_ < kBatch) {
      HeapTuple const row = heap_getnext(scan_, ForwardScanDirection);
      if (row == nullptr) {
        exhausted_ = true;
        table_endscan(scan_);
        return;
      }
      if (!is_wanted(row, filter_) || (IsolationIsSerializable() && !is_visible(row))) continue;
      ExecStoreBufferHeapTuple(row, slot_, reinterpret_cast<HeapScanDesc>(scan_)->rs_cbuf);
      read_delta(slot_, batch_[size_++]);
    }
  });
}

// Inside pg(), of a scan that gives any row. One that is not seen was written by somebody who comes after this transaction.
bool DeltaScan::is_visible(HeapTuple row) {
  Buffer const buffer = reinterpret_cast<HeapScanDesc>(scan_)->rs_cbuf;
  if (sees(snapshot_, row, buffer)) return true;
  if (is_tracked_) {
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    HeapCheckForSerializableConflictOut(false, table_.relation(), row, buffer, snapshot_);
    LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
  }
  return false;
}

void DeltaScan::remove(const Delta &delta) {
  ItemPointerData tid = delta.tid;
  pg([&] { simple_heap_delete(table_.relation(), &tid); });
}

}  // namespace reseller_report
