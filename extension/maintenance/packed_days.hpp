// Decides which days are kept packed, and which in rows of the levels up to the day. A row of a level is worth its space when it
// holds many companies. A day of few changes takes less space in one packed row, which is read as fast. A report adds up both, so
// it is right either way.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "core/change.hpp"
#include "core/period.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

/// Defines the setting reseller_report.largest_packed_day; called once, when the library is loaded.
void initialize_packed_days();

/// The width of a reseller's rows: how many companies it has, had or will have by the dependencies of the active snapshot.
std::int64_t width_of(std::int64_t reseller);

/// Adds changes, which are in the order of order_by_day(), to packed days. Returns how many rows were written. A day that becomes
/// too large is packed no longer: all its changes, old and new, are appended to `narrow`, for the caller to add to the levels up to
/// the day. But it stays packed where `stays_packed` is true of one of its changes.
std::int64_t add_to_packed_days(const std::vector<Change> &changes, const std::function<bool(const Change &)> &stays_packed,
                                std::vector<Change> &narrow);

/// Makes the packed days of one reseller of a source hold what is wanted in a slice, and nothing else there. Where the slice begins
/// amid a day, at the horizon, what the day holds before that stays.
class PackedDaysSetter {
 public:
  PackedDaysSetter(std::int64_t source, const Range &slice);

  /// Begins with a reseller.
  void begin(std::int64_t reseller);

  /// The changes of a day, in the order of order_by_day(), that its row is to hold.
  void set(const std::vector<Change> &changes);

  /// Ends with the reseller: the days of the slice that were not set hold nothing of it.
  void end();
  void finish() { writer_.finish(); }

 private:
  struct Held {
    PackedRow row;
    std::vector<Change> before;  // what lies before the slice
  };

  Range slice_;
  HolderKey holder_;
  RowMemory memory_;
  PackedReader days_;
  PackedWriter writer_;
  std::map<Time, Held> held_;  // by day
};

/// Up to this many changes a day is kept packed, whatever its reseller. A merge allows resellers of many companies more.
std::size_t most_packed();

}  // namespace reseller_report
