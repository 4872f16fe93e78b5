// Checked addition of figures.
#include "core/usage.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace reseller_report;

TEST_CASE("figures add and subtract") {
  Counters sum;
  Counters change;
  change[Figure::kEvents] = 2;
  change[Figure::kPriceTwin] = -7;
  CHECK(add(sum, change));
  CHECK(add(sum, change));
  CHECK(sum[Figure::kEvents] == 4);
  CHECK(sum[Figure::kPriceTwin] == -14);
  CHECK(add(sum, change, -1));
  CHECK(add(sum, change, -1));
  CHECK(sum.is_zero());
}

TEST_CASE("a sum that leaves 64 bits is refused whole") {
  Counters sum;
  sum[Figure::kEvents] = 1;
  sum[Figure::kPriceReseller] = std::numeric_limits<std::int64_t>::max();
  Counters change;
  change[Figure::kEvents] = 1;
  change[Figure::kPriceReseller] = 1;
  CHECK_FALSE(add(sum, change));
  CHECK(sum[Figure::kEvents] == 1);
  CHECK(sum[Figure::kPriceReseller] == std::numeric_limits<std::int64_t>::max());
  change[Figure::kPriceReseller] = std::numeric_limits<std::int64_t>::min();
  CHECK_FALSE(add(sum, change, -1));
  CHECK(sum[Figure::kEvents] == 1);
}
