#include "core/step_pieces.hpp"

#include <cstdint>

namespace reseller_report {
namespace {

// The time between two moments, which may be more than Time holds.
std::uint64_t distance(Time from, Time to) { return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from); }

}  // namespace

void StepPieces::index() {
  std::stable_sort(pieces_.begin(), pieces_.end(),
                   [](const StepPiece &a, const StepPiece &b) { return a.range.from < b.range.from; });
  latest_end_.clear();
  latest_end_.reserve(pieces_.size());
  for (const StepPiece &piece : pieces_)
    latest_end_.push_back(latest_end_.empty() ? piece.range.to : std::max(latest_end_.back(), piece.range.to));
}

StepPieces StepPieces::overlapping(const Range &range) const {
  StepPieces found;
  auto const after = std::lower_bound(pieces_.begin(), pieces_.end(), range.to,
                                      [](const StepPiece &piece, Time t) { return piece.range.from < t; });
  auto first = static_cast<std::size_t>(after - pieces_.begin());
  while (first > 0 && latest_end_[first - 1] > range.from) first--;
  for (auto piece = pieces_.begin() + static_cast<std::ptrdiff_t>(first); piece != after; ++piece)
    if (piece->range.to > range.from) found.pieces_.push_back(*piece);
  found.index();
  return found;
}

Range StepPieces::stretch_from(Time moment, std::vector<StepPiece> &holding) const {
  holding.clear();
  auto const after =
      std::upper_bound(pieces_.begin(), pieces_.end(), moment, [](Time t, const StepPiece &piece) { return t < piece.range.from; });
  Time end = after != pieces_.end() ? after->range.from : kInfinity;
  for_each_at(moment, [&](const StepPiece &piece) {
    holding.push_back(piece);
    end = std::min(end, piece.range.to);
  });
  return {moment, end};
}

std::vector<Range> StepPieces::hulls(std::uint64_t gap) const {
  std::vector<Range> hulls;
  for (const StepPiece &piece : pieces_) {
    bool const is_near =
        !hulls.empty() && (piece.range.from <= hulls.back().to || distance(hulls.back().to, piece.range.from) <= gap);
    if (is_near)
      hulls.back().to = std::max(hulls.back().to, piece.range.to);
    else
      hulls.push_back(piece.range);
  }
  return hulls;
}

std::vector<Range> StepPieces::few_hulls(std::size_t most) const {
  std::uint64_t gap = 0;
  std::vector<Range> few = hulls(gap);
  while (few.size() > most) {
    gap = gap == 0 ? static_cast<std::uint64_t>(kQuarterHour) : 4 * gap;
    few = hulls(gap);
  }
  return few;
}

}  // namespace reseller_report
