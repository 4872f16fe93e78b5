#include "row.hpp"

#include "money.hpp"

namespace reseller_report {
namespace {

constexpr const char *kFeedNames[] = {"text_messaging",     "chat",               "telephony",
                                      "telephony_outgoing", "telephony_incoming", "bot"};

constexpr const char *kKindNames[] = {"channel", "sender", "direction", "direction", "direction", "billable"};

struct Label {
  std::string_view text;
  Item item;
};

struct LabelList {
  const Label *labels;
  int count;
  const Label *begin() const { return labels; }
  const Label *end() const { return labels + count; }
};

constexpr Label kChannels[] = {{"sms", Item::kSms},
                               {"viber", Item::kViber},
                               {"whatsapp", Item::kWhatsapp},
                               {"email", Item::kEmail},
                               {"push", Item::kPush}};
constexpr Label kSenders[] = {{"operator", Item::kOperator}, {"bot", Item::kBot}, {"user", Item::kUser}};
constexpr Label kDirections[] = {{"outgoing", Item::kOutgoingCall}, {"incoming", Item::kIncomingCall}};

LabelList labels_of(Feed feed) {
  switch (feed) {
    case Feed::kTextMessaging:
      return {kChannels, 5};
    case Feed::kChat:
      return {kSenders, 3};
    case Feed::kTelephony:
    case Feed::kTelephonyOutgoing:
    case Feed::kTelephonyIncoming:
      return {kDirections, 2};
    case Feed::kBot:
      break;
  }
  return {nullptr, 0};
}

Item through_alice(Item sender) {
  return sender == Item::kOperator ? Item::kOperatorAlice : sender == Item::kBot ? Item::kBotAlice : Item::kUserAlice;
}

// The types of each role; must match reseller_report._roles.
bool is_readable(Feed feed, Role role, Oid type, int32 modifier) {
  switch (role) {
    case Role::kCompany:
    case Role::kSeconds:
      return type == INT2OID || type == INT4OID || type == INT8OID;
    case Role::kOccurredAt:
      return type == TIMESTAMPTZOID;
    case Role::kKind:
      return feed == Feed::kBot ? type == BOOLOID : type == TEXTOID || type == VARCHAROID;
    case Role::kAlice:
      return type == BOOLOID;
    case Role::kDelivered:
      return type == BOOLOID || type == TIMESTAMPTZOID || type == TIMESTAMPOID;
    case Role::kPriceTwin:
    case Role::kPriceReseller:
      break;
  }
  // The scale is in the low 11 bits of the modifier, signed: numeric_typmod_scale() of the server's numeric.c.
  int const scale = (((modifier - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
  return type == NUMERICOID && modifier >= VARHDRSZ && scale <= 6;
}

std::string table_name(Oid table) {
  char *name = nullptr;
  pg([&] { name = get_rel_name(table); });
  return name != nullptr ? name : "?";
}

std::string column_of(const Mapping &mapping, Role role, Oid table) {
  return "column \"" + std::string(NameStr(mapping.column[static_cast<int>(role)])) + "\" of table \"" + table_name(table) + "\"";
}

// Text that is stored neither compressed nor out of line, which short labels never are, is read in place.
std::string_view text_of(Datum value) {
  auto const *text = reinterpret_cast<const struct varlena *>(DatumGetPointer(value));
  if (VARATT_IS_EXTERNAL(text) || VARATT_IS_COMPRESSED(text)) pg([&] { text = PG_DETOAST_DATUM_PACKED(value); });
  return {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
}

std::int64_t integer_of(Oid type, Datum value) {
  if (type == INT8OID) return DatumGetInt64(value);
  return type == INT4OID ? DatumGetInt32(value) : DatumGetInt16(value);
}

/// One row on its way to becoming usage.
class RowReader {
 public:
  RowReader(const Mapping &mapping, const Oid *types, const Datum *values, const bool *nulls, Oid table)
      : mapping_(mapping), types_(types), values_(values), nulls_(nulls), table_(table) {}

  bool has(Role role) const { return mapping_.mapped[at(role)] && !nulls_[at(role)]; }

  std::int64_t integer(Role role) const { return has(role) ? integer_of(types_[at(role)], values_[at(role)]) : 0; }

  bool boolean(Role role) const { return has(role) && DatumGetBool(values_[at(role)]); }

  bool delivered() const {
    // A moment of delivery says by its presence that there was one.
    return types_[at(Role::kDelivered)] == BOOLOID ? boolean(Role::kDelivered) : has(Role::kDelivered);
  }

  std::int64_t seconds() const {
    std::int64_t const value = integer(Role::kSeconds);
    // As far from the end of 64 bits as amounts are: a single event must be able to change its sign, and to add up.
    if (value >= kAmountLimit || value <= -kAmountLimit)
      throw Error(sqlstate::kOutOfRange, column_of(mapping_, Role::kSeconds, table_) + " holds a duration of 10^15 seconds or more");
    return value;
  }

  std::int64_t micros(Role role) const {
    if (!has(role)) return 0;
    std::int64_t amount = 0;
    Datum value = values_[at(role)];
    auto const *const stored = reinterpret_cast<const struct varlena *>(DatumGetPointer(value));
    if (VARATT_IS_EXTERNAL(stored) || VARATT_IS_COMPRESSED(stored))
      pg([&] { value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value)); });
    switch (micros_of_numeric(value, amount)) {
      case AmountCheck::kFine:
        return amount;
      case AmountCheck::kNotANumber:
        throw Error(sqlstate::kOutOfRange, column_of(mapping_, role, table_) + " holds an amount that is not a number");
      case AmountCheck::kTooLarge:
        throw Error(sqlstate::kOutOfRange, column_of(mapping_, role, table_) + " holds an amount of 10^9 or more");
      case AmountCheck::kTooFine:
        break;
    }
    throw Error(sqlstate::kOutOfRange, column_of(mapping_, role, table_) + " holds an amount with more than 6 decimals");
  }

  Time moment() const {
    Time const t = DatumGetTimestampTz(values_[at(Role::kOccurredAt)]);
    if (!is_finite(t))
      throw Error(sqlstate::kDatetimeOverflow,
                  column_of(mapping_, Role::kOccurredAt, table_) + " holds an infinite moment, but usage has a finite one");
    return t;
  }

  bool item(Item &item) const {
    if (mapping_.feed == Feed::kBot) {
      item = boolean(Role::kKind) ? Item::kBillable : Item::kFree;
      return true;
    }
    item = labelled();
    if (mapping_.feed == Feed::kChat && boolean(Role::kAlice)) item = through_alice(item);
    if (mapping_.feed == Feed::kTelephonyOutgoing) return item == Item::kOutgoingCall;
    if (mapping_.feed == Feed::kTelephonyIncoming) return item == Item::kIncomingCall;
    return true;
  }

 private:
  static int at(Role role) { return static_cast<int>(role); }

  Item labelled() const {
    std::string_view text = "NULL";
    if (has(Role::kKind)) {
      text = text_of(values_[at(Role::kKind)]);
      for (const Label &label : labels_of(mapping_.feed))
        if (text == label.text) return label.item;
    }
    std::string known;
    for (const Label &label : labels_of(mapping_.feed)) known += (known.empty() ? "" : ", ") + std::string(label.text);
    size_t shown = 0;
    pg([&] { shown = static_cast<size_t>(pg_mbcliplen(text.data(), static_cast<int>(text.size()), 100)); });
    throw Error(sqlstate::kCheckViolation,
                column_of(mapping_, Role::kKind, table_) + " holds \"" + std::string(text.substr(0, shown)) +
                    "\", which is not a known " + role_name(mapping_.feed, Role::kKind),
                "Known values are " + known + ".");
  }

  const Mapping &mapping_;
  const Oid *types_;
  const Datum *values_;
  const bool *nulls_;
  Oid table_;
};

}  // namespace

const char *role_name(Feed feed, Role role) {
  switch (role) {
    case Role::kCompany:
      return "company_id";
    case Role::kOccurredAt:
      return "occurred_at";
    case Role::kKind:
      return kKindNames[static_cast<int>(feed)];
    case Role::kAlice:
      return feed == Feed::kChat ? "via_alice" : nullptr;
    case Role::kDelivered:
      return feed == Feed::kTextMessaging ? "delivered" : nullptr;
    case Role::kSeconds:
      return feed == Feed::kTelephony || feed == Feed::kTelephonyOutgoing || feed == Feed::kTelephonyIncoming
                 ? "duration_seconds"
                 : nullptr;
    case Role::kPriceTwin:
      return "price_twin";
    case Role::kPriceReseller:
      break;
  }
  return "price_reseller";
}

Mapping parse_mapping(const char *service, Jsonb *columns) {
  Mapping mapping = {};
  int feed = 0;
  while (strcmp(service, kFeedNames[feed]) != 0)
    if (++feed == static_cast<int>(std::size(kFeedNames)))
      throw Error(sqlstate::kInternal, "unknown service \"" + std::string(service) + "\" in the registry of sources");
  mapping.feed = static_cast<Feed>(feed);
  for (int role = 0; role < kRoles; role++) {
    const char *const name = role_name(mapping.feed, static_cast<Role>(role));
    if (name == nullptr) continue;
    pg([&] {
      JsonbValue *const entry =
          getKeyJsonValueFromContainer(&columns->root, name, static_cast<int>(strlen(name)), nullptr);
      if (entry == nullptr || entry->type != jbvBinary) return;
      JsonbValue *const column = getKeyJsonValueFromContainer(entry->val.binary.data, "column", 6, nullptr);
      if (column == nullptr || column->type != jbvString || column->val.string.len >= NAMEDATALEN) return;
      memcpy(NameStr(mapping.column[role]), column->val.string.val, static_cast<size_t>(column->val.string.len));
      mapping.mapped[role] = true;
    });
  }
  return mapping;
}

bool find_layout(const Mapping &mapping, TupleDesc columns, RowLayout &layout, std::string &problem) {
  layout = {};
  for (int role = 0; role < kRoles; role++) {
    if (!mapping.mapped[role]) continue;
    std::string const name = NameStr(mapping.column[role]);
    for (int i = 0; i < columns->natts && layout.attnum[role] == 0; i++) {
      Form_pg_attribute const attribute = TupleDescAttr(columns, i);
      if (attribute->attisdropped || name != NameStr(attribute->attname)) continue;
      layout.attnum[role] = attribute->attnum;
      layout.type[role] = attribute->atttypid;
    }
    if (layout.attnum[role] == 0) {
      problem = "column \"" + name + "\" is gone";
      return false;
    }
    int32 const modifier = TupleDescAttr(columns, layout.attnum[role] - 1)->atttypmod;
    if (!is_readable(mapping.feed, static_cast<Role>(role), layout.type[role], modifier)) {
      problem = "column \"" + name + "\" has a type that cannot be counted exactly";
      return false;
    }
  }
  return true;
}

bool usage_of_row(const Mapping &mapping, const Oid *types, const Datum *values, const bool *nulls, Oid table, Usage &usage) {
  RowReader const row(mapping, types, values, nulls, table);
  if (!row.has(Role::kCompany) || !row.has(Role::kOccurredAt)) return false;
  if (!row.item(usage.item)) return false;
  usage.company = row.integer(Role::kCompany);
  usage.occurred_at = row.moment();
  usage.counters[Figure::kEvents] = 1;
  usage.counters[Figure::kDelivered] = row.delivered() ? 1 : 0;
  usage.counters[Figure::kSeconds] = row.seconds();
  usage.counters[Figure::kPriceTwin] = row.micros(Role::kPriceTwin);
  usage.counters[Figure::kPriceReseller] = row.micros(Role::kPriceReseller);
  return true;
}

}  // namespace reseller_report
