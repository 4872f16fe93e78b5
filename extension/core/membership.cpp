#include "core/membership.hpp"

#include <utility>

namespace reseller_report {
namespace {

bool any_contains(const std::vector<Move> &moves, Time moment) {
  return std::any_of(moves.begin(), moves.end(), [&](const Move &move) { return move.range.contains(moment); });
}

}  // namespace

Moves net_moves(const std::vector<Edit> &edits) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::map<Time, int>> steps;  // (company, reseller): moment -> step
  for (const Edit &edit : edits) {
    auto &line = steps[{edit.membership.company, edit.membership.reseller}];
    line[edit.membership.during.from] += edit.sign;
    line[edit.membership.during.to] -= edit.sign;
  }
  Moves moves;
  for (const auto &[who, line] : steps) {
    int height = 0;
    Time since = kMinusInfinity;
    for (const auto &[moment, step] : line) {
      if (step == 0) continue;
      if (height != 0) moves[who.first].push_back({who.second, {since, moment}, height});
      height += step;
      since = moment;
    }
  }
  return moves;
}

Range hull_of(const Moves &moves) {
  Range hull = {kInfinity, kMinusInfinity};
  for (const auto &[company, ranges] : moves)
    for (const Move &move : ranges) hull = {std::min(hull.from, move.range.from), std::max(hull.to, move.range.to)};
  return hull;
}

std::vector<Range> ranges_from_nobody(const std::vector<Move> &moves) {
  std::map<Time, int> steps;
  for (const Move &move : moves) {
    steps[move.range.from] += move.sign;
    steps[move.range.to] -= move.sign;
  }
  std::vector<Range> ranges;
  int height = 0;
  Time since = kMinusInfinity;
  for (const auto &[moment, step] : steps) {
    if (height > 0) ranges.push_back({since, moment});
    height += step;
    since = moment;
  }
  return ranges;
}

bool any_contains(const std::vector<Range> &ranges, Time moment) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range &range) { return range.contains(moment); });
}

bool is_moved(const Moves &moves, std::int64_t company, Time moment) {
  auto const found = moves.find(company);
  return found != moves.end() && any_contains(found->second, moment);
}

}  // namespace reseller_report
