// Finds what a dependency change can read of the usage tables. It must not wait for their locks, because it holds the lease, and
// its transaction may hold any other lock. It un-builds the days whose rows it cannot read. Then reports read raw rows there, and
// there are no figures to move.
#pragma once

#include <optional>
#include <vector>

#include "source/registry.hpp"

namespace reseller_report {

/// A source, and those of its built days after the horizon whose rows can be read.
struct MovableSource {
  SourceState state;
  std::optional<Source> source;  ///< locked where `built` needs it
  std::vector<Range> built;
};

/// All sources of the active snapshot, with what of `moved` can be read. The rest of it is un-built from here on.
std::vector<MovableSource> movable_sources(const Range &moved);

}  // namespace reseller_report
