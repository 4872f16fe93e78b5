// What an apply worker of logical replication notes in reseller_report.applied: how far its subscription is.
#pragma once

namespace reseller_report {

/// Has each transaction that an apply worker commits from now on note its position.
void initialize_applied();

}  // namespace reseller_report
