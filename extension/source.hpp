// The registry of connected tables: which tables feed a service, how their rows read, and which days their summaries may
// answer for.
#pragma once

#include <string>
#include <vector>

#include "boundary.hpp"
#include "item.hpp"
#include "period.hpp"
#include "row.hpp"

namespace reseller_report {

struct Source {
  std::int64_t id;
  Oid relid;
  Oid owner;
  std::string name;  ///< schema-qualified and quoted
  Mapping mapping;
};

/// The sources that feed `service` in the active snapshot, locked against TRUNCATE and DROP until the transaction ends.
/// A source whose table is gone is left out.
std::vector<Source> sources_of(Service service);

/// All sources of the active snapshot, locked likewise.
std::vector<Source> all_sources();

/// The source with this id as the latest commit sees it, its table unresolved; false when there is none. Reads the
/// registry without SQL, so that capture may use it in any state of the transaction.
struct RegisteredSource {
  Oid relid;
  Mapping mapping;
};
bool find_registered_source(std::int64_t id, RegisteredSource &found);

/// The parts of `period` that the summaries of the source may answer in the active snapshot: built when that snapshot was
/// taken, and not un-built since by anything that MVCC does not show to it (TRUNCATE, DROP).
std::vector<Range> answerable(std::int64_t source, const Range &period);

}  // namespace reseller_report
