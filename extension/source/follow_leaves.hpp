// Keeping the registry of leaves as the catalogs are now: partitions that come with rows, or go, un-build their days.
#pragma once

#include "source/leaf.hpp"

namespace reseller_report {

/// The whole days UTC that the rows of a partition may be of, by its bounds; all time where they do not say it.
Range days_of_leaf(Oid leaf, const RegistryRow &source);

/// What comes (sign 1) or goes (-1) with a partition as a whole un-builds its days. Days before the horizon cannot be built again:
/// rows that late usage has left there are captured one by one. The caller has locked the partition against writers.
void follow_rows(const RegistryRow &source, Oid leaf, const Range &days, int sign, const std::string &reason);

/// Which leaves there are when they are followed.
enum class Leaves {
  kAsConnected,  ///< those of a table that is just being connected, or that create_partitions has made: nothing is un-built
  kChanged,      ///< a leaf that came by DDL un-builds its days if it has rows
  kUnseen        ///< a leaf that came past the event triggers un-builds its days: its rows may have been deleted since, uncaptured
};

/// Brings the registry of a source's leaves up to date: their names, those that came and those that went. Every leaf that can be
/// captured has its TRUNCATE trigger afterwards. Acts as the caller, who is the extension's owner.
void follow_leaves(std::int64_t source, Oid root, Leaves leaves);

}  // namespace reseller_report
