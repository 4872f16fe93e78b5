// Which table of this database a source is. Its OID is noted, so that the table may change its name.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace reseller_report {

/// The table of a source as of now. Where its OID is noted, a renamed table is still the source, and another table that has taken
/// the name is not. Where none is noted, after a restore, the name decides. InvalidOid when the table is gone.
Oid table_of(std::int64_t source, const char *schema, const char *table);

/// Whether there is a table with this OID.
bool is_there(Oid relid);

/// The table of this name; InvalidOid when there is none.
Oid table_named(const char *schema, const char *table);

/// Whether the OIDs that source_leaf has for the source are of this database, and not of the one that a dump came from.
bool knows_leaves(std::int64_t source);

/// The OID that is noted for a source's table; InvalidOid when none is.
Oid noted_table(std::int64_t source);

/// Whether the OID of a source's table is noted.
bool is_noted(std::int64_t source);

/// Notes which table a source is and, `with_leaves`, that source_leaf has the leaves that it has in this database.
void note_table(std::int64_t source, Oid relid, bool with_leaves);

}  // namespace reseller_report
