// The dependencies, as reseller_report.dependency has them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/membership.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// The bounds of a tstzrange as a half-open range; the dependency table admits no others.
Range range_of(Datum stored);

/// A row of the dependency table: the values of its columns.
Membership membership_of(const Datum *values);

/// The dependencies of `companies` in the active snapshot, in order of company. `companies` may be in any order and name one
/// several times.
std::vector<Membership> memberships_of(std::vector<std::int64_t> companies);

/// The dependencies on a reseller in the active snapshot, in any order; only those of one company where it is given. They are
/// tracked. The server would plan a query of them longer than it takes to read a few.
std::vector<Membership> memberships_on(std::int64_t reseller, std::optional<std::int64_t> company);

/// A row that this transaction deleted or replaced.
struct FormerMembership {
  Membership membership;
  bool is_own;  ///< this transaction had made it, too
};

/// The rows of `companies` that this transaction deleted or replaced, also those whose triggers have not fired yet. What they held
/// stays in the table until the transaction ends.
std::vector<FormerMembership> memberships_taken_away(std::vector<std::int64_t> companies);

/// Whether a statement under way has changed dependencies, and triggers that move figures accordingly may not have fired yet.
bool awaits_moves();

/// Raises 55000 where awaits_moves(). Whatever changes summaries then would attribute usage by the new dependencies already, and
/// the triggers would move the same usage once more.
void require_dependencies_followed();

}  // namespace reseller_report
