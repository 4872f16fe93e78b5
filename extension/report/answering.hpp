// Which parts of a period the summaries of services' sources answer for, and raw rows the rest.
#pragma once

#include <vector>

#include "source/built_days.hpp"

namespace reseller_report {

struct AnsweringSource {
  Source source;
  UnbuiltMarks unbuilt;         ///< its marks, when this was made
  std::vector<Range> answered;  ///< by its summaries, in order of time
};

/// The sources of some services, locked, as this process and the active snapshot see them.
std::vector<AnsweringSource> answering_sources(const std::vector<Service> &services, const Range &period);

/// Raises 55000 where raw rows of this range are needed that were pruned.
void require_raw_usage(const Source &source, const Range &range);

/// Whether the source has no new mark: each of its marks in `now` was there when `answering` was made. A new mark may mean a
/// partition that was attached meanwhile, whose rows raw queries see and summaries lack.
bool still_holds(const AnsweringSource &answering, const MarksBySource &now);

}  // namespace reseller_report
