// What changes of dependencies come to, against a count moment by moment.
#include "core/membership.hpp"

#include <doctest/doctest.h>

#include <random>
#include <utility>

using namespace reseller_report;

namespace {

constexpr int kMoments = 12;
constexpr unsigned kCompanies = 3;
constexpr unsigned kResellers = 3;

Range random_range(std::mt19937 &random) {
  auto const moment = [&]() -> Time {
    unsigned const drawn = random() % (kMoments + 2);
    return drawn == kMoments ? kMinusInfinity : drawn == kMoments + 1 ? kInfinity : static_cast<Time>(drawn) * kQuarterHour;
  };
  Range range = {moment(), moment()};
  if (range.to < range.from) std::swap(range.from, range.to);
  return range;
}

std::vector<Edit> random_edits(std::mt19937 &random, int count) {
  std::vector<Edit> edits;
  for (int i = 0; i < count; i++)
    edits.push_back({{static_cast<std::int64_t>(1 + random() % kCompanies), static_cast<std::int64_t>(1 + random() % kResellers),
                      random_range(random)},
                     random() % 2 == 0 ? 1 : -1});
  return edits;
}

}  // namespace

TEST_CASE("net moves give each moment what the edits give it, and no more") {
  std::mt19937 random(1);
  for (int round = 0; round < 500; round++) {
    std::vector<Edit> const edits = random_edits(random, round % 8);
    Moves const moves = net_moves(edits);
    for (std::int64_t company = 1; company <= std::int64_t{kCompanies}; company++)
      for (int at = -1; at <= kMoments; at++) {
        Time const moment = at * kQuarterHour;
        bool any = false;
        for (std::int64_t reseller = 1; reseller <= std::int64_t{kResellers}; reseller++) {
          int expected = 0;
          for (const Edit &edit : edits)
            if (edit.membership.company == company && edit.membership.reseller == reseller &&
                edit.membership.during.contains(moment))
              expected += edit.sign;
          int moved = 0;
          if (moves.count(company) > 0)
            for (const Move &move : moves.at(company))
              if (move.reseller == reseller && move.range.contains(moment)) moved += move.sign;
          CHECK(moved == expected);
          any = any || expected != 0;
        }
        CHECK(is_moved(moves, company, moment) == any);
      }
  }
}

TEST_CASE("a row whose bound alone changed moves the difference alone") {
  Membership const before = {7, 1, {kMinusInfinity, kInfinity}};
  Membership const after = {7, 1, {kMinusInfinity, 10 * kQuarterHour}};
  Moves const moves = net_moves({{before, -1}, {after, 1}});
  REQUIRE(moves.size() == 1);
  REQUIRE(moves.at(7).size() == 1);
  CHECK(moves.at(7)[0].range == Range{10 * kQuarterHour, kInfinity});
  CHECK(moves.at(7)[0].sign == -1);
  CHECK(hull_of(moves) == Range{10 * kQuarterHour, kInfinity});
}

TEST_CASE("a row that was replaced by its like moves nothing") {
  Membership const same = {7, 1, {0, 5 * kQuarterHour}};
  CHECK(net_moves({{same, -1}, {same, 1}}).empty());
}

TEST_CASE("usage came from nobody where more resellers gained it than lost it") {
  std::vector<Move> const moves = {{1, {0, 4 * kQuarterHour}, 1}, {2, {2 * kQuarterHour, 6 * kQuarterHour}, -1}};
  std::vector<Range> const from_nobody = ranges_from_nobody(moves);
  REQUIRE(from_nobody.size() == 1);
  CHECK(from_nobody[0] == Range{0, 2 * kQuarterHour});
}

TEST_CASE("the membership at a moment is the one of the company that contains it") {
  std::vector<Membership> const memberships = {
      {1, 5, {0, kQuarterHour}}, {2, 6, {0, kQuarterHour}}, {2, 7, {kQuarterHour, kInfinity}}};
  REQUIRE(membership_at(memberships, 2, kQuarterHour) != nullptr);
  CHECK(membership_at(memberships, 2, kQuarterHour)->reseller == 7);
  CHECK(membership_at(memberships, 2, 0)->reseller == 6);
  CHECK(membership_at(memberships, 1, kQuarterHour) == nullptr);
  CHECK(membership_at(memberships, 3, 0) == nullptr);
}
