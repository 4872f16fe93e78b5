// The five figures of usage and their exact addition. Money is in micro-units (10^-6), durations in seconds.
#pragma once

#include <cstdint>

namespace reseller_report {

enum class Figure : int { kEvents, kDelivered, kSeconds, kPriceTwin, kPriceReseller };
inline constexpr int kFigures = 5;

/// The names of the figures as columns of usage_delta and the summaries.
inline constexpr const char *kFigureNames[kFigures] = {"events", "delivered", "seconds", "price_twin", "price_reseller"};

/// Only counts and sums, so every change has an inverse.
struct Counters {
  std::int64_t figure[kFigures] = {};

  std::int64_t &operator[](Figure f) { return figure[static_cast<int>(f)]; }
  std::int64_t operator[](Figure f) const { return figure[static_cast<int>(f)]; }

  bool is_zero() const {
    for (std::int64_t const value : figure)
      if (value != 0) return false;
    return true;
  }
};

/// Adds `change` times `sign` (1 or -1) to `sum`; false, and `sum` as it was, when a figure would leave 64 bits.
[[nodiscard]] inline bool add(Counters &sum, const Counters &change, int sign = 1) {
  Counters result;
  for (int i = 0; i < kFigures; i++) {
    bool const overflows = sign > 0 ? __builtin_add_overflow(sum.figure[i], change.figure[i], &result.figure[i])
                                    : __builtin_sub_overflow(sum.figure[i], change.figure[i], &result.figure[i]);
    if (overflows) return false;
  }
  sum = result;
  return true;
}

}  // namespace reseller_report
