// The rows of the registry of connected tables, without what the catalogs say of these tables.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/period.hpp"
#include "server/own_table.hpp"

namespace reseller_report {

/// A row of the registry; what it points to is palloc'd.
struct RegistryRow {
  std::int64_t id;
  const char *service;
  const char *schema;
  const char *table;
  Jsonb *rules;
  Time horizon;
  std::int64_t moves;
  bool restored;
  bool restored_captured;
  ItemPointerData place;
};

/// All rows that a snapshot sees, in order of their ids, in memory of their own.
class Registry {
 public:
  Registry(const OwnTable &table, Snapshot snapshot);
  ~Registry();
  Registry(const Registry &) = delete;
  Registry &operator=(const Registry &) = delete;

  const std::vector<RegistryRow> &rows() const { return rows_; }

 private:
  MemoryContext memory_ = nullptr;
  std::vector<RegistryRow> rows_;
};

/// The registry as the active snapshot sees it, and as it is now. Where both see the same, it is read once.
std::shared_ptr<const Registry> registry_seen();
std::shared_ptr<const Registry> latest_registry();

/// Whether two rows name the same table.
bool same_names(const RegistryRow &a, const RegistryRow &b);

/// Gives a row the names that its table has now. A rename in the system catalogs shows in all snapshots at once. So the names in
/// the registry are read from its latest version, too.
void follow_renames(RegistryRow &row);

/// The rows of the registry as of now, in order of their ids; and the row of one source.
std::vector<RegistryRow> registry_now();
std::optional<RegistryRow> registry_now(std::int64_t source);

/// The table of a row as of now; InvalidOid when it is gone.
Oid table_of(const RegistryRow &row);

/// Takes a source whose table is gone out of the registry. The next fold clears its summaries. Acts as the caller, who is the
/// extension's owner.
void forget_source(const RegistryRow &row);

/// The tables of all sources as the latest commit sees them, not locked. All callers get them in the same order.
std::vector<Oid> connected_tables();
bool is_connected(Oid table);

/// How many times rows of a source were moved to partitions of their own, as `snapshot` sees it; nullptr stands for the latest one.
/// Returns nothing where the snapshot does not see the source.
std::optional<std::int64_t> times_moved(std::int64_t source, Snapshot snapshot);

/// Whether the table of a source is gone, or has another name or other partitions than the registry says. Locks no table.
bool is_registry_stale();

/// Whether all sources came with a dump, as the latest commit sees the registry.
bool only_restored_sources();

}  // namespace reseller_report
