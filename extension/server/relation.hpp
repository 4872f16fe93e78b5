// What the catalogs say of tables, connected or not.
#pragma once

#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// Whether this backend holds a lock on a table of this database, in just this mode.
bool is_locked_by_me(Oid table, LOCKMODE mode);

/// The owner of a table; 42P01 where no table has this OID.
Oid owner_of(Oid table);

/// A name as SQL writes it, quoted where necessary; and a name with its schema.
std::string quoted(const char *name);
std::string quoted_name(const char *schema, const char *name);

/// A table's name with its schema, quoted.
std::string qualified_name(Oid table);

/// A call of a function of ours for a table, as a hint shows it.
std::string call_for(const char *function, const std::string &table);

// Several functions tell which tables belong to a table. They differ in what they read, and in what they say of each table:
// - family_of() reads pg_inherits itself, as it is now. A partition that is being detached concurrently belongs to the table no
//   more. It is for following DDL, and for locking what has just come.
// - members_of() (source/member.hpp) gives the same tables with their names and kinds, and says which of them can be captured.
// - find_all_inheritors() is the server's own. It gives the tables that a query reads in the active snapshot, so a partition whose
//   detaching this snapshot does not see is among them. It may miss the first partition of a table that is not locked. It alone can
//   lock what it finds.
// - leaves_of() (source/leaf.hpp) gives the same tables as that, with the days that the registry has for each.
// - tables_of() in source/leaf.cpp gives them as sorted OIDs, to be compared with the registry.

/// A table and all that descends from it, partitions and inheritance children, as the catalog has it now, whatever caches say.
std::vector<Oid> family_of(Oid table);

/// The same, followed by all tables that this one descends from.
std::vector<Oid> family_and_ancestors_of(Oid table);

}  // namespace reseller_report
