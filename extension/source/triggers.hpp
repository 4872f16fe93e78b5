// The triggers of ours that a connected table has, and whether they do what they should.
#pragma once

#include <cstdint>

#include "server/boundary.hpp"

namespace reseller_report {

/// Whether the capture trigger of a table or partition is there and on for a source: always, or for the origin where the source
/// says so. False also for what capture cannot cover: unlogged tables and foreign partitions.
bool is_captured(Oid table, std::int64_t source);

/// Whether a table has a capture trigger at all, on or off.
bool has_capture_trigger(Oid table);

/// Whether TRUNCATE of a table or partition is noticed, always.
bool is_watched(Oid table);

/// Whether a table has a trigger of capture's name, by the catalog alone: for who has not locked the table.
bool has_capture_trigger_by_name(Oid table);

}  // namespace reseller_report
