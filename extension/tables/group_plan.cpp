#include "tables/group_plan.hpp"

#include "tables/aggregates.hpp"

extern "C" {
#include <parser/parsetree.h>
#include <utils/guc.h>
}

namespace reseller_report {
namespace {

// Of each aggregate two bits are kept of a bucket and item.
constexpr int kMostAggregates = 31;

// So far below what a scan and an aggregate over it cost that the planner never takes these for as good.
constexpr double kCheaper = 0.25;

bool grouped_scans = true;

/// What an upper relation's path would do, while it is found out.
struct Grouping {
  const PlannedTable *table;
  Index relid;
  List *targets;  // of the scan, as fdw_scan_tlist has them
  List *keys;
  List *operators;
  List *aggregates;
  List *places;  // what each of the targets is, as kGroupTargets says
  List *having;
  bool is_plain;
};

Grouping &grouping_of(RelOptInfo *rel) { return *static_cast<Grouping *>(rel->fdw_private); }

bool add_key(Grouping &grouping, Expr *expression, Index reference, const SortGroupClause *clause) {
  if (!clause->hashable || subject_of(expression, grouping.relid, *grouping.table->shape) == Subject::kRow) return false;
  auto const number = static_cast<AttrNumber>(list_length(grouping.targets) + 1);
  TargetEntry *const target = makeTargetEntry(expression, number, nullptr, false);
  target->ressortgroupref = reference;
  grouping.targets = lappend(grouping.targets, target);
  grouping.places = lappend_int(grouping.places, list_length(grouping.keys));
  grouping.keys = lappend(grouping.keys, expression);
  grouping.operators = lappend_oid(grouping.operators, clause->eqop);
  return true;
}

// Looks for a column that is neither of a key nor in an aggregate. The planner may have made one of two equal expressions another.
bool needs_column(Node *node, List *keys) {
  if (node == nullptr || IsA(node, Aggref)) return false;
  if (IsA(node, Var) || IsA(node, PlaceHolderVar)) return !list_member(keys, node);
  return !list_member(keys, node) && walk_expression(node, needs_column, keys);
}

bool add_aggregates(Grouping &grouping, const void *expression) {
  auto *const whole = static_cast<Node *>(const_cast<void *>(expression));
  if (needs_column(whole, grouping.keys)) return false;
  List *const nodes = pull_var_clause(whole, PVC_INCLUDE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | PVC_INCLUDE_PLACEHOLDERS);
  ListCell *cell = nullptr;
  foreach (cell, nodes) {
    auto *const node = static_cast<Node *>(lfirst(cell));
    if (!IsA(node, Aggref)) continue;
    int const before = list_length(grouping.targets);
    grouping.targets = add_to_flat_tlist(grouping.targets, list_make1(node));
    if (list_length(grouping.targets) == before) continue;
    List *const planned = planned_aggregate(reinterpret_cast<Aggref *>(node), grouping.relid, *grouping.table->shape);
    if (planned == NIL) return false;
    grouping.places = lappend_int(grouping.places, -1 - list_length(grouping.aggregates));
    grouping.aggregates = lappend(grouping.aggregates, planned);
  }
  return list_length(grouping.aggregates) <= kMostAggregates;
}

bool add_targets(Grouping &grouping, const PathTarget *target, List *clauses) {
  List *others = NIL;
  ListCell *cell = nullptr;
  int at = 0;
  foreach (cell, target->exprs) {
    auto *const expression = static_cast<Expr *>(lfirst(cell));
    Index const reference = get_pathtarget_sortgroupref(target, at++);
    const SortGroupClause *const clause = reference != 0 ? get_sortgroupref_clause_noerr(reference, clauses) : nullptr;
    if (clause == nullptr)
      others = lappend(others, expression);
    else if (!add_key(grouping, expression, reference, clause))
      return false;
  }
  foreach (cell, others)
    if (!add_aggregates(grouping, lfirst(cell))) return false;
  return true;
}

// Every target of a DISTINCT is a key.
bool are_all_keys(const PathTarget *target, List *clauses) {
  int const count = list_length(target->exprs);
  for (int at = 0; at < count; at++) {
    Index const reference = get_pathtarget_sortgroupref(target, at);
    if (reference == 0 || get_sortgroupref_clause_noerr(reference, clauses) == nullptr) return false;
  }
  return count > 0;
}

bool can_group(PlannerInfo *root, const Grouping &grouping, UpperRelationKind stage, const PathTarget *target) {
  const Query *const query = root->parse;
  if (!grouped_scans || grouping.table->late != NIL || query->groupingSets != NIL || query->hasTargetSRFs) return false;
  if (stage == UPPERREL_GROUP_AGG) return query->groupClause != NIL || query->hasAggs || query->havingQual != nullptr;
  return !query->hasDistinctOn && !query->hasAggs && query->groupClause == NIL && !query->hasWindowFuncs &&
         are_all_keys(target, query->distinctClause);
}

bool collect_params(Node *node, List **params) {
  if (node == nullptr) return false;
  if (IsA(node, Param)) {
    *params = list_append_unique(*params, node);
    return false;
  }
  return walk_expression(node, collect_params, params);
}

void finish_expressions(void *expressions, List **params) {
  fix_opfuncids(static_cast<Node *>(expressions));
  (void)collect_params(static_cast<Node *>(expressions), params);
}

double group_count(PlannerInfo *root, const Grouping &grouping, double rows) {
  if (grouping.keys == NIL) return 1;
  return estimate_num_groups(root, grouping.keys, rows, nullptr, nullptr);
}

}  // namespace

void initialize_grouped_scans() {
  DefineCustomBoolVariable("reseller_report.grouped_scans",
                           "Whether scans of the tables for tools group by themselves where they can.",
                           "Answers are the same. For tests.", &grouped_scans, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
}

void plan_groups(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output, void *extra) {
  if ((stage != UPPERREL_GROUP_AGG && stage != UPPERREL_DISTINCT) || output->fdw_private != nullptr) return;
  if (!IS_SIMPLE_REL(input) || input->fdw_private == nullptr || !bms_is_empty(input->lateral_relids)) return;
  const PlannedTable &table = planned(input);
  if (!is_of_usage(table.shape->kind)) return;
  auto *const grouping = static_cast<Grouping *>(palloc0(sizeof(Grouping)));
  grouping->table = &table;
  grouping->relid = input->relid;
  bool const is_distinct = stage == UPPERREL_DISTINCT;
  PathTarget *const target = is_distinct ? root->upper_targets[UPPERREL_DISTINCT] : output->reltarget;
  if (!can_group(root, *grouping, stage, target)) return;
  if (!add_targets(*grouping, target, is_distinct ? root->parse->distinctClause : root->parse->groupClause)) return;
  if (!is_distinct) {
    grouping->having = reinterpret_cast<List *>(static_cast<GroupPathExtraData *>(extra)->havingQual);
    if (!add_aggregates(*grouping, grouping->having)) return;
    grouping->is_plain = root->parse->groupClause == NIL;
  }
  output->fdw_private = grouping;
  output->serverid = input->serverid;
  output->fdwroutine = input->fdwroutine;
  double const groups = group_count(root, *grouping, input->rows);
  Cost const total = kCheaper * input->cheapest_total_path->total_cost + groups * cpu_tuple_cost / 2;
  add_path(output, make_upper_path(root, output, target, groups, total / 2, total));
}

ForeignScan *plan_grouped_scan(RelOptInfo *rel, List *targets, Plan *outer) {
  const Grouping &grouping = grouping_of(rel);
  const PlannedTable &table = *grouping.table;
  // Expressions over the table's columns, which the node's targets are not. So the planner must not see them, and what it does for
  // others is done here.
  List *of_table =
      list_make4(expressions_of(table.early), makeInteger(static_cast<int>(grouping.relid)), grouping.keys, grouping.operators);
  of_table = lappend(of_table, grouping.aggregates);
  of_table = lappend(of_table, grouping.places);
  of_table = lappend(of_table, makeInteger(grouping.is_plain ? 1 : 0));
  of_table = static_cast<List *>(copyObjectImpl(of_table));
  List *params = NIL;
  finish_expressions(list_nth(of_table, kGroupClauses), &params);
  finish_expressions(list_nth(of_table, kGroupKeys), &params);
  ListCell *cell = nullptr;
  foreach (cell, static_cast<List *>(list_nth(of_table, kGroupAggregates)))
    for (int const part : {kAggregateFilter, kAggregateCondition, kAggregateArgument})
      finish_expressions(list_nth(static_cast<List *>(lfirst(cell)), part), &params);
  List *const details =
      list_make4(makeInteger(0), table.early.bounded,
                 makeConst(OIDOID, -1, InvalidOid, sizeof(Oid), ObjectIdGetDatum(table.oid), false, true), of_table);
  return make_foreignscan(targets, grouping.having, 0, params, details, grouping.targets, NIL, outer);
}

}  // namespace reseller_report
