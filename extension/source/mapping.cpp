#include "source/mapping.hpp"

#include <algorithm>
#include <charconv>

namespace reseller_report {
namespace {

constexpr const char *kFeedNames[] = {"text_messaging", "chat", "telephony", "telephony_outgoing", "telephony_incoming", "bot"};

constexpr const char *kKindNames[] = {"channel", "sender", "direction", "direction", "direction", "billable"};

struct Kind {
  std::string_view name;
  Item item;
};

constexpr Kind kKinds[] = {{"sms", Item::kSms},
                           {"viber", Item::kViber},
                           {"whatsapp", Item::kWhatsapp},
                           {"email", Item::kEmail},
                           {"push", Item::kPush},
                           {"operator", Item::kOperator},
                           {"bot", Item::kBot},
                           {"user", Item::kUser},
                           {"outgoing", Item::kOutgoingCall},
                           {"incoming", Item::kIncomingCall}};

std::string_view text_of(const JsonbValue &json) { return {json.val.string.val, static_cast<size_t>(json.val.string.len)}; }

// The functions from here to parse_rule are called inside pg() and own nothing with a destructor.

JsonbValue *member(JsonbContainer *object, const char *name) {
  return getKeyJsonValueFromContainer(object, name, static_cast<int>(strlen(name)), nullptr);
}

std::int64_t number_of(const JsonbValue &json) {
  return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(json.val.numeric)));
}

std::int64_t meaning_of(const JsonbValue &json) {
  if (json.type == jbvNull) return kIgnored;
  if (json.type == jbvBool) return json.val.boolean ? 1 : 0;
  if (json.type == jbvNumeric) return number_of(json);
  for (const Kind &kind : kKinds)
    if (text_of(json) == kind.name) return static_cast<std::int64_t>(kind.item);
  elog(ERROR, "unknown value in the registry of sources");
}

std::int64_t meaning_in(JsonbContainer *rule, const char *name) {
  const JsonbValue *const meaning = member(rule, name);
  return meaning != nullptr ? meaning_of(*meaning) : kRefused;
}

void parse_labels(JsonbContainer *values, Rule &rule) {
  auto *const labels = static_cast<Label *>(palloc(sizeof(Label) * (JsonContainerSize(values) + 1)));
  JsonbIterator *at = JsonbIteratorInit(values);
  JsonbValue token;
  Label *label = labels - 1;
  for (JsonbIteratorToken kind; (kind = JsonbIteratorNext(&at, &token, true)) != WJB_DONE;) {
    if (kind == WJB_KEY) {
      label++;
      label->text = pnstrdup(token.val.string.val, static_cast<Size>(token.val.string.len));
      label->length = static_cast<size_t>(token.val.string.len);
    } else if (kind == WJB_VALUE) {
      label->meaning = meaning_of(token);
    }
  }
  rule.has_labels = true;
  rule.labels = labels;
  rule.label_count = static_cast<int>(label - labels) + 1;
}

Field field_of(Feed feed, std::string_view name) {
  for (int field = 0; field < kFields; field++) {
    const char *const known = field_name(feed, static_cast<Field>(field));
    if (known != nullptr && name == known) return static_cast<Field>(field);
  }
  return Field::kCondition;
}

Rule parse_rule(Feed feed, JsonbContainer *json) {
  Rule rule = {};
  rule.field = field_of(feed, text_of(*member(json, "field")));
  if (const JsonbValue *const value = member(json, "value")) {
    rule.is_constant = true;
    rule.constant = meaning_of(*value);
    return rule;
  }
  std::string_view const column = text_of(*member(json, "column"));
  memcpy(NameStr(rule.column), column.data(), std::min(column.size(), size_t{NAMEDATALEN - 1}));
  std::string_view const type = text_of(*member(json, "type"));
  rule.type = pnstrdup(type.data(), type.size());
  if (const JsonbValue *const values = member(json, "values")) parse_labels(values->val.binary.data, rule);
  rule.of_null = meaning_in(json, "null");
  rule.of_others = meaning_in(json, "otherwise");
  if (const JsonbValue *const unit = member(json, "unit")) rule.unit = number_of(*unit);
  if (const JsonbValue *const offset = member(json, "utc_offset")) {
    rule.has_clock = true;
    rule.utc_offset = number_of(*offset) * kSecond;
  }
  return rule;
}

Reading reading_of(Oid type) {
  switch (type) {
    case INT2OID:
      return Reading::kInt2;
    case INT4OID:
      return Reading::kInt4;
    case INT8OID:
      return Reading::kInt8;
    case BOOLOID:
      return Reading::kBoolean;
    case TIMESTAMPTZOID:
      return Reading::kTimestamptz;
    case TIMESTAMPOID:
      return Reading::kTimestamp;
    case TEXTOID:
    case VARCHAROID:
      return Reading::kText;
    case BPCHAROID:
      return Reading::kPaddedText;
    case NUMERICOID:
      return Reading::kNumeric;
    default:
      break;
  }
  bool is_enum = false;
  pg([&] { is_enum = type_is_enum(type); });
  return is_enum ? Reading::kEnum : Reading::kNone;
}

bool is_integer(Reading reading) { return reading == Reading::kInt2 || reading == Reading::kInt4 || reading == Reading::kInt8; }

bool is_text(Reading reading) { return reading == Reading::kText || reading == Reading::kPaddedText; }

// The scale is in the low 11 bits of the modifier, signed: numeric_typmod_scale() of the server's numeric.c.
bool holds_micros(int32 modifier) { return modifier >= VARHDRSZ && (((modifier - VARHDRSZ) & 0x7ff) ^ 1024) - 1024 <= 6; }

// Which types a rule can be read from; must match reseller_report._is_readable, by which attach_source refuses the others.
bool is_readable(const Rule &rule, Reading reading, int32 modifier) {
  if (rule.has_labels) return is_integer(reading) || is_text(reading) || reading == Reading::kBoolean || reading == Reading::kEnum;
  switch (rule.field) {
    case Field::kCompany:
    case Field::kSeconds:
      return is_integer(reading);
    case Field::kOccurredAt:
      return reading == (rule.has_clock ? Reading::kTimestamp : Reading::kTimestamptz);
    case Field::kDelivered:
      return reading == Reading::kBoolean || reading == Reading::kTimestamptz || reading == Reading::kTimestamp;
    case Field::kPriceTwin:
    case Field::kPriceReseller:
      return rule.unit > 0 ? is_integer(reading) : reading == Reading::kNumeric && holds_micros(modifier);
    default:
      return reading == Reading::kBoolean;
  }
}

Code code_of(const Label &label, Reading reading, Oid type) {
  Code code = {false, 0};
  if (reading == Reading::kBoolean) {
    std::string_view const text(label.text, label.length);
    return {text == "true" || text == "false", text == "true" ? 1 : 0};
  }
  if (reading == Reading::kEnum) {
    pg([&] {
      Oid const value = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(type), CStringGetDatum(label.text));
      code = {OidIsValid(value), value};
    });
    return code;
  }
  auto const parsed = std::from_chars(label.text, label.text + label.length, code.value);
  code.is_known = parsed.ec == std::errc() && parsed.ptr == label.text + label.length;
  return code;
}

const Code *codes_of(const Rule &rule, Reading reading, Oid type) {
  if (!rule.has_labels || is_text(reading)) return nullptr;
  Code *codes = nullptr;
  pg([&] { codes = static_cast<Code *>(palloc(sizeof(Code) * static_cast<Size>(rule.label_count + 1))); });
  for (int i = 0; i < rule.label_count; i++) codes[i] = code_of(rule.labels[i], reading, type);
  return codes;
}

// Whether the column can hold all values that the mapping names. An enum may still get a label; the values of a number or a boolean
// are fixed.
bool can_hold_labels(const Rule &rule, Reading reading, const Code *codes) {
  return codes == nullptr || reading == Reading::kEnum ||
         std::all_of(codes, codes + rule.label_count, [](const Code &code) { return code.is_known; });
}

Form_pg_attribute find_column(TupleDesc columns, const NameData &name) {
  for (int i = 0; i < columns->natts; i++) {
    Form_pg_attribute const attribute = TupleDescAttr(columns, i);
    if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), NameStr(name)) == 0) return attribute;
  }
  return nullptr;
}

}  // namespace

const char *feed_name(Feed feed) { return kFeedNames[static_cast<int>(feed)]; }

Feed feed_named(const char *name) {
  auto const *const found =
      std::find_if(std::begin(kFeedNames), std::end(kFeedNames), [=](const char *known) { return strcmp(known, name) == 0; });
  if (found == std::end(kFeedNames))
    throw Error(sqlstate::kInternal, "unknown service \"" + std::string(name) + "\" in the registry of sources");
  return static_cast<Feed>(found - std::begin(kFeedNames));
}

bool feeds(Feed feed, Service service) {
  switch (feed) {
    case Feed::kTextMessaging:
      return service == Service::kTextMessaging;
    case Feed::kChat:
      return service == Service::kChat;
    case Feed::kTelephony:
      return service == Service::kTelephonyOutgoing || service == Service::kTelephonyIncoming;
    case Feed::kTelephonyOutgoing:
      return service == Service::kTelephonyOutgoing;
    case Feed::kTelephonyIncoming:
      return service == Service::kTelephonyIncoming;
    case Feed::kBot:
      break;
  }
  return service == Service::kBot;
}

const char *field_name(Feed feed, Field field) {
  switch (field) {
    case Field::kCompany:
      return "company_id";
    case Field::kOccurredAt:
      return "occurred_at";
    case Field::kKind:
      return kKindNames[static_cast<int>(feed)];
    case Field::kAlice:
      return feed == Feed::kChat ? "via_alice" : nullptr;
    case Field::kDelivered:
      return feed == Feed::kTextMessaging ? "delivered" : nullptr;
    case Field::kSeconds:
      return feed == Feed::kTelephony || feed == Feed::kTelephonyOutgoing || feed == Feed::kTelephonyIncoming ? "duration_seconds"
                                                                                                              : nullptr;
    case Field::kPriceTwin:
      return "price_twin";
    case Field::kPriceReseller:
      return "price_reseller";
    case Field::kCondition:
      break;
  }
  return "only";
}

Mapping parse_mapping(const char *service, Jsonb *rules) {
  Mapping mapping = {};
  mapping.feed = feed_named(service);
  mapping.count = std::min(static_cast<int>(JsonContainerSize(&rules->root)), kMostRules);
  std::fill_n(mapping.of_field, kFields, -1);
  Rule *parsed = nullptr;
  pg([&] {
    parsed = static_cast<Rule *>(palloc(sizeof(Rule) * kMostRules));
    for (int i = 0; i < mapping.count; i++)
      parsed[i] = parse_rule(mapping.feed, getIthJsonbValueFromContainer(&rules->root, static_cast<uint32>(i))->val.binary.data);
  });
  mapping.rules = parsed;
  for (int i = 0; i < mapping.count; i++)
    if (parsed[i].field != Field::kCondition) mapping.of_field[static_cast<int>(parsed[i].field)] = i;
  return mapping;
}

bool find_layout(const Mapping &mapping, TupleDesc columns, RowLayout &layout, std::string &problem) {
  layout = {};
  for (int i = 0; i < mapping.count; i++) {
    const Rule &rule = mapping.rules[i];
    if (rule.is_constant) continue;
    Form_pg_attribute const attribute = find_column(columns, rule.column);
    if (attribute == nullptr) {
      problem = "column \"" + std::string(NameStr(rule.column)) + "\" is gone";
      return false;
    }
    if (attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL) {
      problem = "column \"" + std::string(NameStr(rule.column)) + "\" is virtual, and its value is not in the row";
      return false;
    }
    int32 modifier = attribute->atttypmod;
    Oid type = InvalidOid;
    pg([&] { type = getBaseTypeAndTypmod(attribute->atttypid, &modifier); });
    layout.attnum[i] = attribute->attnum;
    layout.reading[i] = reading_of(type);
    if (!is_readable(rule, layout.reading[i], modifier)) {
      problem = "column \"" + std::string(NameStr(rule.column)) + "\" has a type that cannot be counted exactly";
      return false;
    }
    layout.codes[i] = codes_of(rule, layout.reading[i], type);
    if (!can_hold_labels(rule, layout.reading[i], layout.codes[i])) {
      problem = "column \"" + std::string(NameStr(rule.column)) + "\" has a type that cannot hold the values of its mapping";
      return false;
    }
  }
  return true;
}

}  // namespace reseller_report
