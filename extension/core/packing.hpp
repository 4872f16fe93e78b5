// Changes packed into bytes, as usage_delta, usage_run and usage_packed hold them. The layout, in order of item, quarter hour and
// company:
//   group:  item, quarter hours since the base, the bytes of its entries; then its entries
//   entry:  the distance from the company before it (the first: from zero), a byte that says which figures follow, and these
// Every number is a varint: seven bits in each byte, the lowest first, the highest bit set in all bytes but the last. Quarter
// hours, distances and figures have a sign: 0, -1, 1, -2 ... are stored as 0, 1, 2, 3 ...
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/change.hpp"
#include "core/error.hpp"

namespace reseller_report {

/// What quarter hours of rows that belong to no day are counted from.
inline constexpr Time kEpoch = 0;

/// Packs changes that come in order of item, bucket and company. The same cell may come several times.
class Packer {
 public:
  explicit Packer(Time base) : base_(base) {}

  void add(Item item, Time bucket, std::int64_t company, const Counters &counters);

  int count() const { return count_; }

  /// At least as many bytes as finish() will return.
  std::size_t size() const { return done_.size() + group_.size() + kMostOfHead; }

  /// Returns the bytes, and begins anew.
  std::string finish();

 private:
  static constexpr std::size_t kMostOfHead = 24;

  void end_group();

  Time base_;
  std::string done_;
  std::string group_;  // the entries of the last group
  Item item_ = {};
  Time bucket_ = 0;
  std::int64_t company_ = 0;
  int count_ = 0;
};

/// Unpacks them group by group. The bytes must live as long.
class Unpacker {
 public:
  Unpacker(const char *bytes, std::size_t size, Time base) : end_(bytes + size), group_end_(bytes), base_(base) {}

  /// Goes on to the next group, past what is left of this one; false when there is none.
  bool next_group() {
    at_ = group_end_;
    if (at_ == end_) return false;
    item_ = static_cast<Item>(short_number());
    bucket_ = static_cast<Time>(static_cast<std::uint64_t>(base_) +
                                static_cast<std::uint64_t>(signed_number()) * static_cast<std::uint64_t>(kQuarterHour));
    std::uint64_t const size = short_number();
    if (size > static_cast<std::uint64_t>(end_ - at_)) fail();
    group_end_ = at_ + size;
    company_ = 0;
    return true;
  }

  Item item() const { return item_; }
  Time bucket() const { return bucket_; }

  /// The next entry of the group; false when there is none.
  bool next(std::int64_t &company, Counters &counters) {
    if (!next_company()) return false;
    company = company_;
    read_figures(counters);
    return true;
  }

  /// The next entry of the group that is of this company; false when there is none. Entries of other companies are passed over, the
  /// figures unread, and the group is at its end then.
  bool next_of(std::int64_t company, Counters &counters) {
    while (next_company() && company_ <= company) {
      if (company_ == company) {
        read_figures(counters);
        return true;
      }
      pass_figures();
    }
    at_ = group_end_;
    return false;
  }

 private:
  [[noreturn]] static void fail();

  bool next_company() {
    if (at_ == group_end_) return false;
    company_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(company_) + static_cast<std::uint64_t>(signed_number()));
    if (at_ == end_) fail();
    return true;
  }

  void read_figures(Counters &counters) {
    auto const figures = static_cast<unsigned char>(*at_++);
    counters = {};
    for (int i = 0; i < kFigures; i++)
      if ((figures & (1U << i)) != 0) counters.figure[i] = signed_number();
    if (at_ > group_end_) fail();
  }

  // How many figures each set of them has.
  static constexpr unsigned kSets = 1U << kFigures;
  static constexpr auto kFiguresIn = [] {
    std::array<unsigned char, kSets> counts = {};
    for (unsigned set = 1; set < kSets; set++) counts[set] = static_cast<unsigned char>(counts[set >> 1] + (set & 1));
    return counts;
  }();

  // Finds the end of the last figure by the bytes that end numbers.
  void pass_figures() {
    int count = kFiguresIn[static_cast<unsigned char>(*at_++) & (kSets - 1)];
    while (count > 0) {
      if (end_ - at_ < 8) {
        number_by_bytes();
        count--;
        continue;
      }
      std::uint64_t ends = ends_in(first_eight_bytes());
      while (count > 1 && ends != 0) {
        ends &= ends - 1;
        count--;
      }
      if (ends != 0) count = 0;
      at_ += ends != 0 ? __builtin_ctzll(ends) / 8 + 1 : 8;
    }
    if (at_ > group_end_) fail();
  }

  // For numbers that nearly always take one byte.
  std::uint64_t short_number() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80U) return static_cast<unsigned char>(*at_++);
    return number();
  }

  // Eight bytes hold nearly every number. Those that end in the bytes at hand are put together without a branch for each byte.
  std::uint64_t number() {
    if (end_ - at_ >= 8) {
      std::uint64_t bytes = first_eight_bytes();
      std::uint64_t const ends = ends_in(bytes);
      if (ends != 0) {
        at_ += __builtin_ctzll(ends) / 8 + 1;
        bytes &= ends ^ (ends - 1);  // up to the byte that ends the number
        bytes = (bytes & 0x7f007f007f007f00U) >> 1 | (bytes & 0x007f007f007f007fU);
        bytes = (bytes & 0x3fff00003fff0000U) >> 2 | (bytes & 0x00003fff00003fffU);
        return (bytes & 0x0fffffff00000000U) >> 4 | (bytes & 0x000000000fffffffU);
      }
    }
    return number_by_bytes();
  }

  // The highest bit of each byte that ends a number.
  static std::uint64_t ends_in(std::uint64_t bytes) { return ~bytes & 0x8080808080808080U; }

  std::uint64_t first_eight_bytes() const {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at_, sizeof bytes);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? bytes : __builtin_bswap64(bytes);
  }

  std::uint64_t number_by_bytes() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      auto const byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80U) return value;
    }
    fail();
  }

  std::int64_t signed_number() {
    std::uint64_t const value = number();
    return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
  }

  const char *at_ = nullptr;
  const char *end_;
  const char *group_end_;
  Time base_;
  Item item_ = {};
  Time bucket_ = 0;
  std::int64_t company_ = 0;
};

/// Hands each packed change on: f(item, bucket, company, counters).
template <typename F>
void for_each_packed(const char *bytes, std::size_t size, Time base, F &&f) {
  Unpacker unpacker(bytes, size, base);
  std::int64_t company = 0;
  Counters counters;
  while (unpacker.next_group())
    while (unpacker.next(company, counters)) f(unpacker.item(), unpacker.bucket(), company, counters);
}

}  // namespace reseller_report
