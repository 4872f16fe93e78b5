// What the catalogs say of tables, connected or not.
#pragma once

#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// The owner of a table; 42P01 where no table has this OID.
Oid owner_of(Oid table);

/// A name as SQL writes it, quoted where necessary; and a name with its schema.
std::string quoted(const char *name);
std::string quoted_name(const char *schema, const char *name);

/// A table's name with its schema, quoted.
std::string qualified_name(Oid table);

/// A call of a function of ours for a table, as a hint shows it.
std::string call_for(const char *function, const std::string &table);

/// A table and all that descends from it, partitions and inheritance children, as the catalog has it now, whatever caches say.
std::vector<Oid> family_of(Oid table);

/// The same, followed by all tables that this one descends from.
std::vector<Oid> family_and_ancestors_of(Oid table);

}  // namespace reseller_report
