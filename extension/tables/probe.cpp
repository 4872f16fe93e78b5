#include "tables/probe.hpp"

#include <algorithm>

namespace reseller_report {
namespace {

// A day of a reseller's clock begins at another moment than that day of the session's, whose zone may be a week off.
constexpr Time kFarthestDay = Time{10} * 96 * kQuarterHour;

std::int64_t integer_of(Datum value, Oid type) {
  return type == INT8OID ? DatumGetInt64(value) : type == INT4OID ? DatumGetInt32(value) : DatumGetInt16(value);
}

// Inside pg(). A date or a time without a zone means what the session's zone says, as it does for the server's operators.
Time time_of(Datum value, Oid type) {
  if (type == DATEOID) return moment_of_date(DatumGetDateADT(value));
  if (type == TIMESTAMPOID) return moment_of_timestamp(DatumGetTimestamp(value));
  return DatumGetTimestampTz(value);
}

Time later(Time moment, Time distance) {
  Time result = 0;
  if (!is_finite(moment)) return moment;
  return __builtin_add_overflow(moment, distance, &result) ? (distance > 0 ? kInfinity : kMinusInfinity) : result;
}

void bound_time(ScanBounds &bounds, int strategy, Time moment, Time slack) {
  if (strategy >= BTEqualStrategyNumber) bounds.time.from = std::max(bounds.time.from, later(moment, -slack));
  if (strategy <= BTEqualStrategyNumber)
    bounds.time.to = std::min(bounds.time.to, later(later(moment, slack), strategy == BTLessStrategyNumber ? 0 : 1));
}

}  // namespace

void Probe::open(ForeignScanState *node, const TableShape &shape) {
  shape_ = &shape;
  EState *const state = node->ss.ps.state;
  MemoryContext const before = MemoryContextSwitchTo(state->es_query_cxt);
  TupleDesc const columns = CreateTemplateTupleDesc(shape.column_count);
  for (int i = 0; i < shape.column_count; i++)
    TupleDescInitEntry(columns, static_cast<AttrNumber>(i + 1), shape.columns[i].name, shape.columns[i].type, -1, 0);
  TupleDescFinalize(columns);
  row_ = MakeSingleTupleTableSlot(columns, &TTSOpsVirtual);
  context_ = CreateExprContext(state);
  MemoryContextSwitchTo(before);
  auto const natts = static_cast<Size>(shape.column_count);
  memset(row_->tts_isnull, 1, sizeof(bool) * natts);
  memset(row_->tts_values, 0, sizeof(Datum) * natts);
  ExecStoreVirtualTuple(row_);
}

EarlyStates early_states(ForeignScanState *node, List *expressions, Index relid, const TableShape &shape) {
  EarlyStates states = {};
  for (int i = 0; i < kEarlySubjects; i++) {
    auto *const clauses = static_cast<List *>(list_nth(expressions, i));
    states.of[i] = clauses != NIL ? ExecInitQual(clauses, &node->ss.ps) : nullptr;
  }
  ColumnSet const named = columns_in(list_nth(expressions, static_cast<int>(Subject::kBucket)), relid, shape);
  states.buckets_know_item = (named & (column_bit(Column::kService) | column_bit(Column::kItem))) != 0;
  return states;
}

void BoundStates::open(ForeignScanState *node, List *values, List *bounded) {
  count_ = list_length(values);
  bounds_ = static_cast<Bound *>(palloc(sizeof(Bound) * static_cast<Size>(Max(count_, 1))));
  for (int i = 0; i < count_; i++) {
    auto *const value = static_cast<Expr *>(list_nth(values, i));
    bounds_[i] = {static_cast<Column>(list_nth_int(bounded, 2 * i)), list_nth_int(bounded, 2 * i + 1),
                  exprType(reinterpret_cast<Node *>(value)), ExecInitExpr(value, &node->ss.ps)};
  }
}

ScanBounds BoundStates::evaluate(Probe &probe) const {
  ScanBounds bounds;
  pg([&] {
    for (const Bound *bound = bounds_; bound != bounds_ + count_; bound++) {
      bool is_null = false;
      Datum const value = probe.value_of(bound->value, is_null);
      if (is_null) {
        bounds.is_empty = true;  // no comparison with NULL is true
      } else if (bound->column == Column::kReseller) {
        bounds.has_reseller = true;
        bounds.reseller = integer_of(value, bound->type);
      } else if (bound->column == Column::kCompany) {
        bounds.has_company = true;
        bounds.company = integer_of(value, bound->type);
      } else {
        bool const is_of_date = bound->column == Column::kDate;
        bound_time(bounds, bound->strategy, time_of(value, bound->type), is_of_date ? kFarthestDay : 0);
      }
    }
  });
  bounds.is_empty = bounds.is_empty || bounds.time.empty();
  return bounds;
}

}  // namespace reseller_report
