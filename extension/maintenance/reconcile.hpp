// A source's figures as lists of changes: what its raw rows say, and what a level of the summaries holds. For rebuild and verify.
#pragma once

#include <vector>

#include "core/change.hpp"
#include "source/registry.hpp"
#include "summary/packed.hpp"

namespace reseller_report {

/// Whether a list leaves the usage of companies without a reseller out, or holds nothing else, under kNobody.
enum class Whose { kResellers, kNobody };

/// The raw usage of `source` in `range` by quarter hour, but for this transaction's own, attributed to resellers, or to
/// kNobody, in the active snapshot.
std::vector<Change> raw_changes(const Source &source, const Range &range, Whose whose, Overflows &overflows);

/// What this transaction itself has written to `source` in `range`, and what of it was captured; of all companies, attributed to
/// nobody.
std::vector<Change> own_raw_changes(const Source &source, const Range &range, Overflows &overflows);
std::vector<Change> own_captured_changes(const Source &source, const Range &range, Overflows &overflows);

/// What waits in usage_delta of these sources, but for this transaction's own usage; attributed likewise.
std::vector<Change> pending_changes(const std::vector<Source> &sources, Whose whose);

/// What runs or packed days hold of `source` for these resellers in `range`, each bucket renamed to the one of level `as` it lies
/// in.
std::vector<Change> packed_changes(PackedTable which, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                   const Range &range, Level as);

/// The resellers that any level, packed day or run of the source holds figures of, in order.
std::vector<std::int64_t> resellers_in_summaries(std::int64_t source);

/// What one level holds of `source` for these resellers in `buckets`, each bucket renamed to the one of level `as` it lies in.
std::vector<Change> stored_changes(Level level, std::int64_t source, const std::vector<std::int64_t> &resellers,
                                   const Range &buckets, Level as);

/// The days of `range` that may hold anything of the source, raw or folded or waiting, and nothing but whole days of `range`;
/// with a piece for all that lies before and one for all after.
std::vector<Range> slices_of(const Source &source, const Range &range);

}  // namespace reseller_report
