// The tables that make up a source: itself, and its partitions of all levels.
#pragma once

#include <vector>

#include "source/registry.hpp"

namespace reseller_report {

/// A table that holds rows or partitions of a source, and the days that its rows may be of.
struct Leaf {
  Oid relid;
  Range days;
};

/// All tables of a source as of now, the table itself first. The caller has locked that one.
std::vector<Leaf> leaves_of(const Source &source);

/// Whether a table has other partitions than the registry knows of its source; false where it does not know those of this database.
bool has_strangers(std::int64_t source, Oid relid);

/// Locks partitions that were attached after the source was locked; call it after reading the source's marks. When an ATTACH
/// commits, its rows and its mark are visible a moment before other sessions are told that the table has another partition. In that
/// moment two queries of one report could differ. The attaching session holds the partition until the others have been told, so
/// locking it waits that moment out.
void lock_what_came(const Source &source);

}  // namespace reseller_report
