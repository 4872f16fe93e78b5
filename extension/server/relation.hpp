// What the catalogs say of any table.
#pragma once

#include <string>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// The owner of a table; 42P01 when there is none of this number.
Oid owner_of(Oid table);

/// A name as SQL has it, quoted where it must be; and one with its schema.
std::string quoted(const char *name);
std::string quoted_name(const char *schema, const char *name);

/// A table's name with its schema, quoted.
std::string qualified_name(Oid table);

/// A call of a function of ours for a table, as a hint shows it.
std::string call_for(const char *function, const std::string &table);

/// A table and all that descends from it, partitions and inheritance children, as the catalog has it now, whatever caches say.
std::vector<Oid> family_of(Oid table);

/// The same, and after them all that it descends from.
std::vector<Oid> family_and_ancestors_of(Oid table);

}  // namespace reseller_report
