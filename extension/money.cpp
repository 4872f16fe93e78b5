#include "money.hpp"

namespace reseller_report {
namespace {

constexpr std::uint16_t kSignMask = 0xC000;
constexpr std::uint16_t kNegativeLong = 0x4000;
constexpr std::uint16_t kShort = 0x8000;
constexpr std::uint16_t kSpecial = 0xC000;
constexpr std::uint16_t kShortNegative = 0x2000;
constexpr std::uint16_t kShortWeightSign = 0x0040;
constexpr std::uint16_t kShortWeightMask = 0x003F;
constexpr int kBase = 10'000;

std::uint16_t read16(const char *from) {
  std::uint16_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

// The value as text, for sums that int64_div_fast_to_numeric() cannot take.
Datum numeric_of_wide_micros(Sum micros) {
  bool const negative = micros < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(micros) : static_cast<unsigned __int128>(micros);
  char text[48];
  char *at = text + sizeof text;
  *--at = '\0';
  for (int digits = 0; rest != 0 || digits < 7; digits++) {
    if (digits == 6) *--at = '.';
    *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (negative) *--at = '-';
  return DirectFunctionCall3(numeric_in, CStringGetDatum(at), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

}  // namespace

AmountCheck micros_of_numeric(Datum stored, std::int64_t &micros) {
  auto const *const datum = reinterpret_cast<const struct varlena *>(DatumGetPointer(stored));
  const char *at = VARDATA_ANY(datum);
  const char *const end = at + VARSIZE_ANY_EXHDR(datum);
  std::uint16_t const header = read16(at);
  at += sizeof header;
  int weight = 0;
  bool negative = false;
  if ((header & kSignMask) == kSpecial) return AmountCheck::kNotANumber;
  if ((header & kSignMask) == kShort) {
    weight = header & kShortWeightMask;
    if (header & kShortWeightSign) weight -= kShortWeightMask + 1;
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

Datum numeric_of_micros(Sum micros) {
  if (micros == static_cast<Sum>(static_cast<std::int64_t>(micros)))
    return NumericGetDatum(int64_div_fast_to_numeric(static_cast<int64>(micros), 6));
  return numeric_of_wide_micros(micros);
}

}  // namespace reseller_report
