#include "maintenance/sorted_changes.hpp"

#include "core/period.hpp"

extern "C" {
#include <parser/parse_oper.h>
#include <utils/tuplesort.h>
}

namespace reseller_report {
namespace {

// The place is what is sorted by: one number, which the server compares fastest.
enum Column : int { kPlace, kBucket, kCompany, kFirstFigure, kColumns = kFirstFigure + kFigures };

// A place holds the number of the reseller, the day, the item and the quarter hour, from the highest bits down. All days that the
// server knows have numbers of 27 bits.
constexpr int kBitsOfQuarter = 7;
constexpr int kBitsOfItem = 8;
constexpr int kBitsOfDay = 27;
constexpr std::int64_t kMostResellers = std::int64_t{1} << (63 - kBitsOfDay - kBitsOfItem - kBitsOfQuarter);

std::int64_t place_of(std::int64_t number, Item item, Time bucket) {
  Time const day = bucket_of(Level::kDay, bucket);
  constexpr std::int64_t kDaysBefore2000 = 1 << 22;  // more than the server knows
  std::int64_t const day_number = day / (96 * kQuarterHour) + kDaysBefore2000;
  std::int64_t const quarter = (bucket - day) / kQuarterHour;
  return ((number << kBitsOfDay | day_number) << kBitsOfItem | static_cast<std::int64_t>(item)) << kBitsOfQuarter | quarter;
}

Item item_of(std::int64_t place) { return static_cast<Item>(place >> kBitsOfQuarter & ((1 << kBitsOfItem) - 1)); }

std::size_t number_of(std::int64_t place) { return static_cast<std::size_t>(place >> (kBitsOfDay + kBitsOfItem + kBitsOfQuarter)); }

// The rest is for those who add and take the changes, and for the server itself.
int sort_memory() { return maintenance_work_mem / 4; }

// Inside pg(). Each column is a whole number of 64 bits.
TupleDesc make_columns() {
  TupleDesc const columns = CreateTemplateTupleDesc(kColumns);
  for (int i = 0; i < kColumns; i++) TupleDescInitEntry(columns, static_cast<AttrNumber>(i + 1), nullptr, INT8OID, -1, 0);
  TupleDescFinalize(columns);
  return columns;
}

// Inside pg().
Tuplesortstate *begin_sort(TupleDesc columns) {
  Oid less = InvalidOid;
  get_sort_group_operators(INT8OID, true, false, false, &less, nullptr, nullptr, nullptr);
  AttrNumber number = kPlace + 1;
  Oid collation = InvalidOid;
  bool nulls_first = false;
  return tuplesort_begin_heap(columns, 1, &number, &less, &collation, &nulls_first, sort_memory(), nullptr, TUPLESORT_NONE);
}

}  // namespace

SortedChanges::SortedChanges(std::int64_t source) : source_(source) {
  pg([&] {
    context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report sorted changes", ALLOCSET_DEFAULT_SIZES);
    MemoryContext const before = MemoryContextSwitchTo(context_);
    TupleDesc const columns = make_columns();
    sort_ = begin_sort(columns);
    added_ = MakeSingleTupleTableSlot(columns, &TTSOpsVirtual);
    taken_ = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
    MemoryContextSwitchTo(before);
  });
}

// After an error, the end of the transaction cleans up.
SortedChanges::~SortedChanges() {
  if (std::uncaught_exceptions() > 0) return;
  ExecDropSingleTupleTableSlot(added_);
  ExecDropSingleTupleTableSlot(taken_);
  tuplesort_end(sort_);
  MemoryContextDelete(context_);
}

void SortedChanges::add(const Change &change) {
  auto const [reseller, is_new] = numbers_.emplace(change.reseller, static_cast<std::int64_t>(resellers_.size()));
  if (is_new) resellers_.push_back(change.reseller);
  if (reseller->second >= kMostResellers) throw Error(sqlstate::kTooLarge, "a slice has usage of too many resellers");
  std::int64_t const place = place_of(reseller->second, change.item, change.bucket);
  pg([&] {
    ExecClearTuple(added_);
    Datum *const values = added_->tts_values;
    values[kPlace] = Int64GetDatum(place);
    values[kBucket] = Int64GetDatum(change.bucket);
    values[kCompany] = Int64GetDatum(change.company);
    for (int i = 0; i < kFigures; i++) values[kFirstFigure + i] = Int64GetDatum(change.counters.figure[i]);
    memset(added_->tts_isnull, 0, sizeof(bool) * kColumns);
    ExecStoreVirtualTuple(added_);
    tuplesort_puttupleslot(sort_, added_);
  });
}

void SortedChanges::sort() {
  pg([&] { tuplesort_performsort(sort_); });
}

bool SortedChanges::next(Change &change) {
  bool found = false;
  pg([&] {
    found = tuplesort_gettupleslot(sort_, true, false, taken_, nullptr);
    if (!found) return;
    slot_getallattrs(taken_);
    const Datum *const values = taken_->tts_values;
    change.source = source_;
    change.reseller = resellers_[number_of(DatumGetInt64(values[kPlace]))];
    change.item = item_of(DatumGetInt64(values[kPlace]));
    change.bucket = DatumGetInt64(values[kBucket]);
    change.company = DatumGetInt64(values[kCompany]);
    for (int i = 0; i < kFigures; i++) change.counters.figure[i] = DatumGetInt64(values[kFirstFigure + i]);
  });
  return found;
}

}  // namespace reseller_report
