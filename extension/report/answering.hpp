// Which parts of a period the summaries of a service's sources answer for, and raw rows the rest.
#pragma once

#include <vector>

#include "source/built_days.hpp"

namespace reseller_report {

struct AnsweringSource {
  Source source;
  UnbuiltMarks unbuilt;         ///< its marks, when this was made
  std::vector<Range> answered;  ///< by its summaries, in order of time
};

/// The sources of a service, locked, as this process and the active snapshot see them.
std::vector<AnsweringSource> answering_sources(Service service, const Range &period);

/// Raises 55000 where raw rows of this range are needed that were pruned.
void require_raw_usage(const Source &source, const Range &range);

/// Whether no mark of the source is among those of `now` that was not there before. A partition that is attached meanwhile may
/// bring rows that are seen where raw rows are read, and are in no summary.
bool still_holds(const AnsweringSource &answering, const MarksBySource &now);

}  // namespace reseller_report
