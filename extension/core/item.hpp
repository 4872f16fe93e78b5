// What each service counts, and which columns each report shows.
#pragma once

#include <cstdint>
#include <vector>

#include "core/usage.hpp"

namespace reseller_report {

enum class Service : std::int16_t { kTextMessaging, kChat, kTelephonyOutgoing, kTelephonyIncoming, kBot };
inline constexpr int kServices = 5;

/// The numbers are stored in usage_delta and the summaries: never renumber.
enum class Item : std::int16_t {
  kSms = 1,
  kViber = 2,
  kWhatsapp = 3,
  kEmail = 4,
  kPush = 5,
  kOperator = 11,
  kBot = 12,
  kUser = 13,
  kOperatorAlice = 14,
  kBotAlice = 15,
  kUserAlice = 16,
  kOutgoingCall = 21,
  kIncomingCall = 31,
  kBillable = 41,
  kFree = 42,
};

/// Numbers of items are below this.
inline constexpr int kItemNumbers = 64;

struct ItemList {
  const Item *items;
  int count;
  const Item *begin() const { return items; }
  const Item *end() const { return items + count; }
};

/// A column of figures: one figure, summed over `first` and the `count - 1` items that follow it in the service's list.
struct ReportColumn {
  const char *name;
  const char *title;  ///< on the page
  Figure figure;
  int first;
  int count;
};

/// The columns that every report has last, without how many items it has.
inline constexpr ReportColumn kTotalPriceToTwin = {"total_price_to_twin", "Total price to Twin", Figure::kPriceTwin, 0, 0};
inline constexpr ReportColumn kTotalPriceToReseller = {"total_price_to_reseller", "Total price to reseller", Figure::kPriceReseller,
                                                       0, 0};

struct ReportShape {
  Service service;
  ItemList items;
  const ReportColumn *columns;
  int column_count;  ///< without id, name and the two totals, which every report has
};

const char *service_name(Service service);

/// All services, in the order of the page.
inline constexpr Service kAllServices[kServices] = {Service::kTextMessaging, Service::kChat, Service::kTelephonyOutgoing,
                                                    Service::kTelephonyIncoming, Service::kBot};

/// The title of a service's section on the page.
const char *service_title(Service service);

/// The items of a service, in the order in which the page shows them.
ItemList items_of(Service service);

/// The items of several services, service by service.
std::vector<Item> items_of(const std::vector<Service> &services);

/// The places of items among those of several services.
class ItemPlaces {
 public:
  explicit ItemPlaces(const std::vector<Service> &services);

  /// -1 where it is not among them.
  int of(Item item) const {
    auto const number = static_cast<int>(item);
    return number >= 0 && number < kItemNumbers ? places_[number] : -1;
  }

 private:
  int places_[kItemNumbers];
};

/// The items of all services.
ItemList all_items();

/// The service that an item belongs to, and the item's name there.
Service service_of(Item item);
const char *item_name(Item item);

/// What the page shows for a service, in the order of its columns.
ReportShape report_shape(Service service);

}  // namespace reseller_report
