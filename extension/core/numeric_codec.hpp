// Money between integer micro-units and the content of a stored numeric, without its length: the server's
// src/backend/utils/adt/numeric.c documents it under NumericShort and NumericLong, and it is fixed on disk for all supported
// versions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/usage.hpp"

namespace reseller_report {

/// The largest amount of one event: below 10^9 units.
inline constexpr std::int64_t kAmountLimit = 1'000'000'000'000'000;

enum class AmountCheck { kFine, kNotANumber, kTooLarge, kTooFine };

/// Reads either form. `micros` is set only when the amount is fine.
AmountCheck decode_micros(const unsigned char *content, std::size_t size, std::int64_t &micros);

inline constexpr int kMostNumericDigits = 12;  ///< in base 10,000: 10^38, and two for six decimals
inline constexpr std::size_t kMostNumericBytes = sizeof(std::uint16_t) * (1 + kMostNumericDigits);

/// Writes the short form with display scale 6, and returns its size. Every Sum fits kMostNumericBytes.
std::size_t encode_micros(Sum micros, unsigned char *content);

}  // namespace reseller_report
