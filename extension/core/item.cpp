#include "core/item.hpp"

#include <algorithm>
#include <iterator>

namespace reseller_report {
namespace {

constexpr const char *kServiceNames[kServices] = {"text_messaging", "chat", "telephony_outgoing", "telephony_incoming", "bot"};

constexpr const char *kServiceTitles[kServices] = {"Text messaging service", "Chat service", "Telephony service (legacy)",
                                                   "Telephony service (new)", "Bot service"};

constexpr Item kTextItems[] = {Item::kSms, Item::kViber, Item::kWhatsapp, Item::kEmail, Item::kPush};
constexpr Item kChatItems[] = {Item::kOperator, Item::kBot, Item::kUser, Item::kOperatorAlice, Item::kBotAlice, Item::kUserAlice};
constexpr Item kOutgoingItems[] = {Item::kOutgoingCall};
constexpr Item kIncomingItems[] = {Item::kIncomingCall};
constexpr Item kBotItems[] = {Item::kBillable, Item::kFree};

constexpr ItemList kItems[kServices] = {{kTextItems, 5}, {kChatItems, 6}, {kOutgoingItems, 1}, {kIncomingItems, 1}, {kBotItems, 2}};

constexpr Item kAllItems[] = {Item::kSms,       Item::kViber,        Item::kWhatsapp,     Item::kEmail,         Item::kPush,
                              Item::kOperator,  Item::kBot,          Item::kUser,         Item::kOperatorAlice, Item::kBotAlice,
                              Item::kUserAlice, Item::kOutgoingCall, Item::kIncomingCall, Item::kBillable,      Item::kFree};

constexpr ReportColumn kTextColumns[] = {
    {"delivered_sms", "Delivered SMS", Figure::kDelivered, 0, 1},
    {"price_sms", "Price SMS", Figure::kPriceTwin, 0, 1},
    {"sent_viber", "Sent Viber", Figure::kEvents, 1, 1},
    {"delivered_viber", "Delivered Viber", Figure::kDelivered, 1, 1},
    {"price_viber", "Price Viber", Figure::kPriceTwin, 1, 1},
    {"sent_whatsapp", "Sent Whatsapp", Figure::kEvents, 2, 1},
    {"delivered_whatsapp", "Delivered Whatsapp", Figure::kDelivered, 2, 1},
    {"price_whatsapp", "Price Whatsapp", Figure::kPriceTwin, 2, 1},
    {"sent_email", "Sent Email", Figure::kEvents, 3, 1},
    {"delivered_email", "Delivered Email", Figure::kDelivered, 3, 1},
    {"price_email", "Price Email", Figure::kPriceTwin, 3, 1},
    {"sent_push", "Sent Push", Figure::kEvents, 4, 1},
    {"delivered_push", "Delivered Push", Figure::kDelivered, 4, 1},
    {"price_push", "Price Push", Figure::kPriceTwin, 4, 1},
};
constexpr ReportColumn kChatColumns[] = {
    {"operator_messages", "Operator messages", Figure::kEvents, 0, 1},
    {"operator_messages_price", "Operator messages price", Figure::kPriceTwin, 0, 1},
    {"bot_messages_with_first", "Bot messages (with first)", Figure::kEvents, 1, 1},
    {"bot_messages_price", "Bot message price", Figure::kPriceTwin, 1, 1},
    {"user_messages", "User messages", Figure::kEvents, 2, 1},
    {"user_messages_price", "Price of user messages", Figure::kPriceTwin, 2, 1},
    {"operator_messages_alice", "Operator messages Alice", Figure::kEvents, 3, 1},
    {"bot_messages_alice", "Bot messages Alice", Figure::kEvents, 4, 1},
    {"user_messages_alice", "User messages Alice", Figure::kEvents, 5, 1},
    {"alice_messages_price", "Price Alice's messages", Figure::kPriceTwin, 3, 3},
};
constexpr ReportColumn kCallColumns[] = {
    {"calls", "Calls", Figure::kEvents, 0, 1},
    {"total_duration_seconds", "Total duration (seconds)", Figure::kSeconds, 0, 1},
};
constexpr ReportColumn kBotColumns[] = {{"billable_messages", "Billable messages", Figure::kEvents, 0, 1}};

}  // namespace

const char *service_name(Service service) { return kServiceNames[static_cast<int>(service)]; }

const char *service_title(Service service) { return kServiceTitles[static_cast<int>(service)]; }

ItemList items_of(Service service) { return kItems[static_cast<int>(service)]; }

std::vector<Item> items_of(const std::vector<Service> &services) {
  std::vector<Item> items;
  for (Service const service : services) items.insert(items.end(), items_of(service).begin(), items_of(service).end());
  return items;
}

ItemPlaces::ItemPlaces(const std::vector<Service> &services) {
  std::fill(std::begin(places_), std::end(places_), -1);
  int place = 0;
  for (Item const item : items_of(services)) places_[static_cast<int>(item)] = place++;
}

ItemList all_items() { return {kAllItems, static_cast<int>(std::size(kAllItems))}; }

Service service_of(Item item) {
  for (int service = 0; service < kServices; service++)
    for (Item const its : kItems[service])
      if (its == item) return static_cast<Service>(service);
  return Service::kBot;
}

const char *item_name(Item item) {
  switch (item) {
    case Item::kSms:
      return "sms";
    case Item::kViber:
      return "viber";
    case Item::kWhatsapp:
      return "whatsapp";
    case Item::kEmail:
      return "email";
    case Item::kPush:
      return "push";
    case Item::kOperator:
      return "operator";
    case Item::kBot:
      return "bot";
    case Item::kUser:
      return "user";
    case Item::kOperatorAlice:
      return "operator_alice";
    case Item::kBotAlice:
      return "bot_alice";
    case Item::kUserAlice:
      return "user_alice";
    case Item::kOutgoingCall:
      return "outgoing_call";
    case Item::kIncomingCall:
      return "incoming_call";
    case Item::kBillable:
      return "billable";
    case Item::kFree:
      break;
  }
  return "free";
}

ReportShape report_shape(Service service) {
  ItemList const items = items_of(service);
  switch (service) {
    case Service::kTextMessaging:
      return {service, items, kTextColumns, 14};
    case Service::kChat:
      return {service, items, kChatColumns, 10};
    case Service::kTelephonyOutgoing:
    case Service::kTelephonyIncoming:
      return {service, items, kCallColumns, 2};
    case Service::kBot:
      break;
  }
  return {service, items, kBotColumns, 1};
}

}  // namespace reseller_report
