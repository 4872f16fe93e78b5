// The lease: one row that every change of the summaries updates first, so that folds and dependency changes take turns
// and a transaction whose snapshot is older than the last holder's commit gets 40001 from the server itself.
#pragma once

#include <cstdint>

#include "period.hpp"

namespace reseller_report {

/// Waits for the lease and holds it until the transaction ends. Take a fresh snapshot afterwards.
void take_lease();

/// Notes a finished fold for materializer_state.
void note_fold(std::int64_t deltas, Time duration);

}  // namespace reseller_report
