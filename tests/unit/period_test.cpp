// Buckets and the signed cover, against brute force.
#include "core/period.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <random>

using namespace reseller_report;

namespace {

constexpr Time kHour = 4 * kQuarterHour;
constexpr Time kDay = 24 * kHour;
constexpr std::int64_t kUnixEpochOf2000 = 946'684'800;

// The C library's calendar, an independent one.
Time civil(int year, int month, int day) {
  std::tm tm = {};
  tm.tm_year = year - 1900;
  tm.tm_mon = month - 1;
  tm.tm_mday = day;
  return (static_cast<Time>(timegm(&tm)) - kUnixEpochOf2000) * kSecond;
}

// How often the pieces of the cover count the moment, net.
int count_at(const Cover &cover, Time t) {
  int count = 0;
  for (const auto &level : cover.levels)
    for (const Piece &piece : level)
      if (piece.range.contains(t)) count += piece.sign;
  for (const Piece &piece : cover.raw)
    if (piece.range.contains(t)) count += piece.sign;
  return count;
}

int buckets_at(const Cover &cover, Time t) {
  int count = 0;
  for (const auto &level : cover.levels)
    for (const Piece &piece : level)
      if (piece.range.contains(t)) count += piece.sign;
  return count;
}

void check_cover(const Range &period, Time now, std::mt19937_64 &random) {
  Cover const cover = cover_of(period, now);
  for (int level = 0; level < kLevels; level++)
    for (const Piece &piece : cover.levels[level]) {
      REQUIRE(!piece.range.empty());
      for (Time const bound : {piece.range.from, piece.range.to})
        if (is_finite(bound)) REQUIRE(bucket_of(static_cast<Level>(level), bound) == bound);
    }
  std::vector<Time> probes;
  auto const around = [&](Time t) {
    if (!is_finite(t)) return;
    for (Time const d : {-1, 0, 1}) probes.push_back(t + d);
    for (Time const width : {kQuarterHour, kHour, kDay, 31 * kDay, 366 * kDay})
      for (int i = 0; i < 3; i++) probes.push_back(t + static_cast<Time>(random() % (2 * width)) - width);
  };
  around(period.from);
  around(period.to);
  around(0);
  for (const auto &level : cover.levels)
    for (const Piece &piece : level) {
      around(piece.range.from);
      around(piece.range.to);
    }
  for (Time const t : probes) {
    REQUIRE(count_at(cover, t) == (period.contains(t) ? 1 : 0));
    REQUIRE(buckets_at(cover, t) == (cover.buckets.contains(t) ? 1 : 0));
  }
  Time raw = 0;
  for (const Piece &piece : cover.raw) raw += std::max<Time>(0, std::min(piece.range.to, now) - std::min(piece.range.from, now));
  REQUIRE(raw <= kQuarterHour);
  for (const Piece &piece : cover.raw) {
    if (piece.sign > 0) {
      REQUIRE(piece.range.from >= period.from);
      REQUIRE(piece.range.to <= period.to);
      continue;
    }
    Time const quarter = bucket_of(Level::kQuarter, piece.range.from);
    REQUIRE(piece.range.to <= quarter + kQuarterHour);
    REQUIRE((piece.range.to == period.from || piece.range.from == period.to));
  }
}

}  // namespace

TEST_CASE("a bucket begins where the C library's calendar says") {
  for (int year = 1900; year < 2200; year++)
    for (int month = 1; month <= 12; month++) {
      Time const start = civil(year, month, 1);
      Time const next = month == 12 ? civil(year + 1, 1, 1) : civil(year, month + 1, 1);
      REQUIRE(bucket_of(Level::kMonth, start) == start);
      REQUIRE(bucket_of(Level::kMonth, next - 1) == start);
      REQUIRE(next_bucket(Level::kMonth, start) == next);
      REQUIRE(bucket_of(Level::kYear, start) == civil(year, 1, 1));
      REQUIRE(next_bucket(Level::kYear, civil(year, 1, 1)) == civil(year + 1, 1, 1));
    }
  CHECK(bucket_of(Level::kDay, -1) == -kDay);
  CHECK(bucket_of(Level::kHour, kHour + 1) == kHour);
  CHECK(bucket_of(Level::kQuarter, -1) == -kQuarterHour);
}

TEST_CASE("buckets hold at the ends of PostgreSQL's time line") {
  Time const first = -211'813'488'000'000'000;
  Time const last = 9'223'371'331'199'999'999;
  for (Time const t : {first, last})
    for (int level = 0; level < kLevels; level++) {
      Time const bucket = bucket_of(static_cast<Level>(level), t);
      CHECK(bucket <= t);
      CHECK(next_bucket(static_cast<Level>(level), bucket) > t);
    }
  // A bound may lie beyond the last timestamp.
  for (Time const t : {last + 2, last + kDay, last + 8 * kDay, kInfinity - 1})
    for (int level = 0; level < kLevels; level++) CHECK(widen(static_cast<Level>(level), {first, t}).to >= t);
}

TEST_CASE("the cover counts every moment of any period once and no other") {
  std::mt19937_64 random(20241124);
  for (int i = 0; i < 20'000; i++) {
    Time const width = std::vector<Time>{kSecond, kQuarterHour, kHour, kDay, 40 * kDay, 900 * kDay}[random() % 6];
    Time from = static_cast<Time>(random() % (9000 * kDay));
    Time to = from + 1 + static_cast<Time>(random() % width);
    if (random() % 3 == 0) from = bucket_of(static_cast<Level>(random() % kLevels), from);
    if (random() % 3 == 0) to = next_bucket(static_cast<Level>(random() % kLevels), to);
    if (random() % 20 == 0) from = kMinusInfinity;
    if (random() % 20 == 0) to = kInfinity;
    Time const now =
        random() % 2 == 0 || !is_finite(from) ? kInfinity : from + static_cast<Time>(random() % (2 * width)) - width / 2;
    check_cover({from, to}, now, random);
  }
  check_cover({kMinusInfinity, kInfinity}, 0, random);
  check_cover({kMinusInfinity, kInfinity}, kInfinity, random);
}

TEST_CASE("a month in UTC+3 is the month and three hours at each end") {
  Cover const cover = cover_of({civil(2024, 1, 31) + 21 * kHour, civil(2024, 2, 29) + 21 * kHour}, kInfinity);
  REQUIRE(cover.levels[static_cast<int>(Level::kMonth)].size() == 1);
  CHECK(cover.levels[static_cast<int>(Level::kMonth)][0].range == Range{civil(2024, 2, 1), civil(2024, 3, 1)});
  REQUIRE(cover.levels[static_cast<int>(Level::kHour)].size() == 2);
  CHECK(cover.levels[static_cast<int>(Level::kHour)][0].sign == 1);
  CHECK(cover.levels[static_cast<int>(Level::kHour)][1].sign == -1);
  CHECK(cover.levels[static_cast<int>(Level::kDay)].empty());
  CHECK(cover.raw.empty());
}

TEST_CASE("a month so far is one bucket, and an edge at this moment reads no raw rows before it") {
  Time const now = civil(2024, 5, 17) + 10 * kHour + 5 * 60 * kSecond;
  Cover const cover = cover_of({civil(2024, 5, 1), now}, now);
  REQUIRE(cover.levels[static_cast<int>(Level::kMonth)].size() == 1);
  CHECK(cover.levels[static_cast<int>(Level::kMonth)][0].range == Range{civil(2024, 5, 1), civil(2024, 6, 1)});
  for (const auto &level : cover.levels)
    for (const Piece &piece : level)
      if (piece.sign < 0) CHECK(piece.range.from >= now);
  for (const Piece &piece : cover.raw) CHECK(piece.range.from >= now);
}

TEST_CASE("an edge costs few buckets") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2'000; i++) {
    Time const from = static_cast<Time>(random() % (4000 * kDay));
    Time const to = from + 400 * kDay + static_cast<Time>(random() % (4000 * kDay));
    Cover const cover = cover_of({from, to}, kInfinity);
    std::int64_t const most[kLevels] = {2 * 2, 2 * 12, 2 * 16, 2 * 6, 12};
    for (int level = 0; level < kLevels; level++) {
      std::int64_t buckets = 0;
      for (const Piece &piece : cover.levels[level])
        for (Time t = piece.range.from; t < piece.range.to; t = next_bucket(static_cast<Level>(level), t)) buckets++;
      REQUIRE(buckets <= most[level]);
    }
  }
}

TEST_CASE("ranges are cut and joined") {
  Range const whole = {0, 100};
  CHECK(without(whole, {}) == std::vector<Range>{{0, 100}});
  CHECK(without(whole, {{50, 60}, {10, 20}, {15, 30}}) == std::vector<Range>{{0, 10}, {30, 50}, {60, 100}});
  CHECK(without(whole, {{kMinusInfinity, kInfinity}}).empty());
  CHECK(without(whole, {{-5, 0}, {100, 200}, {40, 40}}) == std::vector<Range>{{0, 100}});
  CHECK(within(whole, {{90, 200}, {-10, 10}, {10, 20}}) == std::vector<Range>{{0, 20}, {90, 100}});
  CHECK(within(whole, {}).empty());
}

TEST_CASE("signed pieces add up to pieces that do not overlap") {
  std::mt19937 random(7);
  for (int round = 0; round < 500; round++) {
    std::vector<Piece> pieces;
    for (unsigned i = random() % 12; i > 0; i--) {
      Time const from = random() % 20 == 0 ? kMinusInfinity : static_cast<Time>(random() % 100);
      Time const to = random() % 20 == 0 ? kInfinity : static_cast<Time>(random() % 100);
      pieces.push_back({{from, to}, random() % 2 == 0 ? 1 : -1});
    }
    std::vector<Piece> const sums = added_up(pieces);
    for (Time t = -1; t < 101; t++) {
      int expected = 0;
      for (const Piece &piece : pieces)
        if (piece.range.contains(t)) expected += piece.sign;
      int found = 0;
      for (const Piece &piece : sums)
        if (piece.range.contains(t)) found += piece.sign;
      CHECK(found == expected);
    }
    for (const Piece &piece : sums) CHECK(piece.sign != 0);
    for (std::size_t i = 1; i < sums.size(); i++) CHECK(sums[i - 1].range.to <= sums[i].range.from);
  }
}
