// How a question is answered from each of its sources: from which buckets, from packed changes of which time, and from which raw
// rows.
#pragma once

#include <vector>

#include "core/step_pieces.hpp"
#include "report/answering.hpp"
#include "report/cut_quarters.hpp"

namespace reseller_report {

/// Raw rows of a part of a cut quarter hour.
struct CutPiece {
  StepPiece piece;
  int quarter;  ///< its number in CutQuarters
};

/// How the steps are answered from one source.
struct SourcePlan {
  AnsweringSource answering;
  StepPieces levels[kLevels];  ///< buckets of its summaries
  StepPieces days;             ///< what of them packed days stand for: those up to the day, added up
  StepPieces buckets;          ///< the time that they cover, whose runs and deltas count
  std::vector<CutPiece> cuts;  ///< what turns the buckets into the steps
  StepPieces raw;              ///< what summaries do not answer

  void add_cover(int step, const Cover &cover, CutQuarters &cut);
  void index();

 private:
  void add_cut(const StepPiece &piece, CutQuarters &cut);

  Range last_cut_;
  int last_quarter_ = 0;
};

/// Plans the answer to a question, and adds the quarter hours that it cuts to `cut`. Raises 55000 where raw rows are needed that
/// were pruned.
std::vector<SourcePlan> plan(const Question &question, CutQuarters &cut);

/// Whether no source of the plans has a new mark since they were made.
bool still_hold(const std::vector<SourcePlan> &plans);

}  // namespace reseller_report
