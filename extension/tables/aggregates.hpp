// Which aggregates a scan can compute.
//
// All of this runs in the planner: inside pg(), and nothing here has a destructor.
#pragma once

#include "tables/subject.hpp"

namespace reseller_report {

/// The list that the executor is given of an aggregate (AggregatePrivate); NIL where a scan cannot compute it.
List *planned_aggregate(const Aggref *aggregate, Index relid, const TableShape &shape);

}  // namespace reseller_report
