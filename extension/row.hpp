// From a row of a usage table to a usage event: the one place that knows what a mapped column may hold.
#pragma once

#include <string>

#include "boundary.hpp"
#include "item.hpp"
#include "period.hpp"
#include "usage.hpp"

namespace reseller_report {

/// What a mapped column stands for. kKind is channel, sender, direction or billable, as the service has it.
enum class Role : int { kCompany, kOccurredAt, kKind, kAlice, kDelivered, kSeconds, kPriceTwin, kPriceReseller };
inline constexpr int kRoles = 8;

/// What a table is attached as. A table of calls may feed both telephony services.
enum class Feed : int { kTextMessaging, kChat, kTelephony, kTelephonyOutgoing, kTelephonyIncoming, kBot };

/// How the rows of a source read. Plain data without pointers: the capture cache keeps copies of it.
struct Mapping {
  Feed feed;
  bool mapped[kRoles];
  NameData column[kRoles];
};

struct Usage {
  Item item;
  Time occurred_at;
  std::int64_t company;
  Counters counters;
};

/// The mapped columns of one table (or partition) as they lie in its rows.
struct RowLayout {
  AttrNumber attnum[kRoles];
  Oid type[kRoles];
};

/// The name of a role in attach_source's `columns`, for this feed; nullptr where the feed has no such role.
const char *role_name(Feed feed, Role role);

/// Reads the registry's form of a mapping, as attach_source wrote it.
Mapping parse_mapping(const char *service, Jsonb *columns);

/// Finds the mapped columns. False, and what is wrong, when one is missing or has a type that cannot be read: it was changed
/// after the table was attached.
bool find_layout(const Mapping &mapping, TupleDesc columns, RowLayout &layout, std::string &problem);

/// The usage of a row whose mapped columns are `values`, by role. False when the row is not usage: no company, no moment,
/// or the other direction. Raises 23514, 22003 or 22008 for values that cannot be counted, naming table and column.
bool usage_of_row(const Mapping &mapping, const Oid *types, const Datum *values, const bool *nulls, Oid table, Usage &usage);

}  // namespace reseller_report
