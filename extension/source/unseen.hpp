// What DDL did to connected tables past the event triggers: an extension that moved with its members, or event_triggers that were
// off.
#pragma once

#include "source/registry.hpp"

namespace reseller_report {

/// Brings the registry of partitions up to date where it does not have those of the table: what they may have changed is un-built.
/// Waits for nobody: where a lock is not to be had at once, the next call does it.
void follow_strangers(const std::vector<Source> &sources);

/// The same for all sources, and forgets those whose table is gone, and follows names. Under the lease, hence waits for no table.
void follow_unseen();

}  // namespace reseller_report
