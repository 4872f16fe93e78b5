// DDL on connected tables that no event trigger saw: ALTER EXTENSION moves the tables of an extension to another schema, and event
// triggers can be switched off.
#pragma once

#include "source/registry.hpp"

namespace reseller_report {

/// Brings the registry of leaves up to date where it does not know all partitions, and un-builds their days. Never waits for a
/// lock: where one is held, a later call does it.
void follow_strangers(const std::vector<Source> &sources);

/// The same for all sources. Forgets those whose table is gone, too, and stores the names that tables have now. The caller holds
/// the lease, so this must not wait for a table.
void follow_unseen();

}  // namespace reseller_report
