// The five figures of usage and their exact addition. Money is in micro-units (10^-6), durations in seconds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace reseller_report {

enum class Figure : int { kEvents, kDelivered, kSeconds, kPriceTwin, kPriceReseller };
inline constexpr int kFigures = 5;

/// The names of the figures as columns of usage_delta and the summaries.
inline constexpr const char *kFigureNames[kFigures] = {"events", "delivered", "seconds", "price_twin", "price_reseller"};

inline constexpr bool is_money(Figure figure) { return figure == Figure::kPriceTwin || figure == Figure::kPriceReseller; }

/// All figures are counts and sums, so every change has an inverse.
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

/// Adds `change` times `sign` (1 or -1) to `sum`. Where a figure would exceed 64 bits, returns false and leaves `sum` as it was.
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

using Sum = __int128;

/// Figures whose sum may exceed 64 bits while it is made. Usage that a fold has set aside, for one, is still in the raw rows.
struct WideCounters {
  Sum figure[kFigures] = {};

  Sum operator[](Figure f) const { return figure[static_cast<int>(f)]; }

  bool is_zero() const {
    for (Sum const value : figure)
      if (value != 0) return false;
    return true;
  }

  void add(const Counters &counters, int sign) {
    for (int i = 0; i < kFigures; i++) figure[i] += static_cast<Sum>(counters.figure[i]) * sign;
  }

  void add(const WideCounters &others, int sign) {
    for (int i = 0; i < kFigures; i++) figure[i] += others.figure[i] * sign;
  }

  /// Takes as much of each figure away as 64 bits hold, and returns it times `sign`. Returns zeros when nothing is left.
  Counters take(int sign) {
    constexpr Sum kMost = std::numeric_limits<std::int64_t>::max();
    Counters part;
    for (int i = 0; i < kFigures; i++) {
      Sum const taken = std::max(-kMost, std::min(kMost, figure[i]));
      figure[i] -= taken;
      part.figure[i] = static_cast<std::int64_t>(taken) * sign;
    }
    return part;
  }
};

}  // namespace reseller_report
