// Money between numeric and integer micro-units. Reads and writes the stored form of numeric, which the server's
// src/backend/utils/adt/numeric.c documents under NumericShort and NumericLong and which is fixed on disk for all supported
// versions; tests compare both directions with the server's own arithmetic.
#pragma once

#include <cstdint>

#include "core/usage.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// The largest amount of one event: below 10^9 units.
inline constexpr std::int64_t kAmountLimit = 1'000'000'000'000'000;

enum class AmountCheck { kFine, kNotANumber, kTooLarge, kTooFine };

/// Reads a stored numeric (any header form) as micro-units, without allocating: this runs twice for every captured row.
AmountCheck micros_of_numeric(Datum stored, std::int64_t &micros);

/// A numeric of display scale 6 in its stored form, without allocating: a report hands out tens of thousands.
class StoredNumeric {
 public:
  /// Every Sum fits. The datum is valid until the next set().
  Datum set(Sum micros);

 private:
  static constexpr int kMostDigits = 12;  // 10^38 in base 10,000 and two digits of decimals
  unsigned char bytes_[1 + sizeof(std::uint16_t) * (1 + kMostDigits)];
};

}  // namespace reseller_report
