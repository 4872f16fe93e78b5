#include "tables/group_aggregate.hpp"

#include "server/numeric.hpp"

namespace reseller_report {
namespace {

constexpr Sum kMicros = 1'000'000;

ExprState *clauses_in(ForeignScanState *node, List *planned, int place) {
  auto *const clauses = static_cast<List *>(list_nth(planned, place));
  return clauses != NIL ? ExecInitQual(clauses, &node->ss.ps) : nullptr;
}

// A numeric without decimals, of any sum.
Datum whole_numeric(Sum sum) {
  if (sum == static_cast<Sum>(static_cast<std::int64_t>(sum)))
    return NumericGetDatum(int64_to_numeric(static_cast<std::int64_t>(sum)));
  StoredNumeric stored;
  Datum const scaled = stored.set(sum * kMicros);
  return DirectFunctionCall2(numeric_trunc, scaled, Int32GetDatum(0));
}

}  // namespace

void GroupAggregate::open(ForeignScanState *node, List *planned, Index relid, const TableShape &shape) {
  const List *const numbers = static_cast<List *>(list_nth(planned, kAggregateNumbers));
  kind_ = static_cast<AggregateKind>(list_nth_int(numbers, kNumberKind));
  is_money_ = list_nth_int(numbers, kNumberIsMoney) != 0;
  for (int i = 0; i < kFigures; i++) {
    times_[i] = list_nth_int(numbers, kNumberFirstFigure + i);
    if (times_[i] != 0) figures_ |= 1U << i;
  }
  filter_ = clauses_in(node, planned, kAggregateFilter);
  condition_ = clauses_in(node, planned, kAggregateCondition);
  otherwise_ = static_cast<const Const *>(list_nth(planned, kAggregateElse));
  columns_ = columns_in(list_nth(planned, kAggregateFilter), relid, shape) |
             columns_in(list_nth(planned, kAggregateCondition), relid, shape);
  if (kind_ != AggregateKind::kBest) return;
  const List *const comparing = static_cast<List *>(list_nth(planned, kAggregateComparing));
  collation_ = list_nth_oid(comparing, 1);
  fmgr_info_cxt(get_opcode(list_nth_oid(comparing, 0)), &comes_before_, node->ss.ps.state->es_query_cxt);
  argument_.emplace();
  argument_->open(node, static_cast<Expr *>(list_nth(planned, kAggregateArgument)), InvalidOid, relid, shape);
  columns_ |= argument_->columns();
}

Sum GroupAggregate::value_of(const WideCounters &figures) const {
  Sum value = 0;
  for (int i = 0; i < kFigures; i++) {
    if (times_[i] == 0) continue;
    bool const is_scaled = is_money_ && !is_money(static_cast<Figure>(i));
    value += figures.figure[i] * times_[i] * (is_scaled ? kMicros : 1);
  }
  return value;
}

void GroupAggregate::take(AggregateState &state, const WideCounters &figures, int passes, int best, int company) {
  if ((passes & 1) == 0) return;
  state.any = true;
  if ((passes & 2) == 0) return;
  switch (kind_) {
    case AggregateKind::kSum:
    case AggregateKind::kAverage:
      state.sum += value_of(figures);
      state.rows++;
      break;
    case AggregateKind::kRows:
      state.rows++;
      break;
    case AggregateKind::kCompanies: {
      auto const at = static_cast<std::size_t>(company);
      if (state.companies.size() <= at) state.companies.resize(at + 1 + at / 2);
      if (!state.companies[at]) state.rows++;
      state.companies[at] = true;
      break;
    }
    case AggregateKind::kBest: {
      if (best == GroupKey::kNull || best == state.best) break;
      bool is_better = state.best == GroupKey::kNull;
      bool is_null = false;
      Datum const candidate = argument_->value(best, is_null);
      Datum const so_far = argument_->value(state.best, is_null);
      if (!is_better) pg([&] { is_better = DatumGetBool(FunctionCall2Coll(&comes_before_, collation_, candidate, so_far)); });
      if (is_better) state.best = best;
      break;
    }
  }
}

Datum GroupAggregate::numeric_of(Sum sum) const {
  if (!is_money_) return whole_numeric(sum);
  StoredNumeric stored;
  return datumCopy(stored.set(sum), false, -1);
}

// Inside pg().
Datum GroupAggregate::result(const AggregateState &state, bool &is_null) const {
  is_null = false;
  switch (kind_) {
    case AggregateKind::kRows:
    case AggregateKind::kCompanies:
      return Int64GetDatum(state.rows);
    case AggregateKind::kBest:
      return argument_->value(state.best, is_null);
    case AggregateKind::kAverage:
      is_null = state.rows == 0;
      if (is_null) return Datum{0};
      return DirectFunctionCall2(numeric_div, numeric_of(state.sum), NumericGetDatum(int64_to_numeric(state.rows)));
    case AggregateKind::kSum:
      break;
  }
  if (state.rows > 0) return numeric_of(state.sum);
  is_null = otherwise_ == nullptr || !state.any;
  if (is_null) return Datum{0};
  return otherwise_->consttype == NUMERICOID ? otherwise_->constvalue : whole_numeric(0);
}

}  // namespace reseller_report
