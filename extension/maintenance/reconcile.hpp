// A source's figures as lists of changes: what its raw rows say, and what a level of the summaries holds. For rebuild, verify and
// prune.
#pragma once

#include <string>
#include <vector>

#include "core/change.hpp"
#include "maintenance/sorted_changes.hpp"
#include "source/registry.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

/// Whose usage a list holds: that of companies with a reseller, or that of companies without one, which is under kNobody.
enum class Whose { kResellers, kNobody };

/// The raw usage of `source` in `range` by quarter hour, but for this transaction's own, attributed to resellers, or to
/// kNobody, in the active snapshot.
std::vector<Change> raw_changes(const Source &source, const Range &range, Whose whose, Overflows &overflows);

/// Adds the same of companies with a reseller to `sorted`, and sorts it, with few of the changes in memory at a time.
void sort_raw_changes(const Source &source, const Range &range, SortedChanges &sorted, Overflows &overflows);

/// What this transaction itself has written to `source` in `range`, and what of it was captured; of all companies, attributed to
/// nobody.
std::vector<Change> own_raw_changes(const Source &source, const Range &range, Overflows &overflows);
std::vector<Change> own_captured_changes(const Source &source, const Range &range, Overflows &overflows);

/// The pending changes of these sources, but for this transaction's own, attributed in the same way.
std::vector<Change> pending_changes(const std::vector<Source> &sources, Whose whose);

/// What runs or packed days hold of `source` for these resellers in `range`. In place of each bucket is the bucket of level `as`
/// that it lies in.
std::vector<Change> packed_changes(PackedTable which, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                   const Range &range, Level as);

/// The resellers that a table of summaries holds figures of, in order.
std::vector<std::int64_t> resellers_in(const std::string &table, std::int64_t source);

/// The resellers that any level, packed day or run of the source holds figures of, in order.
std::vector<std::int64_t> resellers_in_summaries(std::int64_t source);

/// What one level holds of `source` for these resellers in `buckets`. In place of each bucket is the bucket of level `as` that it
/// lies in.
std::vector<Change> stored_changes(Level level, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                   const Range &buckets, Level as);

/// The sums over companies of the rows of a level, as changes of kAllCompanies: as stored, and added up from the arrays. They
/// differ only where somebody has edited a row.
struct RowSums {
  std::vector<Change> stored;
  std::vector<Change> added_up;
};
RowSums row_sums(Level level, std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &buckets);

/// The same of packed days, by hour.
RowSums packed_sums(std::int64_t source, const std::vector<std::int64_t> &resellers, const Range &days);

/// Cuts `range` into slices of whole days, from the first day to the last that the source may have raw rows or figures in, with one
/// slice for all time before and one for all time after. Where `range` begins or ends amid a day, so does a slice.
std::vector<Range> slices_of(const Source &source, const Range &range);

}  // namespace reseller_report
