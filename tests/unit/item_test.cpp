// Services, items and report columns as data.
#include "core/item.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace reseller_report;

TEST_CASE("an item belongs to one service") {
  std::set<Item> seen;
  for (int i = 0; i < kServices; i++)
    for (Item const item : items_of(static_cast<Service>(i))) CHECK(seen.insert(item).second);
  CHECK(seen.size() == 15);
}

TEST_CASE("the price columns of a messaging report cover every item once, so that they add up to the total") {
  for (Service const service : {Service::kTextMessaging, Service::kChat}) {
    ReportShape const shape = report_shape(service);
    std::multiset<int> priced;
    for (int i = 0; i < shape.column_count; i++)
      if (shape.columns[i].figure == Figure::kPriceTwin)
        for (int item = shape.columns[i].first; item < shape.columns[i].first + shape.columns[i].count; item++) priced.insert(item);
    REQUIRE(static_cast<int>(priced.size()) == shape.items.count);
    for (int item = 0; item < shape.items.count; item++) CHECK(priced.count(item) == 1);
  }
}
