// Acting as another role, so that what is run has that role's rights and no others.
#pragma once

#include <string>

#include "server/boundary.hpp"

namespace reseller_report {

/// Acts as `role` while it lives, in a security-restricted operation whose settings end with it, so that nothing a table's
/// owner planted can use our rights or change the session. Search paths are pinned by the SQL functions that lead here.
class ActingAs {
 public:
  explicit ActingAs(Oid role) : exceptions_(std::uncaught_exceptions()), settings_(NewGUCNestLevel()) {
    GetUserIdAndSecContext(&saved_role_, &saved_context_);
    SetUserIdAndSecContext(role, saved_context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  }
  ~ActingAs() {
    // After an error the end of the (sub)transaction restores the settings.
    if (std::uncaught_exceptions() == exceptions_) AtEOXact_GUC(false, settings_);
    SetUserIdAndSecContext(saved_role_, saved_context_);
  }
  ActingAs(const ActingAs &) = delete;
  ActingAs &operator=(const ActingAs &) = delete;

  /// Changes a setting for as long as the object lives.
  void set(const char *name, const char *value) const {
    pg([&] { (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false); });
  }

 private:
  int exceptions_;
  int settings_;
  Oid saved_role_;
  int saved_context_;
};

/// Has names in SQL mean the server's own objects while it lives, whatever the session's search path, for code that no SQL function
/// with a path of its own leads to.
class PinnedSearchPath {
 public:
  PinnedSearchPath() : exceptions_(std::uncaught_exceptions()), settings_(NewGUCNestLevel()) {
    pg([] {
      (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    });
  }
  ~PinnedSearchPath() {
    if (std::uncaught_exceptions() == exceptions_) AtEOXact_GUC(false, settings_);
  }
  PinnedSearchPath(const PinnedSearchPath &) = delete;
  PinnedSearchPath &operator=(const PinnedSearchPath &) = delete;

 private:
  int exceptions_;
  int settings_;
};

/// A table's owner, and what to say where the owner lacks a right. It is looked up beforehand, because after an error the catalogs
/// cannot be read.
struct TableOwner {
  Oid role;
  std::string complaint;  ///< how the message begins
  std::string hint;       ///< the GRANT to run: on the schema where a right is missing there, else on the table

  /// `makes_tables`: the owner is to make partitions, and not only to read.
  TableOwner(Oid table, bool makes_tables);

  /// Throws on an error that the server raised while we acted as the owner. Where the owner lacked a right, the error becomes
  /// 55000, because 42501 would say that the caller lacks it.
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
