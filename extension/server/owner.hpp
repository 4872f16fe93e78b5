// Acting as the owner of a usage table.
#pragma once

#include <string>

#include "server/sql.hpp"

namespace reseller_report {

/// What a table's owner is and lacks, for an error: looked up before it is needed, for after an error nothing can be.
struct TableOwner {
  Oid role;
  std::string complaint;  ///< the begin of the message
  std::string hint;       ///< the GRANT of what he lacks in the table's schema, or of the table

  /// `makes_tables`: he is to make partitions, and not only to read.
  TableOwner(Oid table, bool makes_tables);

  /// Throws what stands for a server's error of his: 42501 would say that the caller lacks a right, so it becomes 55000.
  [[noreturn]] void fail(const PgError &error) const;
};

/// Runs `work(acting)` as the owner of a table.
template <typename F>
void as_owner(Oid table, bool makes_tables, F &&work) {
  TableOwner const owner(table, makes_tables);
  try {
    ActingAs const acting(owner.role);
    work(acting);
  } catch (const PgError &error) {
    owner.fail(error);
  }
}

template <typename F>
void reading_as_owner(Oid table, F &&work) {
  as_owner(table, false, work);
}

template <typename F>
void making_as_owner(Oid table, F &&work) {
  as_owner(table, true, work);
}

}  // namespace reseller_report
