#include "core/numeric_codec.hpp"

#include <cstring>
#include <limits>

namespace reseller_report {
namespace {

constexpr std::uint16_t kSignMask = 0xC000;
constexpr std::uint16_t kNegativeLong = 0x4000;
constexpr std::uint16_t kShort = 0x8000;
constexpr std::uint16_t kSpecial = 0xC000;
constexpr std::uint16_t kShortNegative = 0x2000;
constexpr std::uint16_t kShortWeightSign = 0x0040;
constexpr std::uint16_t kShortWeightMask = 0x003F;
constexpr int kShortScaleShift = 7;
constexpr int kDisplayScale = 6;
constexpr int kBase = 10'000;

std::uint16_t read16(const unsigned char *from) {
  std::uint16_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

AmountCheck decode_micros(const unsigned char *content, std::size_t size, std::int64_t &micros) {
  const unsigned char *at = content;
  const unsigned char *const end = content + size;
  std::uint16_t const header = read16(at);
  at += sizeof header;
  int weight = 0;
  bool negative = false;
  if ((header & kSignMask) == kSpecial) return AmountCheck::kNotANumber;
  if ((header & kSignMask) == kShort) {
    weight = header & kShortWeightMask;
    if ((header & kShortWeightSign) != 0) weight -= kShortWeightMask + 1;
    negative = (header & kShortNegative) != 0;
  } else {
    weight = static_cast<std::int16_t>(read16(at));
    at += sizeof(std::int16_t);
    negative = (header & kSignMask) == kNegativeLong;
  }
  if (at >= end) {
    micros = 0;
    return AmountCheck::kFine;
  }
  if (weight > 2) return AmountCheck::kTooLarge;  // 10^12 or more
  std::int64_t sum = 0;
  for (; at < end; at += sizeof(std::uint16_t), weight--) {
    std::int64_t const digit = read16(at);
    if (weight >= -1) {
      std::int64_t scale = 100;
      for (int w = -1; w < weight; w++) scale *= kBase;
      sum += digit * scale;
    } else if (weight == -2 && digit % 100 == 0) {
      sum += digit / 100;
    } else if (digit != 0) {
      return AmountCheck::kTooFine;
    }
  }
  if (sum >= kAmountLimit) return AmountCheck::kTooLarge;
  micros = negative ? -sum : sum;
  return AmountCheck::kFine;
}

std::size_t encode_micros(Sum micros, unsigned char *content) {
  bool const negative = micros < 0;
  auto const magnitude = negative ? -static_cast<unsigned __int128>(micros) : static_cast<unsigned __int128>(micros);
  // Digits in base 10,000 from the right: the last holds the fifth and sixth decimal.
  std::uint16_t digits[kMostNumericDigits];
  int count = 0;
  int weight = -2;  // of the digit to come
  int last_weight = 0;
  auto const take = [&](int digit) {
    if (digit != 0 || count > 0) {
      if (count == 0) last_weight = weight;
      digits[count++] = static_cast<std::uint16_t>(digit);
    }
    weight++;
  };
  // Division of 128 bits is slow, and sums that need it are rare.
  auto const take_all = [&](auto rest) {
    take(static_cast<int>(rest % 100) * 100);
    for (rest /= 100; rest != 0; rest /= kBase) take(static_cast<int>(rest % kBase));
  };
  if (magnitude <= std::numeric_limits<std::uint64_t>::max())
    take_all(static_cast<std::uint64_t>(magnitude));
  else
    take_all(magnitude);
  int const first_weight = count > 0 ? last_weight + count - 1 : 0;
  auto const header = static_cast<std::uint16_t>(kShort | (negative ? kShortNegative : 0) | kDisplayScale << kShortScaleShift |
                                                 (first_weight < 0 ? kShortWeightSign : 0) | (first_weight & kShortWeightMask));
  unsigned char *at = content;
  std::memcpy(at, &header, sizeof header);
  at += sizeof header;
  for (int i = count - 1; i >= 0; i--, at += sizeof(std::uint16_t)) std::memcpy(at, &digits[i], sizeof(std::uint16_t));
  return static_cast<std::size_t>(at - content);
}

}  // namespace reseller_report
