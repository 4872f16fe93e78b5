// Plans of scans: which clauses are evaluated early, what they bound, what the scan is likely to cost. The executor finds all that
// in the plan node, by the layout here.
//
// All of this runs in the planner: inside pg(), and nothing here has a destructor.
#pragma once

#include "tables/subject.hpp"

namespace reseller_report {

/// What a scan does before it has rows. Lists of the planner's.
struct EarlyClauses {
  List *of[kEarlySubjects];
  List *bounds;   ///< values of bounds
  List *bounded;  ///< of each a column and a strategy; a list of integers
};

/// Adds a clause; false where it is about rows.
bool add_early(EarlyClauses &early, Expr *clause, Index relid, const TableShape &shape);

/// What the planner knows of one of the tables in a query.
struct PlannedTable {
  const TableShape *shape;
  Oid oid;
  double summary_rows;  ///< that a scan is likely to read
  double companies;     ///< in each
  List *late;           ///< clauses that only the executor can evaluate
  EarlyClauses early;
};

inline PlannedTable &planned(RelOptInfo *rel) { return *static_cast<PlannedTable *>(rel->fdw_private); }

/// The expressions that the executor of a scan is given, as lists: clauses by subject, then the bounds' values.
List *expressions_of(const EarlyClauses &early);

void plan_size(PlannerInfo *root, RelOptInfo *rel, Oid oid);
void plan_paths(PlannerInfo *root, RelOptInfo *rel);
ForeignScan *plan_scan(RelOptInfo *rel, List *targets, List *clauses, Plan *outer);

/// The private list of a scan's plan node.
enum ScanPrivate : int { kUsedColumns, kBounded, kTable, kGrouping };

/// The table in it.
inline Oid table_in(const ForeignScan *plan) {
  return DatumGetObjectId(static_cast<const Const *>(list_nth(plan->fdw_private, kTable))->constvalue);
}

}  // namespace reseller_report
