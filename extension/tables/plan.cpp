#include "tables/plan.hpp"

#include "server/own_table.hpp"

namespace reseller_report {
namespace {

constexpr Cost kStartup = 20;
constexpr Cost kSummaryRow = 0.4;  // to find one and to unpack its head
constexpr Cost kCompany = 0.002;   // to unpack the figures of a company
constexpr Cost kRow = 0.02;        // to form a row

constexpr Selectivity kOneReseller = 0.2;
constexpr Selectivity kOneBucket = 0.01;
constexpr Selectivity kTimeOnOneSide = 0.3;

// The rows that the server believes a table of ours to have.
double rows_of(const char *table, double unknown) {
  Oid const schema = get_namespace_oid("reseller_report", true);
  Oid const relid = get_relname_relid(table, schema);
  if (!OidIsValid(relid)) return unknown;
  HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
  if (!HeapTupleIsValid(tuple)) return unknown;
  double const rows = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->reltuples;
  ReleaseSysCache(tuple);
  return rows > 0 ? rows : unknown;
}

const char *level_of(TableKind kind) {
  switch (kind) {
    case TableKind::kQuarterHours:
      return "usage_quarter";
    case TableKind::kHours:
      return "usage_hour";
    case TableKind::kMonths:
      return "usage_month";
    default:
      return "usage_day";
  }
}

// Wants the members of equivalence classes that are a column of the relation.
bool is_column(PlannerInfo *, RelOptInfo *rel, EquivalenceClass *, EquivalenceMember *member, void *wanted) {
  if (!IsA(member->em_expr, Var)) return false;
  auto const *const var = reinterpret_cast<const Var *>(member->em_expr);
  return var->varno == static_cast<int>(rel->relid) && var->varattno == *static_cast<AttrNumber *>(wanted);
}

// Clauses of joins that could bound a scan, if the other relations came first.
List *joining_clauses(PlannerInfo *root, RelOptInfo *rel) {
  List *clauses = NIL;
  ListCell *cell = nullptr;
  foreach (cell, rel->joininfo) {
    auto *const clause = static_cast<RestrictInfo *>(lfirst(cell));
    if (join_clause_is_movable_to(clause, rel)) clauses = lappend(clauses, clause);
  }
  if (!rel->has_eclass_joins) return clauses;
  for (AttrNumber attribute = 1; attribute <= planned(rel).shape->column_count; attribute++)
    clauses =
        list_concat(clauses, generate_implied_equalities_for_column(root, rel, is_column, &attribute, rel->lateral_referencers));
  return clauses;
}

struct ScanCost {
  double summary_rows;
  double rows;

  Cost total(const PlannedTable &table) const {
    return kStartup + summary_rows * (kSummaryRow + kCompany * table.companies) + rows * kRow;
  }
};

// The share of rows that a clause is likely to leave. There are no statistics, which would tell of other resellers; so a share is
// what a table of the kind often has.
Selectivity share_of(PlannerInfo *root, RestrictInfo *clause, const RelOptInfo *rel, const PlannedTable &table) {
  ColumnBound bound;
  if (!find_bound(clause->clause, rel->relid, *table.shape, bound))
    return clause_selectivity(root, reinterpret_cast<Node *>(clause), 0, JOIN_INNER, nullptr);
  if (bound.column == Column::kCompany) return 1 / table.companies;
  if (bound.column == Column::kReseller) return kOneReseller;
  return bound.strategy == BTEqualStrategyNumber ? kOneBucket : kTimeOnOneSide;
}

// Clauses about resellers, items and buckets spare summary rows; others only rows.
Selectivity early_selectivity(PlannerInfo *root, List *clauses, Index relid, const TableShape &shape) {
  List *heading = NIL;
  ListCell *cell = nullptr;
  foreach (cell, clauses) {
    auto *const clause = static_cast<RestrictInfo *>(lfirst(cell));
    if (subject_of(clause->clause, relid, shape) < Subject::kCompany) heading = lappend(heading, clause);
  }
  return clauselist_selectivity(root, heading, static_cast<int>(relid), JOIN_INNER, nullptr);
}

// A path for each set of relations whose columns could be known first.
void add_joining_paths(PlannerInfo *root, RelOptInfo *rel) {
  const PlannedTable &table = planned(rel);
  List *seen = NIL;
  List *const clauses = joining_clauses(root, rel);
  ListCell *cell = nullptr;
  foreach (cell, clauses) {
    auto const *const clause = static_cast<const RestrictInfo *>(lfirst(cell));
    if (subject_of(clause->clause, rel->relid, *table.shape) == Subject::kRow) continue;
    Relids const outer = bms_del_member(bms_union(clause->clause_relids, rel->lateral_relids), static_cast<int>(rel->relid));
    if (bms_is_empty(outer)) continue;
    bool is_known = false;
    ListCell *known = nullptr;
    foreach (known, seen) is_known = is_known || bms_equal(static_cast<Relids>(lfirst(known)), outer);
    if (is_known) continue;
    seen = lappend(seen, outer);
    ParamPathInfo *const info = get_baserel_parampathinfo(root, rel, outer);
    double const read = table.summary_rows * early_selectivity(root, info->ppi_clauses, rel->relid, *table.shape);
    ScanCost const cost = {clamp_row_est(read), info->ppi_rows};
    add_path(rel, make_scan_path(root, rel, cost.rows, kStartup, cost.total(table), outer));
  }
}

}  // namespace

bool add_early(EarlyClauses &early, Expr *clause, Index relid, const TableShape &shape) {
  Subject const subject = subject_of(clause, relid, shape);
  if (subject == Subject::kRow) return false;
  List *&list = early.of[static_cast<int>(subject)];
  list = lappend(list, clause);
  ColumnBound bound;
  if (find_bound(clause, relid, shape, bound)) {
    early.bounds = lappend(early.bounds, bound.value);
    early.bounded = lappend_int(lappend_int(early.bounded, static_cast<int>(bound.column)), bound.strategy);
  }
  return true;
}

List *expressions_of(const EarlyClauses &early) {
  List *expressions = NIL;
  for (List *const clauses : early.of) expressions = lappend(expressions, clauses);
  return lappend(expressions, early.bounds);
}

void plan_size(PlannerInfo *root, RelOptInfo *rel, Oid oid) {
  auto *const table = static_cast<PlannedTable *>(palloc0(sizeof(PlannedTable)));
  rel->fdw_private = table;
  table->shape = &shape_of(oid);
  table->oid = oid;
  ListCell *cell = nullptr;
  foreach (cell, rel->baserestrictinfo) {
    auto *const clause = static_cast<RestrictInfo *>(lfirst(cell));
    // Clauses of a view that is a security barrier come before what could tell of rows that they hide.
    bool const is_early =
        restriction_is_securely_promotable(clause, rel) && add_early(table->early, clause->clause, rel->relid, *table->shape);
    if (!is_early) table->late = lappend(table->late, clause->clause);
  }
  if (is_of_usage(table->shape->kind)) {
    table->companies = Max(1.0, Min(10000.0, rows_of("dependency", 100) / 10));
    table->summary_rows = rows_of(level_of(table->shape->kind), 1000);
  } else {
    table->companies = 1;
    table->summary_rows = table->shape->kind == TableKind::kCompanies ? rows_of("dependency", 100) : rows_of("company", 100) / 10;
  }
  rel->tuples = table->summary_rows * table->companies;
  double rows = rel->tuples;
  foreach (cell, rel->baserestrictinfo) {
    auto *const clause = static_cast<RestrictInfo *>(lfirst(cell));
    Selectivity const share = share_of(root, clause, rel, *table);
    rows *= share;
    if (subject_of(clause->clause, rel->relid, *table->shape) < Subject::kCompany) table->summary_rows *= share;
  }
  table->summary_rows = clamp_row_est(table->summary_rows);
  rel->rows = clamp_row_est(rows);
}

void plan_paths(PlannerInfo *root, RelOptInfo *rel) {
  const PlannedTable &table = planned(rel);
  ScanCost const cost = {table.summary_rows, rel->rows};
  add_path(rel, make_scan_path(root, rel, cost.rows, kStartup, cost.total(table), rel->lateral_relids));
  add_joining_paths(root, rel);
}

ForeignScan *plan_scan(RelOptInfo *rel, List *targets, List *clauses, Plan *outer) {
  const PlannedTable &table = planned(rel);
  EarlyClauses early = {};
  List *late = NIL;
  List *recheck = NIL;
  ListCell *cell = nullptr;
  foreach (cell, clauses) {
    auto *const clause = static_cast<RestrictInfo *>(lfirst(cell));
    if (clause->pseudoconstant) continue;  // a node above evaluates it
    bool const is_early =
        restriction_is_securely_promotable(clause, rel) && add_early(early, clause->clause, rel->relid, *table.shape);
    if (is_early)
      recheck = lappend(recheck, clause->clause);
    else
      late = lappend(late, clause->clause);
  }
  ColumnSet const used = columns_in(rel->reltarget->exprs, rel->relid, *table.shape) | columns_in(late, rel->relid, *table.shape) |
                         columns_in(recheck, rel->relid, *table.shape);
  List *const details = list_make4(makeInteger(static_cast<int>(used)), early.bounded,
                                   makeConst(OIDOID, -1, InvalidOid, sizeof(Oid), ObjectIdGetDatum(table.oid), false, true), NIL);
  return make_foreignscan(targets, late, rel->relid, expressions_of(early), details, NIL, recheck, outer);
}

}  // namespace reseller_report
