// The statements under way in this backend: a function that one of them calls sees rows whose capture has not fired yet.
#pragma once

#include "boundary.hpp"

namespace reseller_report::statement {

/// Whether a statement under way writes to this table or one of its partitions.
bool writes_to(Oid root);

/// Whether a statement that began before the library was loaded, of which nothing is known, may be writing to this table.
bool may_write_unseen(Oid root);

/// Installs the executor hook; called once, when the library is loaded.
void initialize();

}  // namespace reseller_report::statement
