// The dependencies, as reseller_report.dependency has them.
#pragma once

#include <vector>

#include "core/membership.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// The bounds of a tstzrange as a half-open range; the dependency table admits no others.
Range range_of(Datum stored);

/// A row of the dependency table: the values of its columns.
Membership membership_of(const Datum *values);

/// The dependencies of `companies`, in any order and any number of times, in the active snapshot; in order of company.
std::vector<Membership> memberships_of(std::vector<std::int64_t> companies);

/// A row that this transaction deleted or replaced.
struct FormerMembership {
  Membership membership;
  bool is_own;  ///< this transaction had made it, too
};

/// The rows of `companies` that this transaction took away, also those whose triggers have not fired yet. They stay in the table
/// until it ends.
std::vector<FormerMembership> memberships_taken_away(std::vector<std::int64_t> companies);

/// Whether a statement under way has changed dependencies, and triggers that move figures accordingly may not have fired yet.
bool awaits_moves();

/// Refuses (55000) what changes summaries in such a moment: it would attribute by dependencies that the moves do not know of.
void require_dependencies_followed();

}  // namespace reseller_report
