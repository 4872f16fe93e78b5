// Who may read which reseller's reports.
#pragma once

#include <cstdint>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// Raises 42501 unless the current role may read this reseller's reports. Raises the same for a reseller that does not exist.
void require_access(std::int64_t reseller);

/// Whether the current role may read this reseller's reports, as far as a grant to the role itself tells, or one of the first
/// `most` grants to any role.
bool may_read(std::int64_t reseller, std::int64_t most);

/// The resellers whose reports a role may read.
struct Readable {
  bool is_all;
  std::vector<std::int64_t> resellers;  ///< in order; they may be gone

  bool contains(std::int64_t reseller) const;
};

Readable readable_by(Oid role);

}  // namespace reseller_report
