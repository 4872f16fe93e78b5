// Pieces of time found by moment and joined to ranges, against a look at all of them.
#include "core/step_pieces.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace reseller_report;

TEST_CASE("pieces are found by moment, and hulls hold them") {
  std::mt19937 random(1);
  for (int round = 0; round < 300; round++) {
    StepPieces pieces;
    int const count = static_cast<int>(random() % 30);
    for (int i = 0; i < count; i++) {
      Time const from = round % 10 == 0 && i == 0 ? kMinusInfinity : static_cast<Time>(random() % 200);
      Time const to = round % 10 == 1 && i == 0 ? kInfinity : static_cast<Time>(random() % 250);
      pieces.add({{from, to}, i % 2 == 0 ? 1 : -1, i});
    }
    pieces.index();
    for (const StepPiece &piece : pieces.all()) CHECK_FALSE(piece.range.empty());
    Time const from = static_cast<Time>(random() % 250);
    StepPieces const some = pieces.overlapping({from, from + 30});
    for (const StepPiece &piece : some.all()) CHECK_FALSE(intersection(piece.range, {from, from + 30}).empty());
    for (Time t = from; t < from + 30; t++) {
      std::multiset<int> found;
      some.for_each_at(t, [&](const StepPiece &piece) { found.insert(piece.step); });
      std::multiset<int> expected;
      pieces.for_each_at(t, [&](const StepPiece &piece) { expected.insert(piece.step); });
      CHECK(found == expected);
    }
    std::uint64_t const gap = random() % 8;
    std::vector<Range> const hulls = pieces.hulls(gap);
    for (Time t = -1; t < 251; t++) {
      std::multiset<int> found;
      pieces.for_each_at(t, [&](const StepPiece &piece) { found.insert(piece.step); });
      std::multiset<int> expected;
      for (const StepPiece &piece : pieces.all())
        if (piece.range.contains(t)) expected.insert(piece.step);
      CHECK(found == expected);
      CHECK(pieces.any_at(t) == !expected.empty());
      int holding = 0;
      for (const Range &hull : hulls) holding += hull.contains(t) ? 1 : 0;
      CHECK(holding <= 1);
      if (!expected.empty()) CHECK(holding == 1);
      if (gap == 0 && expected.empty()) CHECK(holding == 0);
    }
    for (std::size_t i = 1; i < hulls.size(); i++) CHECK(hulls[i].from - hulls[i - 1].to > static_cast<Time>(gap));
    for (const Range &hull : hulls) {
      bool begins = false;
      bool ends = false;
      for (const StepPiece &piece : pieces.all()) {
        begins |= piece.range.from == hull.from;
        ends |= piece.range.to == hull.to;
      }
      CHECK((begins && ends));
    }
  }
}

TEST_CASE("pieces in turn are those that hold each moment, in whatever order moments come") {
  std::mt19937 random(3);
  for (int round = 0; round < 300; round++) {
    StepPieces pieces;
    int const count = static_cast<int>(random() % 12);
    for (int i = 0; i < count; i++) {
      Time const from = random() % 10 == 0 ? kMinusInfinity : static_cast<Time>(random() % 100);
      Time const to = random() % 10 == 0 ? kInfinity : static_cast<Time>(random() % 120);
      pieces.add({{from, to}, 1, i});
    }
    pieces.index();
    PiecesInTurn in_turn(pieces);
    Time moment = 0;
    for (int i = 0; i < 200; i++) {
      moment = random() % 8 == 0 ? static_cast<Time>(random() % 120) : moment + static_cast<Time>(random() % 3);
      std::multiset<int> found;
      for (const StepPiece &piece : in_turn.at(moment)) found.insert(piece.step);
      CHECK(in_turn.stretch().contains(moment));
      std::multiset<int> expected;
      for (const StepPiece &piece : pieces.all())
        if (piece.range.contains(moment)) expected.insert(piece.step);
      CHECK(found == expected);
    }
  }
}

TEST_CASE("few hulls are few") {
  StepPieces pieces;
  for (int i = 0; i < 1000; i++) pieces.add({{i * 10 * kQuarterHour, i * 10 * kQuarterHour + 1}, 1, i});
  pieces.add({{kInfinity - 5, kInfinity}, 1, 1000});
  pieces.index();
  CHECK(pieces.hulls(0).size() == 1001);
  CHECK(pieces.few_hulls(2000).size() == 1001);
  CHECK(pieces.few_hulls(100).size() <= 100);
  CHECK(pieces.few_hulls(1).size() == 1);
}
