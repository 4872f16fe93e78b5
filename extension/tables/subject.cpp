#include "tables/subject.hpp"

#include <utility>

namespace reseller_report {
namespace {

constexpr ColumnSet kResellerColumns = column_bit(Column::kReseller);
constexpr ColumnSet kItemColumns = column_bit(Column::kService) | column_bit(Column::kItem);
constexpr ColumnSet kBucketColumns = kResellerColumns | kItemColumns | column_bit(Column::kDate) | column_bit(Column::kBucket);
constexpr ColumnSet kCompanyColumns = kResellerColumns | column_bit(Column::kCompany) | column_bit(Column::kCompanyName);

bool is_within(ColumnSet columns, ColumnSet all) { return (columns & ~all) == 0; }

bool needs_executor(Node *node, void *context) {
  if (node == nullptr) return false;
  if (calls_function_of_user(node)) return true;
  switch (nodeTag(node)) {
    case T_SubPlan:
    case T_AlternativeSubPlan:
    case T_Aggref:
    case T_WindowFunc:
    case T_GroupingFunc:
    case T_PlaceHolderVar:
    case T_SetToDefault:
    case T_CoerceToDomain:  // its checks may call any function
    case T_CurrentOfExpr:
    case T_NextValueExpr:
      return true;
    default:
      return walk_expression(node, needs_executor, context);
  }
}

bool is_of_relation(const Expr *expression, Index relid) {
  if (!IsA(expression, Var)) return false;
  auto const *const var = reinterpret_cast<const Var *>(expression);
  return var->varno == static_cast<int>(relid) && var->varlevelsup == 0 && var->varattno > 0;
}

bool is_integer(Oid type) { return type == INT2OID || type == INT4OID || type == INT8OID; }
bool is_time(Oid type) { return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID; }

// A column may be wrapped in a cast that changes nothing, as of a domain.
Expr *unwrapped(void *node) {
  auto *expression = static_cast<Expr *>(node);
  while (IsA(expression, RelabelType)) expression = reinterpret_cast<RelabelType *>(expression)->arg;
  return expression;
}

}  // namespace

ColumnSet columns_in(const void *expression, Index relid, const TableShape &shape) {
  Bitmapset *attributes = nullptr;
  pull_varattnos(static_cast<Node *>(const_cast<void *>(expression)), relid, &attributes);
  ColumnSet columns = 0;
  for (int i = -1; (i = bms_next_member(attributes, i)) >= 0;) {
    const TableColumn *const column = shape.column_at(i + FirstLowInvalidHeapAttributeNumber);
    columns |= column != nullptr ? column_bit(column->column) : ~ColumnSet{0};
  }
  bms_free(attributes);
  return columns;
}

Subject subject_of(const void *expression, Index relid, const TableShape &shape) {
  auto *const node = static_cast<Node *>(const_cast<void *>(expression));
  ColumnSet const columns = columns_in(node, relid, shape);
  if (!is_within(columns, kBucketColumns | kCompanyColumns)) return Subject::kRow;
  if (contain_volatile_functions(node) || needs_executor(node, nullptr)) return Subject::kRow;
  if (is_within(columns, kResellerColumns)) return Subject::kReseller;
  if (is_within(columns, kItemColumns)) return Subject::kItem;
  if (is_within(columns, kBucketColumns)) return Subject::kBucket;
  return is_within(columns, kCompanyColumns) ? Subject::kCompany : Subject::kRow;
}

bool find_bound(const void *clause, Index relid, const TableShape &shape, ColumnBound &bound) {
  if (!IsA(clause, OpExpr)) return false;
  auto const *const comparison = static_cast<const OpExpr *>(clause);
  if (list_length(comparison->args) != 2) return false;
  Expr *left = unwrapped(linitial(comparison->args));
  Expr *right = unwrapped(lsecond(comparison->args));
  Oid comparing = comparison->opno;
  if (!is_of_relation(left, relid)) {
    std::swap(left, right);
    comparing = get_commutator(comparing);
    if (!OidIsValid(comparing) || !is_of_relation(left, relid)) return false;
  }
  if (columns_in(right, relid, shape) != 0 || contain_volatile_functions(reinterpret_cast<Node *>(right)) ||
      needs_executor(reinterpret_cast<Node *>(right), nullptr))
    return false;
  auto const *const var = reinterpret_cast<const Var *>(left);
  bound.column = shape.column_at(var->varattno)->column;
  bound.value = right;
  Oid const type = exprType(reinterpret_cast<Node *>(right));
  bool const is_id = bound.column == Column::kReseller || bound.column == Column::kCompany;
  bool const is_moment = bound.column == Column::kBucket || bound.column == Column::kDate;
  if (!(is_id && is_integer(type)) && !(is_moment && is_time(type))) return false;
  Oid const family = lookup_type_cache(var->vartype, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
  bound.strategy = get_op_opfamily_strategy(comparing, family);
  return is_id ? bound.strategy == BTEqualStrategyNumber : bound.strategy != InvalidStrategy;
}

}  // namespace reseller_report
