// Money between the server's numeric and integer micro-units.
#pragma once

#include <cstdint>

#include "core/numeric_codec.hpp"
#include "core/usage.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// Reads a stored numeric (any header form) as micro-units, without allocating: this runs twice for every captured row.
AmountCheck micros_of_numeric(Datum stored, std::int64_t &micros);

/// A numeric of display scale 6 in its stored form, without allocating: a report hands out tens of thousands.
class StoredNumeric {
 public:
  /// Every Sum fits. The datum is valid until the next set().
  Datum set(Sum micros);

 private:
  unsigned char bytes_[1 + kMostNumericBytes];
};

}  // namespace reseller_report
