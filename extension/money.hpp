// Money between numeric and integer micro-units.
#pragma once

#include <cstdint>

#include "boundary.hpp"

namespace reseller_report {

using Sum = __int128;

/// The largest amount of one event: below 10^9 units.
inline constexpr std::int64_t kAmountLimit = 1'000'000'000'000'000;

enum class AmountCheck { kFine, kNotANumber, kTooLarge, kTooFine };

/// Reads a stored numeric (any header form) as micro-units, without allocating: this runs twice for every captured row.
/// The layout is the one that server/src/backend/utils/adt/numeric.c documents under "NumericShort" and "NumericLong",
/// fixed on disk for all supported versions; tests compare it with the server's own arithmetic.
AmountCheck micros_of_numeric(Datum stored, std::int64_t &micros);

/// A numeric of display scale 6; raises nothing: every Sum fits.
Datum numeric_of_micros(Sum micros);

}  // namespace reseller_report
