// The planner's headers, and every difference between their versions that the tables meet.
#pragma once

#include "server/expression.hpp"

extern "C" {
#include <access/stratnum.h>
#include <commands/explain.h>
#include <foreign/fdwapi.h>
#include <nodes/makefuncs.h>
#include <optimizer/cost.h>
#include <optimizer/optimizer.h>
#include <optimizer/pathnode.h>
#include <optimizer/paths.h>
#include <optimizer/planmain.h>
#include <optimizer/restrictinfo.h>
#include <optimizer/tlist.h>
#include <utils/date.h>
#include <utils/selfuncs.h>
#if PG_VERSION_NUM >= 180000
#include <commands/explain_format.h>
#include <commands/explain_state.h>
#endif
}

namespace reseller_report {

// PostgreSQL 17 gave paths of foreign scans a list of clauses, and 18 a number of disabled nodes.
inline Path *make_scan_path(PlannerInfo *root, RelOptInfo *rel, double rows, Cost startup, Cost total, Relids outer) {
#if PG_VERSION_NUM >= 180000
  return &create_foreignscan_path(root, rel, nullptr, rows, 0, startup, total, NIL, outer, nullptr, NIL, NIL)->path;
#elif PG_VERSION_NUM >= 170000
  return &create_foreignscan_path(root, rel, nullptr, rows, startup, total, NIL, outer, nullptr, NIL, NIL)->path;
#else
  return &create_foreignscan_path(root, rel, nullptr, rows, startup, total, NIL, outer, nullptr, NIL)->path;
#endif
}

inline Path *make_upper_path(PlannerInfo *root, RelOptInfo *rel, PathTarget *target, double rows, Cost startup, Cost total) {
#if PG_VERSION_NUM >= 180000
  return &create_foreign_upper_path(root, rel, target, rows, 0, startup, total, NIL, nullptr, NIL, NIL)->path;
#elif PG_VERSION_NUM >= 170000
  return &create_foreign_upper_path(root, rel, target, rows, startup, total, NIL, nullptr, NIL, NIL)->path;
#else
  return &create_foreign_upper_path(root, rel, target, rows, startup, total, NIL, nullptr, NIL)->path;
#endif
}

}  // namespace reseller_report
