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

/// A row of the registry of leaves.
struct RegisteredLeaf {
  std::int64_t source;
  NameData schema;
  NameData table;
  Range days;
  Oid relid;  ///< InvalidOid where no table had the name when a dump was restored
  ItemPointerData place;
};

/// The leaves that the registry has as of now, of all sources or of one.
std::vector<RegisteredLeaf> registered_leaves();
std::vector<RegisteredLeaf> registered_leaves(std::int64_t source);

/// The table of a leaf as of now: by OID where the registry's OIDs are of this database, else by name; InvalidOid when it is gone.
Oid table_of(const RegisteredLeaf &leaf);

/// All tables of a source as of now, the table itself first. The caller has locked that one.
std::vector<Leaf> leaves_of(const Source &source);

/// Whether a source's table has other partitions than the registry has. False after a restore, until the registry has been brought
/// up to date.
bool has_strangers(std::int64_t source, Oid relid);

/// Locks partitions that were attached after the source was locked; call it after reading the source's marks. When an ATTACH
/// commits, its rows and its mark are visible a moment before other sessions are told that the table has another partition. In that
/// moment two queries of one report could differ. The attaching session holds the partition until the others have been told, so
/// locking it waits that moment out.
void lock_what_came(const Source &source);

}  // namespace reseller_report
