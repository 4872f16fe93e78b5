#include "tables/aggregates.hpp"

#include "tables/group_plan.hpp"

extern "C" {
#include <catalog/pg_aggregate.h>
}

namespace reseller_report {
namespace {

// Sums stay far below 128 bits.
constexpr int kMostTimes = 1000;

/// A sum of figures, each times a number.
struct Linear {
  int times[kFigures];
  bool is_money;

  bool add(int figure, int number) {
    times[figure] += number;
    is_money = is_money || reseller_report::is_money(static_cast<Figure>(figure));
    return times[figure] <= kMostTimes && times[figure] >= -kMostTimes;
  }
};

bool add_terms(Linear &linear, const void *expression, int sign, Index relid, const TableShape &shape);

bool add_terms_of(Linear &linear, Oid function, const List *arguments, int sign, Index relid, const TableShape &shape) {
  const void *const first = linitial(arguments);
  switch (function) {
    case F_NUMERIC_INT8:
    case F_INT8UP:
    case F_NUMERIC_UPLUS:
      return add_terms(linear, first, sign, relid, shape);
    case F_INT8UM:
    case F_NUMERIC_UMINUS:
      return add_terms(linear, first, -sign, relid, shape);
    case F_INT8PL:
    case F_NUMERIC_ADD:
      return add_terms(linear, first, sign, relid, shape) && add_terms(linear, lsecond(arguments), sign, relid, shape);
    case F_INT8MI:
    case F_NUMERIC_SUB:
      return add_terms(linear, first, sign, relid, shape) && add_terms(linear, lsecond(arguments), -sign, relid, shape);
    default:
      return false;
  }
}

// No figure is ever NULL.
bool add_terms(Linear &linear, const void *expression, int sign, Index relid, const TableShape &shape) {
  switch (nodeTag(expression)) {
    case T_Var: {
      auto const *const var = static_cast<const Var *>(expression);
      if (var->varno != static_cast<int>(relid)) return false;
      const TableColumn *const column = shape.column_at(var->varattno);
      int const figure = column != nullptr ? figure_of(column->column) : -1;
      return figure >= 0 && linear.add(figure, sign);
    }
    case T_FuncExpr: {
      auto const *const call = static_cast<const FuncExpr *>(expression);
      return add_terms_of(linear, call->funcid, call->args, sign, relid, shape);
    }
    case T_OpExpr: {
      auto const *const operation = static_cast<const OpExpr *>(expression);
      return add_terms_of(linear, get_opcode(operation->opno), operation->args, sign, relid, shape);
    }
    case T_CoalesceExpr:
      return add_terms(linear, linitial(static_cast<const CoalesceExpr *>(expression)->args), sign, relid, shape);
    default:
      return false;
  }
}

bool is_zero(const Const *constant) {
  if (constant->constisnull) return false;
  if (constant->consttype == INT8OID) return DatumGetInt64(constant->constvalue) == 0;
  if (constant->consttype != NUMERICOID) return false;
  Datum const zero = NumericGetDatum(int64_to_numeric(0));
  // With more decimals than money has, it would lend them to the sum.
  return DatumGetBool(DirectFunctionCall2(numeric_eq, constant->constvalue, zero)) &&
         DatumGetInt32(DirectFunctionCall1(numeric_scale, constant->constvalue)) <= 6;
}

/// What stands in an aggregate's brackets.
struct Argument {
  const void *value;
  List *condition;
  const Const *otherwise;
};

// `CASE WHEN condition THEN value [ELSE 0] END` is the value of rows that pass the condition.
bool unwrap_case(Argument &argument, Index relid, const TableShape &shape) {
  if (!IsA(argument.value, CaseExpr)) return true;
  auto const *const choice = static_cast<const CaseExpr *>(argument.value);
  if (choice->arg != nullptr || list_length(choice->args) != 1) return false;
  auto const *const when = static_cast<const CaseWhen *>(linitial(choice->args));
  if (subject_of(when->expr, relid, shape) > Subject::kBucket) return false;
  argument.condition = list_make1(when->expr);
  argument.value = when->result;
  if (choice->defresult == nullptr) return true;
  if (!IsA(choice->defresult, Const)) return false;
  auto const *const otherwise = reinterpret_cast<const Const *>(choice->defresult);
  if (otherwise->constisnull) return true;
  argument.otherwise = otherwise;
  return is_zero(otherwise);
}

bool is_never_null(const void *expression, Index relid) {
  if (IsA(expression, Const)) return !static_cast<const Const *>(expression)->constisnull;
  if (!IsA(expression, Var)) return false;
  auto const *const var = static_cast<const Var *>(expression);
  return var->varno == static_cast<int>(relid) && var->varattno > 0;
}

bool is_company(const void *expression, Index relid, const TableShape &shape) {
  return IsA(expression, Var) && columns_in(expression, relid, shape) == column_bit(Column::kCompany);
}

// The operator by which a better value of min, max and their like comes before a worse one; InvalidOid of other aggregates.
Oid comparing_operator(Oid function) {
  HeapTuple const tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  Oid const comparing = reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple))->aggsortop;
  ReleaseSysCache(tuple);
  return comparing;
}

// The executor tells values of an expression apart by the type's own equality.
bool can_hash(const void *expression) {
  Oid const type = exprType(static_cast<const Node *>(expression));
  const TypeCacheEntry *const entry = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_HASH_PROC);
  return OidIsValid(entry->eq_opr) && OidIsValid(entry->hash_proc);
}

List *make_list(AggregateKind kind, const Linear &linear, List *filter, const Argument &argument, Oid comparing, Oid collation) {
  List *numbers = list_make2_int(static_cast<int>(kind), linear.is_money ? 1 : 0);
  for (int const times : linear.times) numbers = lappend_int(numbers, times);
  List *result = list_make3(numbers, filter, argument.condition);
  result = lappend(result, const_cast<Const *>(argument.otherwise));
  result = lappend(result, kind == AggregateKind::kBest ? const_cast<void *>(argument.value) : nullptr);
  return lappend(result, list_make2_oid(comparing, collation));
}

}  // namespace

List *planned_aggregate(const Aggref *aggregate, Index relid, const TableShape &shape) {
  bool const is_odd = aggregate->aggorder != NIL || aggregate->aggdirectargs != NIL || aggregate->aggvariadic ||
                      aggregate->aggsplit != AGGSPLIT_SIMPLE || aggregate->agglevelsup != 0 ||
                      aggregate->aggfnoid >= FirstGenbkiObjectId || list_length(aggregate->args) > 1;
  if (is_odd) return NIL;
  List *filter = NIL;
  if (aggregate->aggfilter != nullptr) {
    if (subject_of(aggregate->aggfilter, relid, shape) > Subject::kBucket) return NIL;
    filter = list_make1(aggregate->aggfilter);
  }
  Linear linear = {};
  Argument argument = {};
  if (aggregate->args == NIL)
    return aggregate->aggfnoid == F_COUNT_ ? make_list(AggregateKind::kRows, linear, filter, argument, InvalidOid, InvalidOid)
                                           : NIL;
  argument.value = static_cast<const TargetEntry *>(linitial(aggregate->args))->expr;
  if (aggregate->aggdistinct != NIL) {
    if (aggregate->aggfnoid != F_COUNT_ANY || !is_company(argument.value, relid, shape)) return NIL;
    return make_list(AggregateKind::kCompanies, linear, filter, argument, InvalidOid, InvalidOid);
  }
  Oid const comparing = comparing_operator(aggregate->aggfnoid);
  if (OidIsValid(comparing)) {
    if (subject_of(argument.value, relid, shape) > Subject::kBucket || !can_hash(argument.value)) return NIL;
    return make_list(AggregateKind::kBest, linear, filter, argument, comparing, aggregate->inputcollid);
  }
  if (!unwrap_case(argument, relid, shape)) return NIL;
  switch (aggregate->aggfnoid) {
    case F_COUNT_ANY:
      if (argument.otherwise != nullptr || !is_never_null(argument.value, relid)) return NIL;
      return make_list(AggregateKind::kRows, linear, filter, argument, InvalidOid, InvalidOid);
    case F_SUM_INT8:
    case F_SUM_NUMERIC:
      if (!add_terms(linear, argument.value, 1, relid, shape)) return NIL;
      return make_list(AggregateKind::kSum, linear, filter, argument, InvalidOid, InvalidOid);
    case F_AVG_INT8:
    case F_AVG_NUMERIC:
      if (argument.otherwise != nullptr || !add_terms(linear, argument.value, 1, relid, shape)) return NIL;
      return make_list(AggregateKind::kAverage, linear, filter, argument, InvalidOid, InvalidOid);
    default:
      return NIL;
  }
}

}  // namespace reseller_report
