// What this backend remembers of the sources' tables, so that a report need not read the catalogs for each of them.
#pragma once

#include <cstdint>
#include <vector>

#include "source/registry.hpp"

namespace reseller_report {

/// Counts what the server has told of changed tables. What was read while it moved on may be of two states.
std::uint64_t changes_told();

/// A source as it was learned, but for the horizon, which is no fact of the catalogs. It holds until the server tells that one of
/// the tables was changed.
struct LearnedSource {
  Source source;
  std::vector<Oid> tables;  ///< the source's table and its partitions, in the order in which the server locks them
  std::vector<char> rules;  ///< the registry's form of the mapping
  bool is_stale;
};

/// Returns nullptr where the source is not known, or not any more. Valid until the next call of remember().
const LearnedSource *learned_source(std::int64_t id);

/// Remembers a source whose tables are locked. `told` is what changes_told() said before they were read. A source with a partition
/// that is being detached is not remembered, because snapshots differ over which tables it has.
void remember(const Source &source, const Jsonb *rules, std::uint64_t told);

/// Whether the registry still has the mapping of a source that was learned.
bool has_rules(const LearnedSource &learned, const Jsonb *rules);

/// Makes the cache; called once, when the library is loaded.
void initialize_learned_sources();

}  // namespace reseller_report
