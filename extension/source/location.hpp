// Which table of this database a source is: by number, whatever its name has become.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace reseller_report {

/// The table of a source as of now: the one whose number is noted, whatever its name; where none is noted, after a restore, the one
/// of this name. InvalidOid when it is gone: another table of its name is not the source.
Oid table_of(std::int64_t source, const char *schema, const char *table);

/// Whether a table of this number is there; the one of this name, or InvalidOid.
bool is_there(Oid relid);
Oid table_named(const char *schema, const char *table);

/// Whether the numbers that the registry has of the source's leaves are of this database.
bool knows_leaves(std::int64_t source);

/// Whether the number of a source's table is noted.
bool is_noted(std::int64_t source);

/// Notes which table a source is, and once that its leaves are known.
void note_table(std::int64_t source, Oid relid, bool knows_leaves);

}  // namespace reseller_report
