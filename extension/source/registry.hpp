// The registry of connected tables: which tables feed which service, and how their rows are read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/item.hpp"
#include "core/period.hpp"
#include "server/boundary.hpp"
#include "server/query.hpp"
#include "source/mapping.hpp"
#include "source/registry_rows.hpp"

namespace reseller_report {

/// What lives as long as somebody has the source that it was made for.
class SourceMemory {
 public:
  /// Takes over a context, which belongs to the session from then on.
  explicit SourceMemory(MemoryContext context);
  ~SourceMemory();
  SourceMemory(const SourceMemory &) = delete;
  SourceMemory &operator=(const SourceMemory &) = delete;

  /// The kept queries for raw rows of a short range, of chosen companies and of all.
  KeptQuery of_companies;
  KeptQuery of_all;

 private:
  MemoryContext context_;
};

/// A table and a service that it feeds. A table that feeds several is as many sources.
struct Source {
  std::int64_t id;
  Oid relid;
  std::string name;  ///< schema-qualified and quoted
  Mapping mapping;
  std::shared_ptr<SourceMemory> memory;  ///< holds the mapping
  Time horizon;        ///< usage before it counts as the summaries have it, because its raw rows were pruned; -infinity: none
  bool is_captured;    ///< whether the capture trigger is there and on
  bool is_readable;    ///< whether the mapped columns are there and of types that can be read
  bool has_strangers;  ///< whether partitions came or went that the registry does not know of
  bool keeps_plans;    ///< whether all its tables are locked, and so few that one plan may stand for all of them

  /// Whether DDL came that no event trigger saw, which may have stopped capture, too.
  bool was_changed_unseen() const { return !is_readable || has_strangers; }

  /// Whether capture has followed all changes of the table: the capture trigger is on, the mapped columns can be read, and the
  /// registry knows all partitions. Where this is false, nothing may rely on the summaries.
  bool is_followed() const { return is_captured && !was_changed_unseen(); }
};

/// The part of a source that decides which days its summaries answer for.
struct SourceState {
  std::int64_t id;
  Time horizon;
  bool is_reliable;  ///< whether its summaries may be relied on at all: Source::is_followed(), or what source_states() takes for it
};

/// The sources that feed any of these services in the active snapshot, locked against TRUNCATE and DROP until the transaction ends.
/// They are locked in order of their ids, and returned in order of their names. A source whose table is gone is left out.
std::vector<Source> sources_of(const std::vector<Service> &services);

/// All sources of the active snapshot, locked and ordered likewise.
std::vector<Source> all_sources();

/// The sources that a table is, one for each service, in the active snapshot, locked likewise; none when it is not connected.
std::vector<Source> find_sources(Oid table);

/// The same; 42704 when it is not connected.
std::vector<Source> sources_of_table(Oid table);

/// The ids of sources.
std::vector<std::int64_t> ids_of(const std::vector<Source> &sources);

/// The sources of the active snapshot whose table is there, in order of their ids, not locked. is_reliable says less of them than
/// Source::is_followed() does: only that the table has a trigger of the capture trigger's name. That is enough, because whoever
/// switches that trigger off un-builds all days.
std::vector<SourceState> source_states();

/// A source of the active snapshot. `lock` locks its table and says whether it could; nothing is returned where it could not.
std::optional<Source> try_source(std::int64_t id, const std::function<bool(Oid table)> &lock);

/// The source with this id as the latest commit sees it; false when there is none, or its table is gone. Reads the registry without
/// SQL, so that capture may use it in any state of the transaction. The mapping is palloc'd.
struct RegisteredSource {
  Oid relid;
  Mapping mapping;
  bool restored_captured;  ///< came with a dump while its table was captured already
};
bool find_registered_source(std::int64_t id, RegisteredSource &found);

/// Adds a row (source, period_from, period_to) to the result of a maintenance function.
void put_slice(FunctionCallInfo fcinfo, Oid table, const Range &slice);

}  // namespace reseller_report
