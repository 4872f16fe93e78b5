// Which days the summaries of a source answer for.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/period.hpp"
#include "source/registry.hpp"

namespace reseller_report {

/// The parts of `period` that the summaries of the source answer for in the active snapshot: days that were built when that
/// snapshot was taken, and that nothing has un-built since. Marks are read in the latest snapshot, because TRUNCATE and DROP change
/// what older snapshots see. Before the horizon nothing is un-built.
std::vector<Range> answerable(const SourceState &source, const Range &period);
std::vector<Range> answerable(const Source &source, const Range &period);

/// The same for many sources: reads what the registry has of all of them at once.
class BuiltDays {
 public:
  BuiltDays();
  ~BuiltDays();
  BuiltDays(const BuiltDays &) = delete;
  BuiltDays &operator=(const BuiltDays &) = delete;

  std::vector<Range> answerable(const SourceState &source, const Range &period) const;
  std::vector<Range> answerable(const Source &source, const Range &period) const;

 private:
  struct Ranges;
  std::unique_ptr<const Ranges> ranges_;
};

/// Appends a mark: raw rows of these days may have changed without being captured, for this reason. This is right in every
/// isolation level, reads nothing that others write, and waits for nobody.
void unbuild(std::int64_t source, const Range &days, const std::string &reason);

/// Appends a mark of all time, unless the source has one already.
void unbuild_once(std::int64_t source, const std::string &reason);

/// The ids of the marks of a source that no rebuild has deleted, as of now.
using UnbuiltMarks = std::set<std::array<unsigned char, UUID_LEN>>;
UnbuiltMarks unbuilt_marks(std::int64_t source);

/// The same of all sources.
UnbuiltMarks all_unbuilt_marks();

/// The same, by source, of those that have any.
using MarksBySource = std::map<std::int64_t, UnbuiltMarks>;
MarksBySource unbuilt_marks_by_source();

/// Whether create_partitions has moved rows of the source after the active snapshot was taken. The rows are still visible at their
/// old place, but partition pruning would skip it.
bool moved_unseen(std::int64_t source);

/// Whether days of the source were un-built too late for the active snapshot to see it, whoever did it. That is so where the source
/// has a mark that this transaction appended itself, or that others committed after the snapshot was taken. It also is so where
/// this transaction itself has connected the source.
bool unbuilt_since_snapshot(std::int64_t source);

}  // namespace reseller_report
