// Reads catalogs as of now, whatever snapshot the transaction has. DDL is not MVCC, so what follows it cannot rely on a snapshot
// either.
#pragma once

#include <optional>

#include "server/boundary.hpp"

namespace reseller_report {

/// The type of a column; of a domain, the one under it.
struct ColumnNow {
  Oid type;
  const char *shown;  ///< as format_type() shows it, after "virtual " where its values are not stored; palloc'd
};

/// Returns nothing where the table has no such column.
std::optional<ColumnNow> column_now(Oid table, const char *name);

}  // namespace reseller_report
