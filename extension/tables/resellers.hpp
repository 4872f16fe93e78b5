// The resellers whose rows a table shows: those that the current role may read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

struct ReadableReseller {
  std::int64_t id;
  std::string name;
  std::string time_zone;
  std::string currency;
};

/// In order of id; only one where it is given. Grants are read as the latest commit has them, resellers in the active snapshot.
std::vector<ReadableReseller> readable_resellers(const std::int64_t *only);

}  // namespace reseller_report
