#include "summary/summary.hpp"

#include <algorithm>
#include <numeric>

#include "server/own_table.hpp"
#include "server/query.hpp"

namespace reseller_report {
namespace {

// Wide arrays come and go with every row. This kind of context keeps its first block, large enough for a row of 10,000
// companies and more, when it is reset; others return large chunks to the system each time, and touching fresh pages costs
// more than unpacking. Of what is not needed nothing is touched.
constexpr Size kRowMemory = Size{8} * 1024 * 1024;

// Columns of usage_quarter and the wider levels' tables; must match sql/summary.sql.
enum SummaryColumn : int {
  kSource = 1,
  kReseller,
  kItem,
  kBucket,
  kCompanyGaps,
  kFirstFigure,
  kFirstSum = kFirstFigure + kFigures,
  kColumns = kFirstSum + kFigures - 1
};

constexpr Oid kTypes[kColumns] = {INT8OID,      INT8OID,      INT2OID,      TIMESTAMPTZOID, INT8ARRAYOID,
                                  INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID,   INT8ARRAYOID,
                                  INT8OID,      INT8OID,      INT8OID,      INT8OID,        INT8OID};

constexpr const char *kTables[kLevels] = {"usage_quarter", "usage_hour", "usage_day", "usage_month", "usage_year"};
constexpr const char *kIndexes[kLevels] = {"usage_quarter_pkey", "usage_hour_pkey", "usage_day_pkey", "usage_month_pkey",
                                           "usage_year_pkey"};

Relation open_index(Level level) {
  Oid const relid = own_relation(kIndexes[static_cast<int>(level)]);
  Relation index = nullptr;
  pg([&] { index = index_open(relid, AccessShareLock); });
  return index;
}

// The columns of the primary key, in its order; must match sql/summary.sql.
enum KeyColumn : AttrNumber { kKeySource = 1, kKeyReseller, kKeyBucket, kKeyItem };

// What rows are found by: source, reseller, and both bounds of the bucket; or one row: source, reseller, bucket and item.
constexpr int kKeys = 4;

void find_range(ScanKey keys, const HolderKey &holder, const Range &buckets) {
  int n = 0;
  ScanKeyInit(&keys[n++], kKeySource, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(holder.source));
  ScanKeyInit(&keys[n++], kKeyReseller, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(holder.reseller));
  ScanKeyInit(&keys[n++], kKeyBucket, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE, TimestampTzGetDatum(buckets.from));
  ScanKeyInit(&keys[n++], kKeyBucket, BTLessStrategyNumber, F_TIMESTAMPTZ_LT, TimestampTzGetDatum(buckets.to));
}

void find_row(ScanKey keys, const RowKey &row) {
  int n = 0;
  ScanKeyInit(&keys[n++], kKeySource, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(row.source));
  ScanKeyInit(&keys[n++], kKeyReseller, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(row.reseller));
  ScanKeyInit(&keys[n++], kKeyBucket, BTEqualStrategyNumber, F_TIMESTAMPTZ_EQ, TimestampTzGetDatum(row.bucket));
  ScanKeyInit(&keys[n++], kKeyItem, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(static_cast<int16>(row.item)));
}

// The elements of a stored bigint[] without NULLs, unpacked into the current memory context.
const std::int64_t *unpack(Datum stored, int &count) {
  ArrayType *const array = DatumGetArrayTypeP(stored);
  if (ARR_NDIM(array) != 1 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != INT8OID)
    elog(ERROR, "a summary row holds a malformed array");
  count = ARR_DIMS(array)[0];
  return reinterpret_cast<const std::int64_t *>(ARR_DATA_PTR(array));
}

// Ids are stored as the distance of each from the one before: a third of what sorted ids take when compressed, and eight
// times as fast to unpack.
const std::int64_t *unpack_companies(Datum stored, int &count) {
  const std::int64_t *const gaps = unpack(stored, count);
  auto *const companies = static_cast<std::int64_t *>(palloc(sizeof(std::int64_t) * static_cast<Size>(Max(count, 1))));
  std::uint64_t company = 0;
  for (int i = 0; i < count; i++) {
    company += static_cast<std::uint64_t>(gaps[i]);
    companies[i] = static_cast<std::int64_t>(company);
  }
  return companies;
}

ArrayType *pack_companies(const std::vector<std::int64_t> &companies) {
  ArrayType *const gaps = make_bigint_array(companies.data(), static_cast<int>(companies.size()));
  auto *const values = reinterpret_cast<std::int64_t *>(ARR_DATA_PTR(gaps));
  for (size_t i = companies.size() - 1; i > 0; i--)
    values[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(values[i]) - static_cast<std::uint64_t>(values[i - 1]));
  return gaps;
}

void unpack_row(TupleTableSlot *slot, FigureSet wanted, const std::optional<std::int64_t> &looked_for, SummaryRow &row) {
  slot_getallattrs(slot);
  row.companies = unpack_companies(slot->tts_values[kCompanyGaps - 1], row.count);
  if (looked_for && !std::binary_search(row.companies, row.companies + row.count, *looked_for)) wanted = 0;
  for (int i = 0; i < kFigures; i++) {
    int const column = kFirstFigure + i - 1;
    row.figures[i] = nullptr;
    if ((wanted & (1U << i)) == 0 || slot->tts_isnull[column]) continue;
    int count = 0;
    row.figures[i] = unpack(slot->tts_values[column], count);
    if (count != row.count) elog(ERROR, "a summary row holds arrays of different lengths");
  }
}

Sum sum_of(const std::int64_t *values, int count) { return std::accumulate(values, values + count, Sum{0}); }

// A sum that did not fit its column is NULL, though its array is not, and is added up here.
void unpack_sums(TupleTableSlot *slot, FigureSet wanted, SummaryRow &row) {
  slot_getallattrs(slot);
  row.sums = {};
  for (int i = 0; i < kFigures; i++) {
    int const array = kFirstFigure + i - 1;
    int const sum = kFirstSum + i - 1;
    if ((wanted & (1U << i)) == 0 || slot->tts_isnull[array]) continue;
    if (!slot->tts_isnull[sum]) {
      row.sums.figure[i] = DatumGetInt64(slot->tts_values[sum]);
      continue;
    }
    int count = 0;
    const std::int64_t *const values = unpack(slot->tts_values[array], count);
    row.sums.figure[i] = sum_of(values, count);
  }
}

// Merges two lists sorted by company. A company whose figures all become zero leaves the row.
void merge(const SummaryRow &stored, const Change *changes, std::size_t count, SummaryMerge &out, Overflows &overflows) {
  std::size_t const most = static_cast<std::size_t>(stored.count) + count;
  out.companies.reserve(most);
  for (auto &figure : out.figures) figure.reserve(most);
  int at = 0;
  for (const Change *each = changes; each != changes + count; each++) {
    const Change &change = *each;
    for (; at < stored.count && stored.companies[at] < change.company; at++) out.append(stored.companies[at], stored.counters(at));
    bool const present = at < stored.count && stored.companies[at] == change.company;
    Counters const before = present ? stored.counters(at++) : Counters{};
    Counters sum = before;
    if (!add(sum, change.counters)) overflows.push_back(change);
    for (int i = 0; i < kFigures; i++)
      if (change.counters.figure[i] != 0) out.figure_changed[i] = true;
    if (!sum.is_zero()) out.append(change.company, sum);
    if (sum.is_zero() == present) out.companies_changed = true;
  }
  for (; at < stored.count; at++) out.append(stored.companies[at], stored.counters(at));
}

bool all_zero(const std::vector<std::int64_t> &values) {
  for (std::int64_t const value : values)
    if (value != 0) return false;
  return true;
}

void put_sum(const std::vector<std::int64_t> &figures, int column, Datum *values, bool *nulls) {
  Sum const sum = sum_of(figures.data(), static_cast<int>(figures.size()));
  auto const stored = static_cast<std::int64_t>(sum);
  nulls[column] = stored != sum;
  values[column] = Int64GetDatum(stored);
}

// Notes which columns of a stored row are not as they are wanted.
void compare(const SummaryRow &stored, SummaryMerge &wanted) {
  auto const count = static_cast<std::size_t>(stored.count);
  wanted.companies_changed =
      !std::equal(wanted.companies.begin(), wanted.companies.end(), stored.companies, stored.companies + count);
  for (int i = 0; i < kFigures && !wanted.companies_changed; i++) {
    const std::vector<std::int64_t> &figures = wanted.figures[i];
    wanted.figure_changed[i] =
        stored.figures[i] != nullptr ? !std::equal(figures.begin(), figures.end(), stored.figures[i]) : !all_zero(figures);
  }
}

// Inside pg(): whether a stored row has the sums that belong to these figures.
bool has_sums_of(HeapTuple stored, TupleDesc columns, const SummaryMerge &merged) {
  for (int i = 0; i < kFigures; i++) {
    Datum value = 0;
    bool null = false;
    put_sum(merged.figures[i], 0, &value, &null);
    bool is_null = false;
    Datum const held = heap_getattr(stored, kFirstSum + i, columns, &is_null);
    if (is_null != null || (!null && held != value)) return false;
  }
  return true;
}

}  // namespace

const char *summary_table(Level level) { return kTables[static_cast<int>(level)]; }

RowMemory::RowMemory() {
  pg([&] {
    context_ = GenerationContextCreate(CurrentMemoryContext, "reseller_report summary rows", kRowMemory, kRowMemory, kRowMemory);
  });
}

SummaryReader::SummaryReader(Level level, const RowMemory &memory)
    : table_(summary_table(level), AccessShareLock, kTypes),
      scan_(table_, kIndexes[static_cast<int>(level)], kKeys),
      context_(memory.context()) {}

void SummaryReader::seek(const HolderKey &holder, const Range &buckets) {
  pg([&] {
    ScanKeyData keys[kKeys];
    find_range(keys, holder, buckets);
    scan_.seek(keys);
  });
}

bool SummaryReader::next(SummaryRow &row) {
  pg([&] {
    found_ = scan_.next();
    if (found_ == nullptr) return;
    slot_getsomeattrs(found_, kBucket);
    row = {};
    row.item = static_cast<Item>(DatumGetInt16(found_->tts_values[kItem - 1]));
    row.bucket = DatumGetTimestampTz(found_->tts_values[kBucket - 1]);
  });
  return found_ != nullptr;
}

void SummaryReader::read(SummaryRow &row, FigureSet figures, Detail detail) {
  pg([&] {
    MemoryContextReset(context_);
    MemoryContext const before = MemoryContextSwitchTo(context_);
    if (detail == Detail::kSums)
      unpack_sums(found_, figures, row);
    else
      unpack_row(found_, figures, looked_for_, row);
    MemoryContextSwitchTo(before);
  });
}

SummaryWriter::SummaryWriter(Level level) : table_(summary_table(level), RowExclusiveLock, kTypes), index_(open_index(level)) {
  pg([&] {
    rows_.open(table_);
    slot_ = table_slot_create(table_.relation(), nullptr);
    context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report summary row", ALLOCSET_DEFAULT_SIZES);
  });
}

SummaryWriter::~SummaryWriter() { index_close(index_, NoLock); }

void SummaryWriter::finish() {
  pg([&] {
    rows_.close();
    ExecDropSingleTupleTableSlot(slot_);
    MemoryContextDelete(context_);
  });
}

// Returns the stored row, and what it holds, in the writer's memory; NULL where there is none.
HeapTuple SummaryWriter::find(const RowKey &key, SummaryRow &stored) {
  HeapTuple found = nullptr;
  MemoryContext const home = CurrentMemoryContext;
  pg([&] {
    MemoryContextReset(context_);
    MemoryContextSwitchTo(context_);
    ScanKeyData keys[kKeys];
    find_row(keys, key);
    // The lease makes us the only writer, so the transaction's own snapshot sees the newest version.
    IndexScanDesc const scan = index_beginscan(table_.relation(), index_, GetActiveSnapshot(), nullptr, kKeys, 0, SO_NONE);
    index_rescan(scan, keys, kKeys, nullptr, 0);
    if (index_getnext_slot(scan, ForwardScanDirection, slot_)) {
      unpack_row(slot_, kAllFigures, std::nullopt, stored);
      found = ExecCopySlotHeapTuple(slot_);
      found->t_self = slot_->tts_tid;
    }
    index_endscan(scan);
    MemoryContextSwitchTo(home);
  });
  return found;
}

void SummaryWriter::apply(const Change *changes, std::size_t count, Overflows &overflows) {
  const RowKey &key = *changes;
  SummaryRow stored = {};
  HeapTuple const old_tuple = find(key, stored);
  SummaryMerge merged;
  merge(stored, changes, count, merged, overflows);
  put(key, merged, old_tuple);
}

void SummaryWriter::set(const RowKey &key, const std::vector<CompanyCounters> &cells) {
  SummaryRow stored = {};
  HeapTuple const old_tuple = find(key, stored);
  SummaryMerge wanted;
  for (const CompanyCounters &cell : cells) wanted.append(cell.company, cell.counters);
  if (old_tuple != nullptr) {
    compare(stored, wanted);
    bool right = !wanted.companies_changed &&
                 std::none_of(wanted.figure_changed, wanted.figure_changed + kFigures, [](bool changed) { return changed; });
    if (right) pg([&] { right = has_sums_of(old_tuple, table_.tuple_desc(), wanted); });
    if (right) return;
  }
  put(key, wanted, old_tuple);
}

// Stores a row in place of another, where there is one.
void SummaryWriter::put(const RowKey &key, const SummaryMerge &merged, HeapTuple stored) {
  MemoryContext const home = CurrentMemoryContext;
  pg([&] {
    MemoryContextSwitchTo(context_);
    if (!merged.companies.empty())
      write(key, merged, stored);
    else if (stored != nullptr)
      rows_.remove(stored->t_self);
    MemoryContextSwitchTo(home);
  });
}

// Inside pg(). Columns that somebody has added are NULL, or stay as they are.
void SummaryWriter::write(const RowKey &key, const SummaryMerge &merged, HeapTuple stored) {
  TupleDesc const columns = table_.tuple_desc();
  auto const natts = static_cast<Size>(columns->natts);
  auto *const values = static_cast<Datum *>(palloc0(sizeof(Datum) * natts));
  auto *const nulls = static_cast<bool *>(palloc(sizeof(bool) * natts));
  auto *const replaced = static_cast<bool *>(palloc0(sizeof(bool) * natts));
  memset(nulls, 1, sizeof(bool) * natts);
  memset(nulls, 0, sizeof(bool) * kColumns);
  int const n = static_cast<int>(merged.companies.size());
  values[kSource - 1] = Int64GetDatum(key.source);
  values[kReseller - 1] = Int64GetDatum(key.reseller);
  values[kItem - 1] = Int16GetDatum(static_cast<int16>(key.item));
  values[kBucket - 1] = TimestampTzGetDatum(key.bucket);
  replaced[kCompanyGaps - 1] = merged.companies_changed;
  if (merged.companies_changed || stored == nullptr) values[kCompanyGaps - 1] = PointerGetDatum(pack_companies(merged.companies));
  for (int i = 0; i < kFigures; i++) {
    int const column = kFirstFigure + i - 1;
    replaced[column] = merged.companies_changed || merged.figure_changed[i];
    put_sum(merged.figures[i], kFirstSum + i - 1, values, nulls);
    replaced[kFirstSum + i - 1] = true;
    if (!replaced[column] && stored != nullptr) continue;
    nulls[column] = all_zero(merged.figures[i]);
    if (!nulls[column]) values[column] = PointerGetDatum(make_bigint_array(merged.figures[i].data(), n));
  }
  if (stored != nullptr)
    rows_.update(stored->t_self, heap_modify_tuple(stored, columns, values, nulls, replaced));
  else
    rows_.insert(heap_form_tuple(columns, values, nulls));
}

}  // namespace reseller_report
