// Watching DDL on connected tables, but not our own.
#pragma once

#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// While one lives, event triggers of the extension do nothing: the DDL under way is its own work.
class OwnDdl {
 public:
  OwnDdl() { depth_++; }
  ~OwnDdl() { depth_--; }
  OwnDdl(const OwnDdl &) = delete;
  OwnDdl &operator=(const OwnDdl &) = delete;

  static bool under_way() { return depth_ > 0; }

 private:
  static int depth_;
};

/// A table and all that descends from it, partitions and inheritance children, as the catalog has it now, whatever caches say.
std::vector<Oid> family_of(Oid table);

}  // namespace reseller_report
