// What this backend remembers of the tables that it captures, so that the trigger need not read the registry for every row.
#pragma once

#include "source/mapping.hpp"

namespace reseller_report {

/// A service that a table feeds.
struct CapturedSource {
  std::int64_t id;
  Mapping mapping;
  RowLayout layout;
};

/// What is remembered of one table or leaf partition. Plain data in the backend's cache: it becomes stale when the server says that
/// the table or an enum has changed, and is learned anew at the next row.
struct CapturedTable {
  Oid relid;  ///< the hash key
  bool valid;
  MemoryContext context;  ///< holds the sources, with their mappings and layouts; a child of CacheMemoryContext
  int count;              ///< 0: somebody else put the trigger here, and it captures nothing
  CapturedSource *sources;
  int unread_count;
  std::int64_t *unread;  ///< the ids of those sources whose mapped columns cannot be read any more
};

/// What is remembered of the table that a trigger fired for.
const CapturedTable &captured_table(Relation relation, const Trigger *trigger);

/// Makes the cache; called once, when the library is loaded.
void initialize_captured_tables();

}  // namespace reseller_report
