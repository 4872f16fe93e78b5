// Keeps the registry of leaves as the catalogs are now. Partitions that come with rows un-build their days, and so do those that
// go.
#pragma once

#include "source/leaf.hpp"

namespace reseller_report {

/// The whole days UTC that the rows of a partition may be of, by its bounds; all time where they do not say it.
Range days_of_leaf(Oid leaf, const RegistryRow &source);

/// Un-builds the days of a partition that has come with all its rows (sign 1) or goes with them (-1). Days before the horizon
/// cannot be built again. Rows that late usage has left there are captured one by one instead. The caller has locked the partition
/// against writers.
void follow_rows(const RegistryRow &source, Oid leaf, const Range &days, int sign, const std::string &reason);

/// How the leaves came that the registry does not have yet.
enum class Leaves {
  kAsConnected,  ///< with a table that is just being connected, or by create_partitions: nothing is un-built
  kChanged,      ///< by DDL: a leaf un-builds its days if it has rows
  kUnseen        ///< past the event triggers: a leaf un-builds its days, because rows may have been deleted since, uncaptured
};

/// Brings the registry of a source's leaves up to date: their names, those that came and those that went. Every leaf that can be
/// captured has its TRUNCATE trigger afterwards. Acts as the caller, who is the extension's owner.
void follow_leaves(std::int64_t source, Oid root, Leaves leaves);

}  // namespace reseller_report
