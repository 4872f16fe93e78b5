// Signed pieces of time of many steps, found by moment. A moment may lie in pieces of several steps, and in none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/period.hpp"

namespace reseller_report {

/// A piece of time that counts for a step, `sign` times.
struct StepPiece {
  Range range;
  int sign;
  int step;
};

class StepPieces {
 public:
  void add(const StepPiece &piece) {
    if (!piece.range.empty()) pieces_.push_back(piece);
  }

  /// Call it once, after the last add().
  void index();

  const std::vector<StepPiece> &all() const { return pieces_; }

  /// Calls `f(piece)` for every piece that holds a moment.
  template <typename F>
  void for_each_at(Time moment, F &&f) const {
    auto const after = std::upper_bound(pieces_.begin(), pieces_.end(), moment,
                                        [](Time t, const StepPiece &piece) { return t < piece.range.from; });
    for (auto i = static_cast<std::size_t>(after - pieces_.begin()); i > 0 && latest_end_[i - 1] > moment; i--)
      if (pieces_[i - 1].range.contains(moment)) f(pieces_[i - 1]);
  }

  /// Finds the pieces that hold a moment, and returns the time from it on in which no others do.
  Range stretch_from(Time moment, std::vector<StepPiece> &holding) const;

  bool any_at(Time moment) const {
    bool any = false;
    for_each_at(moment, [&](const StepPiece &) { any = true; });
    return any;
  }

  /// Those that overlap a range, indexed: where many moments of a short range are looked up.
  StepPieces overlapping(const Range &range) const;

  /// Ranges, in order, that hold all pieces: each from a piece to a piece, and between two pieces of one range no more than `gap`.
  std::vector<Range> hulls(std::uint64_t gap) const;

  /// Hulls of so wide a gap that they are `most` at most.
  std::vector<Range> few_hulls(std::size_t most) const;

 private:
  std::vector<StepPiece> pieces_;  // in order of their beginnings, once indexed
  std::vector<Time> latest_end_;   // of all pieces up to each
};

/// Finds the pieces that hold moments which come mostly in order: those of a stretch of time are looked up once.
class PiecesInTurn {
 public:
  /// The pieces must outlive it.
  explicit PiecesInTurn(const StepPieces &pieces) : pieces_(pieces) {}

  const std::vector<StepPiece> &at(Time moment) {
    if (!stretch_.contains(moment)) stretch_ = pieces_.stretch_from(moment, holding_);
    return holding_;
  }

  /// The stretch of the last moment.
  const Range &stretch() const { return stretch_; }

 private:
  const StepPieces &pieces_;
  Range stretch_ = {};
  std::vector<StepPiece> holding_;
};

}  // namespace reseller_report
