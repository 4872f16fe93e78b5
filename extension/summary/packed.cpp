#include "summary/packed.hpp"

#include <algorithm>

namespace reseller_report {
namespace {

// Columns of usage_run and of usage_packed. The first five are the same. Both must match sql/summary.sql.
enum RunColumn : int { kSource = 1, kReseller, kDay, kEntries, kPacked, kRecordedAt, kSetAside, kRunColumns = kSetAside };
enum DayColumn : int { kSums = kPacked + 1, kDayColumns = kSums };

constexpr Oid kRunTypes[kRunColumns] = {INT8OID, INT8OID, TIMESTAMPTZOID, INT4OID, BYTEAOID, TIMESTAMPTZOID, BOOLOID};
constexpr Oid kDayTypes[kDayColumns] = {INT8OID, INT8OID, TIMESTAMPTZOID, INT4OID, BYTEAOID, BYTEAOID};

// What rows are found by: source, reseller, and both bounds of the day.
constexpr int kKeys = 4;

const char *name_of(PackedTable which) { return which == PackedTable::kRuns ? "usage_run" : "usage_packed"; }

void require_columns_of(PackedTable which, Relation table) {
  if (which == PackedTable::kRuns)
    require_columns(table, kRunTypes, kRunColumns);
  else
    require_columns(table, kDayTypes, kDayColumns);
}

const char *index_of(PackedTable which) { return which == PackedTable::kRuns ? "usage_run_key" : "usage_packed_pkey"; }

void make_keys(ScanKey keys, const HolderKey &holder, const Range &range) {
  Range const days = widen(Level::kDay, range);
  int n = 0;
  ScanKeyInit(&keys[n++], kSource, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(holder.source));
  ScanKeyInit(&keys[n++], kReseller, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(holder.reseller));
  ScanKeyInit(&keys[n++], kDay, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE, TimestampTzGetDatum(days.from));
  ScanKeyInit(&keys[n++], kDay, BTLessStrategyNumber, F_TIMESTAMPTZ_LT, TimestampTzGetDatum(days.to));
}

// Reads all of a row but its bytes.
void read_head(PackedTable which, TupleTableSlot *slot, PackedRow &row) {
  slot_getallattrs(slot);
  const Datum *const values = slot->tts_values;
  row.source = DatumGetInt64(values[kSource - 1]);
  row.reseller = DatumGetInt64(values[kReseller - 1]);
  row.day = DatumGetTimestampTz(values[kDay - 1]);
  row.entries = DatumGetInt32(values[kEntries - 1]);
  row.bytes = nullptr;
  row.size = 0;
  row.tid = slot->tts_tid;
  bool const is_run = which == PackedTable::kRuns;
  row.recorded_at = is_run ? DatumGetTimestampTz(values[kRecordedAt - 1]) : kInfinity;
  row.set_aside = is_run && DatumGetBool(values[kSetAside - 1]);
}

std::string pack(const Change *changes, std::size_t count) {
  Packer packer(bucket_of(Level::kDay, changes->bucket));
  for (const Change *change = changes; change != changes + count; change++)
    packer.add(change->item, change->bucket, change->company, change->counters);
  return packer.finish();
}

// The sums of a day over companies and half hours, on which the days of nearly every zone begin; none where there are hardly fewer
// of them than changes, or one exceeds 64 bits.
std::vector<Change> sums_of_day(const Change *changes, std::size_t count) {
  std::vector<Change> sums;
  for (const Change *change = changes; change != changes + count; change++) {
    RowKey key = *change;
    key.bucket = half_hour_of(key.bucket);
    if (sums.empty() || !(static_cast<const RowKey &>(sums.back()) == key)) sums.push_back({{key, kAllCompanies}, {}});
    if (!add(sums.back().counters, change->counters)) return {};
  }
  if (sums.size() > count / 2) sums.clear();
  return sums;
}

bytea *bytea_of(const std::string &bytes) {
  auto *const value = static_cast<bytea *>(palloc(VARHDRSZ + bytes.size()));
  SET_VARSIZE(value, VARHDRSZ + bytes.size());
  memcpy(VARDATA(value), bytes.data(), bytes.size());
  return value;
}

}  // namespace

void append_changes(const PackedRow &row, std::vector<Change> &changes) {
  for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
    changes.push_back({{{{row.source, row.reseller, item}, bucket}, company}, counters});
  });
}

PackedReader::PackedReader(PackedTable which, LOCKMODE lock, const RowMemory &memory)
    : which_(which), table_(name_of(which), lock), scan_(table_, index_of(which), kKeys), context_(memory.context()) {
  require_columns_of(which, table_.relation());
}

void PackedReader::seek(const HolderKey &holder, const Range &range, Detail detail) {
  detail_ = detail;
  pg([&] {
    ScanKeyData keys[kKeys];
    make_keys(keys, holder, range);
    scan_.seek(keys);
  });
}

bool PackedReader::next(PackedRow &row) {
  bool found = false;
  pg([&] {
    MemoryContextReset(context_);
    TupleTableSlot *const slot = scan_.next();
    found = slot != nullptr;
    if (!found) return;
    read_head(which_, slot, row);
    MemoryContext const before = MemoryContextSwitchTo(context_);
    bool const has_sums = which_ == PackedTable::kDays && !slot->tts_isnull[kSums - 1];
    int const column = has_sums && detail_ == Detail::kSums ? int{kSums} : int{kPacked};
    auto *const packed = reinterpret_cast<struct varlena *>(PG_DETOAST_DATUM_PACKED(slot->tts_values[column - 1]));
    row.bytes = VARDATA_ANY(packed);
    row.size = VARSIZE_ANY_EXHDR(packed);
    MemoryContextSwitchTo(before);
  });
  return found;
}

std::vector<PackedRow> runs_waiting() {
  std::vector<PackedRow> rows;
  OwnTable const table("usage_run", AccessShareLock, kRunTypes);
  OwnScan scan(table, GetActiveSnapshot());
  TupleTableSlot *slot = nullptr;
  pg([&] { slot = MakeSingleTupleTableSlot(table.tuple_desc(), &TTSOpsHeapTuple); });
  for (;;) {
    HeapTuple tuple = nullptr;
    PackedRow row = {};
    pg([&] {
      tuple = scan.next();
      if (!HeapTupleIsValid(tuple)) return;
      ExecStoreHeapTuple(tuple, slot, false);
      read_head(PackedTable::kRuns, slot, row);
    });
    if (!HeapTupleIsValid(tuple)) break;
    rows.push_back(row);
  }
  pg([&] { ExecDropSingleTupleTableSlot(slot); });
  return rows;
}

void RunWriter::add(const Change &change, Time recorded_at) {
  oldest_ = std::min(oldest_, recorded_at);
  changes_.push_back(change);
  if (changes_.size() >= kMost) finish();
}

void RunWriter::finish() {
  write_runs(std::move(changes_), oldest_, false);
  changes_.clear();
  oldest_ = kInfinity;
}

void write_runs(std::vector<Change> changes, Time recorded_at, bool set_aside) {
  if (changes.empty()) return;
  order_by_day(changes);
  PackedWriter writer(PackedTable::kRuns);
  for (std::size_t first = 0; first < changes.size();) {
    std::size_t const count = count_of_day(changes, first);
    writer.insert(&changes[first], count, recorded_at, set_aside);
    first += count;
  }
  writer.finish();
}

PackedWriter::PackedWriter(PackedTable which) : which_(which), table_(name_of(which), RowExclusiveLock) {
  require_columns_of(which, table_.relation());
  pg([&] {
    rows_.open(table_);
    context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report packed rows", ALLOCSET_DEFAULT_SIZES);
  });
}

void PackedWriter::finish() {
  pg([&] {
    rows_.close();
    MemoryContextDelete(context_);
  });
}

// Columns that somebody has added are NULL.
HeapTuple PackedWriter::form(const Change *changes, std::size_t count, Time recorded_at, bool set_aside) {
  bool const is_run = which_ == PackedTable::kRuns;
  std::string const packed = pack(changes, count);
  std::vector<Change> const sums = is_run ? std::vector<Change>() : sums_of_day(changes, count);
  std::string const packed_sums = sums.empty() ? std::string() : pack(sums.data(), sums.size());
  HeapTuple row = nullptr;
  pg([&] {
    MemoryContextReset(context_);
    MemoryContext const before = MemoryContextSwitchTo(context_);
    TupleDesc const columns = table_.tuple_desc();
    auto const natts = static_cast<Size>(columns->natts);
    auto *const values = static_cast<Datum *>(palloc0(sizeof(Datum) * natts));
    auto *const nulls = static_cast<bool *>(palloc(sizeof(bool) * natts));
    memset(nulls, 1, sizeof(bool) * natts);
    memset(nulls, 0, sizeof(bool) * static_cast<Size>(is_run ? kRunColumns : kPacked));
    values[kSource - 1] = Int64GetDatum(changes->source);
    values[kReseller - 1] = Int64GetDatum(changes->reseller);
    values[kDay - 1] = TimestampTzGetDatum(bucket_of(Level::kDay, changes->bucket));
    values[kEntries - 1] = Int32GetDatum(static_cast<std::int32_t>(count));
    values[kPacked - 1] = PointerGetDatum(bytea_of(packed));
    if (is_run) {
      values[kRecordedAt - 1] = TimestampTzGetDatum(recorded_at);
      values[kSetAside - 1] = BoolGetDatum(set_aside);
    } else if (!sums.empty()) {
      values[kSums - 1] = PointerGetDatum(bytea_of(packed_sums));
      nulls[kSums - 1] = false;
    }
    row = heap_form_tuple(columns, values, nulls);
    MemoryContextSwitchTo(before);
  });
  return row;
}

void PackedWriter::insert(const Change *changes, std::size_t count, Time recorded_at, bool set_aside) {
  HeapTuple const row = form(changes, count, recorded_at, set_aside);
  pg([&] { rows_.insert(row); });
}

void PackedWriter::replace(const PackedRow &stored, const Change *changes, std::size_t count) {
  HeapTuple const row = form(changes, count, stored.recorded_at, stored.set_aside);
  pg([&] { rows_.update(stored.tid, row); });
}

void PackedWriter::remove(const PackedRow &stored) {
  pg([&] { rows_.remove(stored.tid); });
}

}  // namespace reseller_report
