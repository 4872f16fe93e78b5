// Writes figures that move from reseller to reseller as runs.
#pragma once

#include <map>
#include <vector>

#include "core/change.hpp"
#include "core/membership.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

using Figures = std::map<UsageKey, WideCounters>;

/// Writes a change for each move that the key lies in, or several where the figures exceed 64 bits.
void write_moves(const UsageKey &key, const WideCounters &counters, const std::vector<Move> &moves, Time now, RunWriter &writer);

}  // namespace reseller_report
