// Packed changes come back as they were, whatever their values, and damaged bytes are told.
#include "core/packing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <tuple>

using namespace reseller_report;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

std::vector<Change> unpacked(const std::string &bytes, Time base) {
  std::vector<Change> changes;
  for_each_packed(bytes.data(), bytes.size(), base, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
    Change change = {};
    change.item = item;
    change.bucket = bucket;
    change.company = company;
    change.counters = counters;
    changes.push_back(change);
  });
  return changes;
}

std::string packed(const std::vector<Change> &changes, Time base) {
  Packer packer(base);
  for (const Change &change : changes) packer.add(change.item, change.bucket, change.company, change.counters);
  CHECK(packer.count() == static_cast<int>(changes.size()));
  std::size_t const most = packer.size();
  std::string bytes = packer.finish();
  CHECK(bytes.size() <= most);
  CHECK(packer.count() == 0);
  return bytes;
}

void check_same(const std::vector<Change> &a, const std::vector<Change> &b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); i++) {
    CHECK(static_cast<const CellKey &>(a[i]) == b[i]);
    for (int figure = 0; figure < kFigures; figure++) CHECK(a[i].counters.figure[figure] == b[i].counters.figure[figure]);
  }
}

Change change_of(Item item, Time bucket, std::int64_t company, std::int64_t value) {
  Change change = {};
  change.item = item;
  change.bucket = bucket;
  change.company = company;
  for (int i = 0; i < kFigures; i++) change.counters.figure[i] = i % 2 == 0 ? value : 0;
  return change;
}

}  // namespace

TEST_CASE("what is packed comes back, also the widest values and any base") {
  std::mt19937_64 random(1);
  std::int64_t const values[] = {0, 1, -1, 63, 64, -64, -65, 1'000'000, kMost, kLeast};
  for (int round = 0; round < 300; round++) {
    Time const base = round % 3 == 0 ? kEpoch : (static_cast<Time>(random() % 200'000) - 100'000) * 96 * kQuarterHour;
    std::vector<Change> changes;
    for (int i = 0; i < round; i++) {
      Item const item = i % 2 == 0 ? Item::kSms : Item::kFree;
      Time const bucket = (static_cast<Time>(random() % 20'000'000) - 10'000'000) * kQuarterHour;
      std::int64_t const company = i % 7 == 0 ? values[random() % 10] : static_cast<std::int64_t>(random() % 100);
      changes.push_back(change_of(item, i % 3 == 0 ? base : bucket, company, values[random() % 10]));
    }
    check_same(unpacked(packed(changes, base), base), changes);
  }
}

TEST_CASE("groups that nobody wants are passed over") {
  std::vector<Change> const changes = {change_of(Item::kSms, 0, 1, 7), change_of(Item::kSms, 0, 2, 7),
                                       change_of(Item::kViber, 0, 3, 7)};
  std::string const bytes = packed(changes, kEpoch);
  Unpacker unpacker(bytes.data(), bytes.size(), kEpoch);
  REQUIRE(unpacker.next_group());
  REQUIRE(unpacker.next_group());
  CHECK(unpacker.item() == Item::kViber);
  std::int64_t company = 0;
  Counters counters;
  REQUIRE(unpacker.next(company, counters));
  CHECK(company == 3);
  CHECK_FALSE(unpacker.next(company, counters));
  CHECK_FALSE(unpacker.next_group());
}

TEST_CASE("of one company all entries are found, whatever the figures of others") {
  std::mt19937_64 random(3);
  std::int64_t const values[] = {0, 1, -1, 63, 64, -8192, 1'000'000, kMost, kLeast};
  for (int round = 0; round < 300; round++) {
    std::vector<Change> changes;
    for (int i = 0; i < round; i++) {
      Change change = {};
      change.item = i % 2 == 0 ? Item::kSms : Item::kFree;
      change.bucket = static_cast<Time>(random() % 3) * kQuarterHour;
      change.company = i % 11 == 0 ? values[random() % 9] : static_cast<std::int64_t>(random() % 20) - 5;
      for (std::int64_t &figure : change.counters.figure) figure = values[random() % 9];
      changes.push_back(change);
    }
    std::sort(changes.begin(), changes.end(), [](const CellKey &a, const CellKey &b) {
      return std::tie(a.item, a.bucket, a.company) < std::tie(b.item, b.bucket, b.company);
    });
    std::string const bytes = packed(changes, kEpoch);
    for (std::int64_t const company : {std::int64_t{0}, std::int64_t{3}, std::int64_t{14}, std::int64_t{17}, kMost, kLeast}) {
      std::vector<Change> of_company;
      std::copy_if(changes.begin(), changes.end(), std::back_inserter(of_company),
                   [&](const Change &change) { return change.company == company; });
      std::vector<Change> found;
      Unpacker unpacker(bytes.data(), bytes.size(), kEpoch);
      while (unpacker.next_group()) {
        Change change = {};
        change.item = unpacker.item();
        change.bucket = unpacker.bucket();
        change.company = company;
        while (unpacker.next_of(company, change.counters)) found.push_back(change);
      }
      check_same(found, of_company);
    }
  }
}

TEST_CASE("bytes that are cut short or changed never read beyond their end") {
  std::string const bytes = packed({change_of(Item::kSms, 0, 1000, kMost), change_of(Item::kViber, kQuarterHour, 5, -3)}, kEpoch);
  for (std::size_t size = 1; size < bytes.size(); size++) {
    std::string const part = bytes.substr(0, size);
    std::size_t found = 0;
    try {
      found = unpacked(part, kEpoch).size();
    } catch (const Error &) {
    }
    CHECK(found < 2);
  }
  // A quarter hour, and a company after another, that lie beyond all numbers.
  std::string const far = {1, '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', 1, 2, 2, 0};
  CHECK(unpacked(far, kEpoch).size() == 1);
  std::mt19937 random(2);
  for (int round = 0; round < 2'000; round++) {
    std::string broken = bytes;
    broken[random() % broken.size()] = static_cast<char>(random());
    try {
      (void)unpacked(broken, kEpoch);
    } catch (const Error &) {
    }
    try {
      Unpacker unpacker(broken.data(), broken.size(), kEpoch);
      Counters counters;
      while (unpacker.next_group())
        while (unpacker.next_of(kMost, counters)) continue;
    } catch (const Error &) {
    }
  }
}
