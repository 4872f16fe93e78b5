// Converts money between integer micro-units and the content of a stored numeric, which is what follows its length. The server's
// src/backend/utils/adt/numeric.c documents this content under NumericShort and NumericLong. All supported versions have the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/usage.hpp"

namespace reseller_report {

/// An amount of one event must be below this: 10^9 units.
inline constexpr std::int64_t kAmountLimit = 1'000'000'000'000'000;

enum class AmountCheck { kFine, kNotANumber, kTooLarge, kTooFine };

/// Reads both forms, the short and the long one. `micros` is set only when the amount is fine.
AmountCheck decode_micros(const unsigned char *content, std::size_t size, std::int64_t &micros);

inline constexpr int kMostNumericDigits = 12;  ///< in base 10,000: 10^38, and two for six decimals
inline constexpr std::size_t kMostNumericBytes = sizeof(std::uint16_t) * (1 + kMostNumericDigits);

/// Writes the short form with display scale 6, and returns its size. Every Sum fits kMostNumericBytes.
std::size_t encode_micros(Sum micros, unsigned char *content);

}  // namespace reseller_report
