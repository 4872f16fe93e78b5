// What a dependency change reads of the usage tables, which it must not wait for: it holds the lease, and its transaction may
// hold anything besides. Days whose rows it cannot read it un-builds: reports read them raw then, and no figures are to be moved
// there.
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
