// The foreign-data wrapper of the tables: what the server calls.

#include "tables/explain.hpp"
#include "tables/group_plan.hpp"
#include "tables/scan.hpp"

namespace reseller_report {
namespace {

// Work in the planner, which owns nothing with a destructor.
template <typename F>
void planning(F &&f) {
  guarded([&] {
    pg([&] { f(); });
    return Datum{0};
  });
}

void get_size(PlannerInfo *root, RelOptInfo *rel, Oid table) {
  planning([&] { plan_size(root, rel, table); });
}

void get_paths(PlannerInfo *root, RelOptInfo *rel, Oid) {
  planning([&] { plan_paths(root, rel); });
}

void get_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output, void *extra) {
  planning([&] { plan_groups(root, stage, input, output, extra); });
}

ForeignScan *get_plan(PlannerInfo *, RelOptInfo *rel, Oid, ForeignPath *, List *targets, List *clauses, Plan *outer) {
  ForeignScan *plan = nullptr;
  planning([&] { plan = IS_UPPER_REL(rel) ? plan_grouped_scan(rel, targets, outer) : plan_scan(rel, targets, clauses, outer); });
  return plan;
}

TableScan &scan_of(ForeignScanState *node) { return **static_cast<std::unique_ptr<TableScan> *>(node->fdw_state); }

// The scan lives in C++ memory, and goes with the memory of the query, also after an error.
std::unique_ptr<TableScan> &make_state(ForeignScanState *node) {
  std::unique_ptr<TableScan> *holder = nullptr;
  MemoryContextCallback *callback = nullptr;
  MemoryContext const memory = node->ss.ps.state->es_query_cxt;
  pg([&] { callback = static_cast<MemoryContextCallback *>(MemoryContextAllocZero(memory, sizeof *callback)); });
  holder = new std::unique_ptr<TableScan>;
  callback->func = [](void *state) { delete static_cast<std::unique_ptr<TableScan> *>(state); };
  callback->arg = holder;
  MemoryContextRegisterResetCallback(memory, callback);
  node->fdw_state = holder;
  return *holder;
}

std::unique_ptr<TableScan> make_scan(const ScanOrder &order, List *grouping) {
  if (grouping != NIL) return scan_of_groups(order, grouping);
  switch (order.shape->kind) {
    case TableKind::kResellers:
      return scan_of_resellers(order);
    case TableKind::kCompanies:
      return scan_of_companies(order);
    default:
      return scan_of_usage(order);
  }
}

void begin_scan(ForeignScanState *node, int) {
  guarded([&] {
    auto const *const plan = reinterpret_cast<const ForeignScan *>(node->ss.ps.plan);
    List *const grouping = grouping_in(plan);
    ScanOrder order = {};
    order.node = node;
    order.shape = &shape_of(table_in(plan));
    order.relid = grouping != NIL ? static_cast<Index>(intVal(list_nth(grouping, kGroupRelation))) : plan->scan.scanrelid;
    order.used = static_cast<ColumnSet>(intVal(list_nth(plan->fdw_private, kUsedColumns)));
    order.bounded = static_cast<List *>(list_nth(plan->fdw_private, kBounded));
    order.expressions = grouping != NIL ? static_cast<List *>(list_nth(grouping, kGroupClauses)) : plan->fdw_exprs;
    make_state(node) = make_scan(order, grouping);
    return Datum{0};
  });
}

TupleTableSlot *next_row(ForeignScanState *node) {
  TupleTableSlot *const slot = node->ss.ss_ScanTupleSlot;
  guarded([&] {
    pg([&] { ExecClearTuple(slot); });
    scan_of(node).next(slot);
    return Datum{0};
  });
  return slot;
}

void restart_scan(ForeignScanState *node) { scan_of(node).restart(); }

void end_scan(ForeignScanState *) {}

void explain_scan(ForeignScanState *node, ExplainState *explain) {
  guarded([&] {
    std::int64_t const rows_read = scan_of(node).summary_rows_read();
    pg([&] {
      explain_plan(reinterpret_cast<const ForeignScan *>(node->ss.ps.plan), explain);
      if (explain->analyze) ExplainPropertyInteger("Summary Rows Read", nullptr, rows_read, explain);
    });
    return Datum{0};
  });
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_tables_handler) {
  FdwRoutine *routine = nullptr;
  pg([&] { routine = makeNode(FdwRoutine); });
  routine->GetForeignRelSize = get_size;
  routine->GetForeignPaths = get_paths;
  routine->GetForeignUpperPaths = get_upper_paths;
  routine->GetForeignPlan = get_plan;
  routine->BeginForeignScan = begin_scan;
  routine->IterateForeignScan = next_row;
  routine->ReScanForeignScan = restart_scan;
  routine->EndForeignScan = end_scan;
  routine->ExplainForeignScan = explain_scan;
  return PointerGetDatum(routine);
}

}  // namespace reseller_report
