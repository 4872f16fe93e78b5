// Keys, and the arithmetic of lists of changes, against a map.
#include "core/change.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>

using namespace reseller_report;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

Change change_of(std::int64_t reseller, std::int64_t company, Time bucket, std::int64_t events) {
  Change change = {};
  change.source = 1;
  change.reseller = reseller;
  change.item = Item::kSms;
  change.bucket = bucket;
  change.company = company;
  change.counters[Figure::kEvents] = events;
  return change;
}

std::vector<Change> random_changes(std::mt19937 &random, int count) {
  std::vector<Change> changes;
  auto const number = [&](int most) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(most)); };
  for (int i = 0; i < count; i++) changes.push_back(change_of(number(2), number(4), number(3) * kQuarterHour, number(7) - 3));
  return changes;
}

std::map<CellKey, std::int64_t> sums_of(const std::vector<Change> &changes) {
  std::map<CellKey, std::int64_t> sums;
  for (const Change &change : changes) sums[change] += change.counters[Figure::kEvents];
  for (auto at = sums.begin(); at != sums.end();) at = at->second == 0 ? sums.erase(at) : std::next(at);
  return sums;
}

}  // namespace

TEST_CASE("consolidated changes are one a cell, in order, with the sums of before, and none is zero") {
  std::mt19937 random(1);
  for (int round = 0; round < 200; round++) {
    std::vector<Change> changes = random_changes(random, round % 40);
    std::map<CellKey, std::int64_t> const sums = sums_of(changes);
    Overflows overflows;
    consolidate(changes, overflows);
    CHECK(overflows.empty());
    REQUIRE(changes.size() == sums.size());
    auto expected = sums.begin();
    for (const Change &change : changes) {
      CHECK(static_cast<const CellKey &>(change) == expected->first);
      CHECK(change.counters[Figure::kEvents] == expected->second);
      ++expected;
    }
  }
}

TEST_CASE("a difference added to the second list makes the first") {
  std::mt19937 random(2);
  for (int round = 0; round < 200; round++) {
    std::vector<Change> const a = random_changes(random, round % 30);
    std::vector<Change> b = random_changes(random, round % 20);
    Overflows overflows;
    std::vector<Change> const missing = difference(a, b, overflows);
    b.insert(b.end(), missing.begin(), missing.end());
    CHECK(sums_of(b) == sums_of(a));
    CHECK(overflows.empty());
  }
}

TEST_CASE("a sum that leaves 64 bits names its cell and leaves out what was to be added") {
  std::vector<Change> changes = {change_of(1, 1, 0, kMost), change_of(1, 1, 0, 1), change_of(1, 2, 0, 5)};
  Overflows overflows;
  consolidate(changes, overflows);
  REQUIRE(overflows.size() == 1);
  CHECK(overflows[0] == change_of(1, 1, 0, 0));
  REQUIRE(changes.size() == 2);
  CHECK((changes[0].counters[Figure::kEvents] == kMost || changes[0].counters[Figure::kEvents] == 1));
  CHECK(changes[1].counters[Figure::kEvents] == 5);
}

TEST_CASE("what cannot be negated names its cell") {
  Overflows overflows;
  (void)difference({}, {change_of(1, 1, 0, std::numeric_limits<std::int64_t>::min())}, overflows);
  REQUIRE(overflows.size() == 1);
  CHECK(overflows[0] == change_of(1, 1, 0, 0));
}

TEST_CASE("changes are in order of rows, in each of companies, and differ by every part of their cell") {
  Change const base = change_of(2, 2, 2 * kQuarterHour, 0);
  std::vector<Change> others;
  for (int part = 0; part < 5; part++) {
    Change other = base;
    if (part == 0) other.source++;
    if (part == 1) other.reseller++;
    if (part == 2) other.bucket += kQuarterHour;
    if (part == 3) other.item = Item::kViber;
    if (part == 4) other.company++;
    CHECK(base < other);
    CHECK_FALSE(other < base);
    CHECK_FALSE(static_cast<const CellKey &>(base) == other);
    CHECK((static_cast<const RowKey &>(base) == other) == (part == 4));
    others.push_back(other);
  }
  // Each part weighs more than all after it.
  for (std::size_t i = 1; i < others.size(); i++) CHECK(others[i] < others[i - 1]);
}

TEST_CASE("equal keys have equal hashes, and neighbours seldom share one") {
  std::set<std::uint64_t> of_usage;
  std::set<std::uint64_t> of_rows;
  int count = 0;
  for (std::int64_t source = 1; source <= 3; source++)
    for (std::int64_t company = 1; company <= 20; company++)
      for (int quarter = 0; quarter < 20; quarter++)
        for (Item const item : all_items()) {
          UsageKey const key = {source, company, quarter * kQuarterHour, item};
          RowKey const row = {{source, company, item}, quarter * kQuarterHour};
          CHECK(hash_of(key) == hash_of(UsageKey(key)));
          of_usage.insert(hash_of(key));
          of_rows.insert(hash_of(row));
          count++;
        }
  CHECK(static_cast<int>(of_usage.size()) == count);
  CHECK(static_cast<int>(of_rows.size()) == count);
}
