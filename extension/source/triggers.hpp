// The triggers of ours that a connected table has, and whether they do what they were made for. sql/triggers.sql makes them.
#pragma once

#include <cstdint>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// A trigger of ours on a table, or another one that has taken the name of one.
struct OwnTrigger {
  NameData name;
  bool captures;    ///< calls _capture
  bool truncates;   ///< calls _truncated
  bool is_as_made;  ///< fires on what it was made for, and captures for the source once
  char enabled;     ///< when it fires, as pg_trigger.tgenabled has it
  char wanted;      ///< when it should: always, or for the origin where the source says so

  bool is_ours() const { return captures || truncates; }
  bool is_on() const { return is_as_made && enabled == wanted; }
};

/// Our triggers on a table or partition as of now, judged by what they should do for a source. The table need not be locked.
std::vector<OwnTrigger> own_triggers(Oid table, std::int64_t source);

/// Whether a table or partition is captured for a source: by one trigger, which is on. False also for what capture cannot cover:
/// unlogged tables and foreign partitions.
bool is_captured(Oid table, std::int64_t source);

/// Whether a table has a capture trigger at all, on or off.
bool has_capture_trigger(Oid table);

/// Whether every TRUNCATE of a table or partition is noticed.
bool is_watched(Oid table);

/// Whether a table has a trigger of the capture trigger's name. Reads the catalog alone, for callers who have not locked the table.
bool has_capture_trigger_by_name(Oid table);

/// Makes a trigger fire when it should.
void switch_on(Oid table, const OwnTrigger &trigger);

/// The same for every trigger of ours on any table.
void switch_on_all_triggers();

/// Makes the capture trigger of a connected table where it has none. One of another name gets its own name back.
void require_capture_trigger(Oid table);

/// Makes the TRUNCATE trigger of a table or partition where it has none; drops it where it has one.
void require_truncate_trigger(Oid table);
void drop_truncate_trigger(Oid table);

}  // namespace reseller_report
