// How the rows of a source are read: what each mapped column stands for, and where it lies in the rows of one table.
#pragma once

#include <string>

#include "core/item.hpp"
#include "core/period.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// What a rule of a mapping gives. kKind is the channel, sender, direction or billable of the service. A kCondition says which rows
/// count at all.
enum class Field : int { kCompany, kOccurredAt, kKind, kAlice, kDelivered, kSeconds, kPriceTwin, kPriceReseller, kCondition };
inline constexpr int kFields = 8;  ///< those that a mapping has at most once: all but conditions

/// How many rules a mapping has at most, fields and conditions together; must match reseller_report._rules.
inline constexpr int kMostRules = 16;

/// What a table is attached as. A table of calls may feed both telephony services.
enum class Feed : int { kTextMessaging, kChat, kTelephony, kTelephonyOutgoing, kTelephonyIncoming, kBot };

/// Its name, as attach_source is given it, and what has a name.
const char *feed_name(Feed feed);
Feed feed_named(const char *name);

/// Whether it counts for a service.
bool feeds(Feed feed, Service service);

/// What a value stands for where its rows are to be left out.
inline constexpr std::int64_t kIgnored = -1;

/// What a value stands for where the mapping does not know it. Such a row is an error.
inline constexpr std::int64_t kRefused = -2;

/// A value that a column may hold, as text, and what it stands for: an Item, or 1 or 0.
struct Label {
  const char *text;
  size_t length;
  std::int64_t meaning;
};

struct Rule {
  Field field;
  bool is_constant;
  std::int64_t constant;  ///< an Item, 1 or 0, a number or micro-units
  NameData column;
  const char *type;  ///< of the column, as it was when the mapping was made or last followed
  bool has_labels;   ///< otherwise the value stands for itself
  int label_count;
  const Label *labels;
  std::int64_t of_null;    ///< what NULL stands for
  std::int64_t of_others;  ///< what a value stands for that is no label
  std::int64_t unit;       ///< micro-units that a 1 of an integer price stands for
  bool has_clock;          ///< the column has no time zone: it shows the time of some clock
  Time utc_offset;         ///< how far that clock is ahead of UTC
};

/// Plain data in the memory context that was current when it was parsed.
struct Mapping {
  Feed feed;
  int count;
  const Rule *rules;
  int of_field[kFields];  ///< positions in rules; -1 where the service has no such field

  const Rule &rule(Field field) const { return rules[of_field[static_cast<int>(field)]]; }
  bool has(Field field) const { return of_field[static_cast<int>(field)] >= 0; }
};

/// The form of a column's values.
enum class Reading : int { kNone, kInt2, kInt4, kInt8, kBoolean, kTimestamptz, kTimestamp, kText, kPaddedText, kEnum, kNumeric };

/// A label of a column that is not text, as the column stores it: a number, or the OID of an enum's value.
struct Code {
  bool is_known;
  std::int64_t value;
};

/// Where the mapped columns of one table (or partition) lie in its rows, by rule; 0 and kNone for constants.
struct RowLayout {
  AttrNumber attnum[kMostRules];
  Reading reading[kMostRules];
  const Code *codes[kMostRules];
};

/// The name of a field in attach_source's `columns`, for this feed; nullptr where the feed has no such field.
const char *field_name(Feed feed, Field field);

/// Reads the registry's form of a mapping, as reseller_report._rules wrote it.
Mapping parse_mapping(const char *service, Jsonb *rules);

/// Finds the mapped columns. False, and what is wrong, when one is missing or has a type that cannot be read: it was changed
/// after the table was attached.
bool find_layout(const Mapping &mapping, TupleDesc columns, RowLayout &layout, std::string &problem);

}  // namespace reseller_report
