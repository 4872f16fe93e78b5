// Follows what a DDL command did to connected tables that are still there.
#pragma once

#include "server/boundary.hpp"

namespace reseller_report {

/// A command that has just ended, as its event trigger has it.
struct AlteringCommand {
  const char *tag;
  const char *old_column;  ///< of the column that it renamed; both NULL when it renamed none
  const char *new_column;

  /// Whether the command renames schemas, or moves objects between them, and does nothing else. Then types may have other names,
  /// but are the same.
  bool only_moves_schemas() const { return strcmp(tag, "ALTER SCHEMA") == 0 || strcmp(tag, "ALTER EXTENSION") == 0; }
  bool alters_types() const { return strcmp(tag, "ALTER TYPE") == 0; }
};

/// Follows names of tables, columns and partitions, and un-builds days whose rows may have changed uncaptured. Acts as the caller,
/// who is the extension's owner.
void follow_altered(const AlteringCommand &command);

}  // namespace reseller_report
