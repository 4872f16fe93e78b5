// Follows what leaves connected tables: partitions that are detached or dropped, rows that are truncated or rewritten, tables,
// columns and triggers that are dropped. All functions act as the caller, who is the extension's owner.
#pragma once

#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// Un-builds the days of a partition that DETACH PARTITION ... CONCURRENTLY is about to detach.
void follow_detaching(Oid partition);

/// Before partitions are dropped, captures their rows from before the horizon, as if each were deleted. Those days cannot be built
/// again, and after the DROP nothing can read the rows. Partitions of a connected table that is dropped itself do not matter.
void follow_dropping(const std::vector<Oid> &tables);

/// Follows what the command has dropped, as pg_event_trigger_dropped_objects() has it.
void follow_dropped();

/// Un-builds the days of a partition that the command rewrites.
void follow_rewrite(const char *tag);

}  // namespace reseller_report
