// Plans of scans that group: which GROUP BY, aggregates and DISTINCT a scan can answer by itself. The executor finds them in the
// plan node, by the layout here.
//
// All of this runs in the planner: inside pg(), and nothing here has a destructor.
#pragma once

#include "tables/plan.hpp"

namespace reseller_report {

enum class AggregateKind : int {
  kSum,        ///< of figures, each times a number
  kAverage,    ///< of the same
  kRows,       ///< the number of rows
  kCompanies,  ///< the number of companies
  kBest,       ///< the least or greatest value of an expression about buckets
};

/// The private list of a plan's grouping.
enum GroupPrivate : int {
  kGroupClauses,     ///< as expressions_of() lists them
  kGroupRelation,    ///< the number of the relation that columns are of
  kGroupKeys,        ///< expressions
  kGroupOperators,   ///< the equality of each key; a list of OIDs
  kGroupAggregates,  ///< each a list
  kGroupTargets,     ///< for each column of the result a key, or -1 - an aggregate; a list of integers
  kGroupIsPlain,     ///< whether there is one group, also without rows
};

/// An aggregate's list.
enum AggregatePrivate : int {
  kAggregateNumbers,    ///< a list of integers, in the order of AggregateNumber
  kAggregateFilter,     ///< clauses that rows pass which count at all
  kAggregateCondition,  ///< of CASE WHEN: clauses that rows pass whose figures count
  kAggregateElse,       ///< of CASE WHEN ... ELSE: what other rows count as, a Const of zero; else NULL
  kAggregateArgument,   ///< of kBest
  kAggregateComparing,  ///< of kBest: the operator by which a better value comes first, and the collation; a list of OIDs
};

enum AggregateNumber : int { kNumberKind, kNumberIsMoney, kNumberFirstFigure };

/// Whether scans group where they can; a setting for tests.
void initialize_grouped_scans();

/// Adds a path to an upper relation where a scan can answer it.
void plan_groups(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output, void *extra);

/// The grouping in a plan node; NIL where the scan gives rows.
inline List *grouping_in(const ForeignScan *plan) { return static_cast<List *>(list_nth(plan->fdw_private, kGrouping)); }

/// The plan of such a path.
ForeignScan *plan_grouped_scan(RelOptInfo *rel, List *targets, Plan *outer);

}  // namespace reseller_report
