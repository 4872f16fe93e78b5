// The stored form of money, both ways. That it is the server's own form, tests/sql/money.sql compares with the server.
#include "core/numeric_codec.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <initializer_list>
#include <limits>
#include <random>
#include <vector>

using namespace reseller_report;

namespace {

using Bytes = std::vector<unsigned char>;

Bytes bytes_of(std::initializer_list<int> words) {
  Bytes bytes;
  for (int const word : words) {
    auto const value = static_cast<std::uint16_t>(word);
    unsigned char pair[sizeof value];
    std::memcpy(pair, &value, sizeof value);
    bytes.insert(bytes.end(), pair, pair + sizeof value);
  }
  return bytes;
}

AmountCheck decode(const Bytes &bytes, std::int64_t &micros) { return decode_micros(bytes.data(), bytes.size(), micros); }

Bytes encode(Sum micros) {
  unsigned char content[kMostNumericBytes];
  std::size_t const size = encode_micros(micros, content);
  REQUIRE(size <= kMostNumericBytes);
  return {content, content + size};
}

}  // namespace

TEST_CASE("what is encoded decodes to itself, up to the largest amount") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; round++) {
    auto const most = static_cast<std::uint64_t>(kAmountLimit) >> (round % 50);
    auto micros = static_cast<std::int64_t>(random() % (most + 1));
    if (micros == kAmountLimit) micros--;
    if (round % 2 == 1) micros = -micros;
    std::int64_t back = 1;
    CHECK(decode(encode(micros), back) == AmountCheck::kFine);
    CHECK(back == micros);
  }
}

TEST_CASE("the limit itself is too large, on both sides of zero") {
  std::int64_t micros = 7;
  CHECK(decode(encode(kAmountLimit), micros) == AmountCheck::kTooLarge);
  CHECK(decode(encode(-kAmountLimit), micros) == AmountCheck::kTooLarge);
  CHECK(decode(encode(Sum{kAmountLimit} * 1'000'000), micros) == AmountCheck::kTooLarge);
  CHECK(micros == 7);
}

TEST_CASE("every sum of 128 bits fits") {
  Sum const most = ~(Sum{1} << 127);
  CHECK(encode(most).size() <= kMostNumericBytes);
  CHECK(encode(-most - 1).size() <= kMostNumericBytes);
  CHECK(encode(most) != encode(-most));
}

TEST_CASE("zero has no digits, and two decimals of scale 6 a header that says so") {
  CHECK(encode(0) == bytes_of({0x8300}));
  CHECK(encode(1'500'000) == bytes_of({0x8300, 1, 5000}));
  CHECK(encode(-1'500'000) == bytes_of({0xA300, 1, 5000}));
  CHECK(encode(1) == bytes_of({0x8300 | 0x7E, 100}));
}

TEST_CASE("the long form says the same as the short one") {
  std::int64_t micros = 0;
  CHECK(decode(bytes_of({0x0002, 0, 1, 5000}), micros) == AmountCheck::kFine);
  CHECK(micros == 1'500'000);
  CHECK(decode(bytes_of({0x4002, 0, 1, 5000}), micros) == AmountCheck::kFine);
  CHECK(micros == -1'500'000);
}

TEST_CASE("a seventh decimal that is not zero is too fine, NaN and infinity are no numbers") {
  std::int64_t micros = 7;
  CHECK(decode(bytes_of({0x8380 | 0x7E, 110}), micros) == AmountCheck::kTooFine);
  CHECK(decode(bytes_of({0x8400 | 0x7E, 100, 1}), micros) == AmountCheck::kTooFine);
  CHECK(decode(bytes_of({0xC000}), micros) == AmountCheck::kNotANumber);
  CHECK(decode(bytes_of({0xD000}), micros) == AmountCheck::kNotANumber);
  CHECK(decode(bytes_of({0xF000}), micros) == AmountCheck::kNotANumber);
  CHECK(micros == 7);
}
