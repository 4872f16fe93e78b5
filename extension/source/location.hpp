// Which table of this database a source is, and whether its partitions are known: by number, whatever its name has become.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace reseller_report {

/// The table of a source as of now: the one whose number is noted, whatever its name; where none is noted, after a restore, the one
/// of this name. InvalidOid when it is gone: another table of its name is not the source.
Oid table_of(std::int64_t source, const char *schema, const char *table);

/// Whether the number of a source's table is noted.
bool is_noted(std::int64_t source);

/// Whether a table has other partitions than the registry knows of its source; false where it does not know those of this database.
bool has_strangers(std::int64_t source, Oid relid);

/// Notes which table a source is, and once that its leaves are known.
void note_table(std::int64_t source, Oid relid, bool knows_leaves);

}  // namespace reseller_report
