#include "summary/delta.hpp"

#include <algorithm>
#include <tuple>

namespace reseller_report {
namespace {

// Columns of reseller_report.usage_delta; must match sql/summary.sql.
enum DeltaColumn : int { kSource = 0, kRecordedAt, kEntries, kIsRest, kPacked, kColumns };

constexpr Oid kTypes[kColumns] = {INT8OID, TIMESTAMPTZOID, INT4OID, BOOLOID, BYTEAOID};

// Changes are added to a row until it has this many bytes. Rows of this size are neither compressed nor stored out of line.
constexpr std::size_t kFullRow = 1'800;

// The page that stands for the deltas of a company in predicate locks. It lies beyond all pages that the table will ever have.
BlockNumber page_of(std::int64_t company) {
  constexpr std::uint32_t kFirst = 0x80000000U;
  auto const mixed = static_cast<std::uint64_t>(company) * 0x9e3779b97f4a7c15ULL >> 32;
  return kFirst + static_cast<BlockNumber>(mixed % (MaxBlockNumber - kFirst));
}

void order(std::vector<UsageChange> &changes) {
  auto const place = [](const UsageChange &change) { return std::tie(change.source, change.item, change.bucket, change.company); };
  std::sort(changes.begin(), changes.end(), [&](const UsageChange &a, const UsageChange &b) { return place(a) < place(b); });
}

void write_row(BatchWriter &writer, std::int64_t source, Time recorded_at, bool is_rest, int entries, const std::string &bytes) {
  const char *const data = bytes.data();
  std::size_t const size = bytes.size();
  writer.add([&](Datum *values, bool *nulls) {
    auto *const packed = static_cast<bytea *>(palloc(VARHDRSZ + size));
    SET_VARSIZE(packed, VARHDRSZ + size);
    memcpy(VARDATA(packed), data, size);
    memset(nulls, 0, sizeof(bool) * kColumns);
    values[kSource] = Int64GetDatum(source);
    values[kRecordedAt] = TimestampTzGetDatum(recorded_at);
    values[kEntries] = Int32GetDatum(entries);
    values[kIsRest] = BoolGetDatum(is_rest);
    values[kPacked] = PointerGetDatum(packed);
  });
}

void write_rows(Relation relation, std::vector<UsageChange> changes, Time recorded_at, bool is_rest) {
  order(changes);
  BatchWriter writer(relation);
  Packer packer(kEpoch);
  for (std::size_t i = 0; i < changes.size(); i++) {
    const UsageChange &change = changes[i];
    packer.add(change.item, change.bucket, change.company, change.counters);
    bool const ends = i + 1 == changes.size() || changes[i + 1].source != change.source;
    if (!ends && packer.size() < kFullRow) continue;
    int const entries = packer.count();
    write_row(writer, change.source, recorded_at, is_rest, entries, packer.finish());
  }
  writer.finish();
  // This comes after the rows are written. A reader that has its predicate lock by now is found here. One that takes it later comes
  // upon the rows.
  if (IsolationIsSerializable())
    pg([&] {
      for (const UsageChange &change : changes) CheckForSerializableConflictIn(relation, nullptr, page_of(change.company));
    });
}

}  // namespace

void write_deltas(std::vector<UsageChange> changes, Time recorded_at) {
  Oid const relid = own_relation("usage_delta");
  // There is no table when the transaction drops the extension. Then nothing is left to count for.
  if (!OidIsValid(relid)) return;
  OwnTable const table("usage_delta", RowExclusiveLock, kTypes);
  write_rows(table.relation(), std::move(changes), recorded_at, false);
}

DeltaScan::DeltaScan(LOCKMODE lock, const std::vector<std::int64_t> *companies)
    : table_("usage_delta", lock, kTypes), is_tracked_(companies != nullptr) {
  pg([&] {
    snapshot_ = GetActiveSnapshot();
    if (is_tracked_ && IsolationIsSerializable())
      for (std::int64_t const company : *companies) PredicateLockPage(table_.relation(), page_of(company), snapshot_);
    slot_ = table_slot_create(table_.relation(), nullptr);
    context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report delta", ALLOCSET_SMALL_SIZES);
    scan_ = table_beginscan(table_.relation(), untracked(snapshot_), 0, nullptr, SO_NONE);
  });
}

// For the reason that ~OwnScan() gives.
DeltaScan::~DeltaScan() {
  if (std::uncaught_exceptions() > 0) return;
  table_endscan(scan_);
  ExecDropSingleTupleTableSlot(slot_);
  MemoryContextDelete(context_);
}

bool DeltaScan::next(DeltaRow &row) {
  bool found = false;
  pg([&] {
    HeapTuple stored = nullptr;
    do {
      stored = heap_getnext(scan_, ForwardScanDirection);
      if (stored == nullptr) return;
    } while (IsolationIsSerializable() && !is_visible(stored));
    found = true;
    ExecStoreBufferHeapTuple(stored, slot_, reinterpret_cast<HeapScanDesc>(scan_)->rs_cbuf);
    slot_getallattrs(slot_);
    const Datum *const values = slot_->tts_values;
    row.source = DatumGetInt64(values[kSource]);
    row.recorded_at = DatumGetTimestampTz(values[kRecordedAt]);
    row.tid = slot_->tts_tid;
    MemoryContextReset(context_);
    MemoryContext const before = MemoryContextSwitchTo(context_);
    auto *const packed = reinterpret_cast<struct varlena *>(PG_DETOAST_DATUM_PACKED(values[kPacked]));
    row.bytes = VARDATA_ANY(packed);
    row.size = VARSIZE_ANY_EXHDR(packed);
    MemoryContextSwitchTo(before);
    // What a fold or a rebuild put back was captured by others.
    row.of_this_transaction = false;
    if (DatumGetBool(values[kIsRest]) || !TransactionIdIsValid(GetTopTransactionIdIfAny())) return;
    bool is_null = false;
    row.of_this_transaction = TransactionIdIsCurrentTransactionId(
        DatumGetTransactionId(slot_getsysattr(slot_, MinTransactionIdAttributeNumber, &is_null)));
  });
  return found;
}

// Inside pg(). In a SERIALIZABLE transaction the scan gives all rows, whoever sees them. Where a report does not see a row, the
// server is told that this transaction comes before the one that wrote it.
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

void DeltaScan::remove(const DeltaRow &row) {
  ItemPointerData tid = row.tid;
  pg([&] { simple_heap_delete(table_.relation(), &tid); });
}

void DeltaScan::put_back(const DeltaRow &row, std::vector<UsageChange> rest) {
  write_rows(table_.relation(), std::move(rest), row.recorded_at, true);
}

}  // namespace reseller_report
