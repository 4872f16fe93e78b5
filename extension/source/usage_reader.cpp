#include "source/usage_reader.hpp"

#include <algorithm>
#include <string>

#include "server/detoasted.hpp"
#include "server/numeric.hpp"

namespace reseller_report {
namespace {

std::string table_name(Oid table) {
  char *name = nullptr;
  pg([&] { name = get_rel_name(table); });
  return name != nullptr ? name : "?";
}

// Text that is stored plainly is read in place, as all short labels are; the rest is decompressed or fetched first.
std::string_view text_of(Datum value) {
  const struct varlena *const text = detoasted(value);
  return {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
}

std::string_view without_padding(std::string_view text) {
  size_t const end = text.find_last_not_of(' ');
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

std::string_view label_of_enum(Oid value) {
  const char *label = nullptr;
  pg([&] { label = DatumGetCString(DirectFunctionCall1(enum_out, ObjectIdGetDatum(value))); });
  return label;
}

Item through_alice(Item sender) {
  return sender == Item::kOperator ? Item::kOperatorAlice : sender == Item::kBot ? Item::kBotAlice : Item::kUserAlice;
}

/// Reads one row as usage.
class RowReader {
 public:
  RowReader(const Mapping &mapping, const RowLayout &layout, const Datum *values, const bool *nulls, Oid table)
      : mapping_(mapping), layout_(layout), values_(values), nulls_(nulls), table_(table) {}

  bool has_head() const { return is_given(Field::kCompany) && is_given(Field::kOccurredAt); }

  bool counts() const {
    for (int i = 0; i < mapping_.count; i++)
      if (mapping_.rules[i].field == Field::kCondition && meaning_of(i) != 1) return false;
    return has_head();
  }

  std::int64_t company() const { return whole_number(Field::kCompany); }

  /// False when the row is to be left out.
  bool item(Item &item) const {
    std::int64_t const kind = meaning_of(at(Field::kKind));
    if (kind == kIgnored) return false;
    if (mapping_.feed == Feed::kBot) {
      item = kind != 0 ? Item::kBillable : Item::kFree;
      return true;
    }
    item = static_cast<Item>(kind);
    if (mapping_.feed == Feed::kTelephonyOutgoing) return item == Item::kOutgoingCall;
    if (mapping_.feed == Feed::kTelephonyIncoming) return item == Item::kIncomingCall;
    if (mapping_.feed != Feed::kChat) return true;
    std::int64_t const alice = meaning_of(at(Field::kAlice));
    if (alice == 1) item = through_alice(item);
    return alice != kIgnored;
  }

  /// 1, 0 or kIgnored.
  std::int64_t delivered() const { return mapping_.has(Field::kDelivered) ? meaning_of(at(Field::kDelivered)) : 0; }

  std::int64_t seconds() const {
    if (!mapping_.has(Field::kSeconds)) return 0;
    std::int64_t const value = whole_number(Field::kSeconds);
    // The same limit as for amounts: the negative of a single event must fit into 64 bits, and so must sums of many.
    if (value >= kAmountLimit || value <= -kAmountLimit)
      throw Error(sqlstate::kOutOfRange, column_of(at(Field::kSeconds)) + " holds a duration of 10^15 seconds or more");
    return value;
  }

  std::int64_t micros(Field field) const {
    const Rule &rule = mapping_.rule(field);
    if (rule.is_constant) return rule.constant;
    if (!is_given(field)) return 0;
    return rule.unit > 0 ? micros_of_units(field, rule.unit) : micros_of_decimal(field);
  }

  Time unchecked_moment() const {
    int const i = at(Field::kOccurredAt);
    Time const stored = DatumGetTimestampTz(values_[i]);  // a timestamp is stored likewise
    return is_finite(stored) ? stored - mapping_.rules[i].utc_offset : stored;
  }

  Time moment() const {
    int const i = at(Field::kOccurredAt);
    Time const t = unchecked_moment();
    if (!is_finite(t))
      throw Error(sqlstate::kDatetimeOverflow, column_of(i) + " holds an infinite moment, but usage has a finite one");
    if (!IS_VALID_TIMESTAMP(t)) throw Error(sqlstate::kDatetimeOverflow, column_of(i) + " holds a moment out of range in UTC");
    return t;
  }

 private:
  int at(Field field) const { return mapping_.of_field[static_cast<int>(field)]; }

  bool is_given(Field field) const { return mapping_.rule(field).is_constant || !nulls_[at(field)]; }

  std::int64_t integer(int i) const {
    switch (layout_.reading[i]) {
      case Reading::kInt2:
        return DatumGetInt16(values_[i]);
      case Reading::kInt4:
        return DatumGetInt32(values_[i]);
      case Reading::kBoolean:
        return DatumGetBool(values_[i]) ? 1 : 0;
      case Reading::kEnum:
        return DatumGetObjectId(values_[i]);
      default:
        return DatumGetInt64(values_[i]);
    }
  }

  std::int64_t whole_number(Field field) const {
    const Rule &rule = mapping_.rule(field);
    if (rule.is_constant) return rule.constant;
    return is_given(field) ? integer(at(field)) : 0;
  }

  std::int64_t micros_of_units(Field field, std::int64_t unit) const {
    Sum const amount = static_cast<Sum>(integer(at(field))) * unit;
    if (amount >= kAmountLimit || amount <= -kAmountLimit) throw_too_large(field);
    return static_cast<std::int64_t>(amount);
  }

  std::int64_t micros_of_decimal(Field field) const {
    std::int64_t amount = 0;
    Datum const value = PointerGetDatum(detoasted(values_[at(field)]));
    switch (micros_of_numeric(value, amount)) {
      case AmountCheck::kFine:
        return amount;
      case AmountCheck::kNotANumber:
        throw Error(sqlstate::kOutOfRange, column_of(at(field)) + " holds an amount that is not a number");
      case AmountCheck::kTooLarge:
        throw_too_large(field);
      case AmountCheck::kTooFine:
        break;
    }
    throw Error(sqlstate::kOutOfRange, column_of(at(field)) + " holds an amount with more than 6 decimals");
  }

  [[noreturn]] void throw_too_large(Field field) const {
    throw Error(sqlstate::kOutOfRange, column_of(at(field)) + " holds an amount of 10^9 or more");
  }

  // What the row's value means by a rule: 1 or 0 for most rules, and an Item for kKind, unless the service is that of bots.
  // kIgnored means that the row is to be left out. A moment of delivery means 1, because the message was delivered. A value that
  // the mapping does not know raises 23514.
  std::int64_t meaning_of(int i) const {
    const Rule &rule = mapping_.rules[i];
    if (rule.is_constant) return rule.constant;
    if (nulls_[i]) {
      if (rule.of_null == kRefused) throw_unknown(i, "NULL");
      return rule.of_null;
    }
    if (!rule.has_labels) return layout_.reading[i] == Reading::kBoolean ? integer(i) : 1;
    std::int64_t const meaning = layout_.codes[i] != nullptr ? meaning_of_code(i, rule) : meaning_of_text(rule, text(i));
    if (meaning != kRefused) return meaning;
    if (rule.of_others == kRefused) throw_unknown(i, text(i));
    return rule.of_others;
  }

  std::int64_t meaning_of_code(int i, const Rule &rule) const {
    std::int64_t const value = integer(i);
    const Code *const codes = layout_.codes[i];
    for (int label = 0; label < rule.label_count; label++)
      if (codes[label].is_known && codes[label].value == value) return rule.labels[label].meaning;
    // An enum may have got one of the labels since its codes were looked up.
    bool const all_known = std::all_of(codes, codes + rule.label_count, [](const Code &code) { return code.is_known; });
    return all_known ? kRefused : meaning_of_text(rule, text(i));
  }

  static std::int64_t meaning_of_text(const Rule &rule, std::string_view text) {
    for (int label = 0; label < rule.label_count; label++)
      if (text == std::string_view(rule.labels[label].text, rule.labels[label].length)) return rule.labels[label].meaning;
    return kRefused;
  }

  std::string_view text(int i) const {
    switch (layout_.reading[i]) {
      case Reading::kText:
        return text_of(values_[i]);
      case Reading::kPaddedText:
        return without_padding(text_of(values_[i]));
      case Reading::kEnum:
        return label_of_enum(DatumGetObjectId(values_[i]));
      default:
        break;
    }
    const char *number = nullptr;
    pg([&] {
      number = layout_.reading[i] == Reading::kBoolean ? integer(i) != 0 ? "true" : "false" : psprintf(INT64_FORMAT, integer(i));
    });
    return number;
  }

  std::string column_of(int i) const {
    const Rule &rule = mapping_.rules[i];
    if (rule.is_constant) return std::string(field_name(mapping_.feed, rule.field)) + " of table \"" + table_name(table_) + "\"";
    return "column \"" + std::string(NameStr(rule.column)) + "\" of table \"" + table_name(table_) + "\"";
  }

  [[noreturn]] void throw_unknown(int i, std::string_view value) const {
    const Rule &rule = mapping_.rules[i];
    std::string known = !rule.has_labels ? "false, true" : "";
    for (int label = 0; label < rule.label_count; label++) known += (label > 0 ? ", " : "") + std::string(rule.labels[label].text);
    size_t shown = 0;
    pg([&] { shown = static_cast<size_t>(pg_mbcliplen(value.data(), static_cast<int>(value.size()), 100)); });
    throw Error(sqlstate::kCheckViolation,
                column_of(i) + " holds \"" + std::string(value.substr(0, shown)) + (shown < value.size() ? "..." : "") +
                    "\", which is not a known " + field_name(mapping_.feed, rule.field),
                "Known values are " + known + ".");
  }

  const Mapping &mapping_;
  const RowLayout &layout_;
  const Datum *values_;
  const bool *nulls_;
  Oid table_;
};

}  // namespace

bool head_of_row(const Mapping &mapping, const RowLayout &layout, const Datum *values, const bool *nulls, UsageHead &head) {
  RowReader const row(mapping, layout, values, nulls, InvalidOid);
  if (!row.has_head()) return false;
  head = {row.company(), row.unchecked_moment()};
  return true;
}

bool usage_of_row(const Mapping &mapping, const RowLayout &layout, const Datum *values, const bool *nulls, Oid table,
                  Usage &usage) {
  RowReader const row(mapping, layout, values, nulls, table);
  if (!row.counts()) return false;
  if (!row.item(usage.item)) return false;
  std::int64_t const delivered = row.delivered();
  if (delivered == kIgnored) return false;
  usage.company = row.company();
  usage.occurred_at = row.moment();
  usage.counters[Figure::kEvents] = 1;
  usage.counters[Figure::kDelivered] = delivered;
  usage.counters[Figure::kSeconds] = row.seconds();
  usage.counters[Figure::kPriceTwin] = row.micros(Field::kPriceTwin);
  usage.counters[Figure::kPriceReseller] = row.micros(Field::kPriceReseller);
  return true;
}

}  // namespace reseller_report
