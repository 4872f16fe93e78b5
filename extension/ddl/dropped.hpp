// What goes from connected tables: partitions that are detached or dropped, rows that are truncated or rewritten, tables, columns
// and triggers that are dropped. All as the extension's owner.
#pragma once

#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// Un-builds the days of a partition that DETACH PARTITION ... CONCURRENTLY is about to detach.
void follow_detaching(Oid partition);

/// Takes account of partitions that are about to be dropped, whose rows nothing can read afterwards: days before the horizon cannot
/// be built again. Those of a table that goes as a whole do not matter.
void follow_dropping(const std::vector<Oid> &tables);

/// Follows what the command has dropped, as pg_event_trigger_dropped_objects() has it.
void follow_dropped();

/// Un-builds the days of a partition that the command rewrites.
void follow_rewrite(const char *tag);

}  // namespace reseller_report
