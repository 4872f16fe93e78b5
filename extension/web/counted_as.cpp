// counted_as: where one raw row is counted, or why not. For support staff, who may read every reseller.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/access.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/row_writer.hpp"
#include "source/built_days.hpp"
#include "source/event_scan.hpp"

namespace reseller_report {
namespace {

/// What a source makes of one row.
struct RowReading {
  bool is_there = false;
  std::optional<UsageHead> head;  ///< nothing where the row is of no company or no moment
  std::optional<Usage> usage;     ///< nothing where it is not usage
  std::string reason;             ///< why it is not
};

/// Whose usage a row is.
struct Owner {
  bool is_known = false;  ///< whether the company is
  std::string name;
  std::optional<std::int64_t> reseller;
};

void require_every_reseller() {
  if (!readable_by(GetUserId()).is_all)
    throw Error(sqlstate::kNotPermitted, "permission denied: counted_as is for roles that may read every reseller",
                "Ask for reseller_report.grant_access(role, NULL).");
}

// SQL of a column's value in the key $1; NULL where the key lacks it. The server reads back what to_jsonb() has made of it, but for
// the null of jsonb, which it takes for NULL.
std::string value_in_key(const KeyColumn &column) {
  std::string const value = "pg_catalog.jsonb_extract_path($1, " + column.literal + ")";
  if (column.is_jsonb) return value + "::" + column.type;
  return "(SELECT key." + column.name + " FROM pg_catalog.jsonb_to_record(pg_catalog.jsonb_build_object(" + column.literal + ", " +
         value + ")) AS key(" + column.name + " " + column.type + "))";
}

std::string query_by_key(const Source &source, const RowLayout &layout, const std::vector<KeyColumn> &key) {
  std::string sql = "SELECT " + raw_query(source, layout, {kMinusInfinity, kInfinity}).columns + " FROM " + source.name;
  for (size_t i = 0; i < key.size(); i++)
    sql += (i == 0 ? " WHERE " : " AND ") + key[i].name + " " + key[i].equals + " " + value_in_key(key[i]);
  return sql;
}

RowReading reading_of(const Source &source, Datum key_values) {
  RowLayout const layout = layout_of_table(source);
  std::vector<KeyColumn> const key = key_columns(source.relid);
  if (key.empty())
    throw Error(sqlstate::kWrongState, "usage table " + source.name + " has no primary key, by which its rows could be told apart",
                "Look at its rows with SQL.");
  std::string const sql = query_by_key(source, layout, key);
  SqlParameters parameters;
  parameters.add(JSONBOID, key_values);
  RowReading reading;
  reading_as_owner(source.relid, [&](const ActingAs &) {
    query(sql.c_str(), parameters, [&](const Datum *values, const bool *nulls) {
      reading.is_there = true;
      UsageHead head;
      if (!head_of_row(source.mapping, layout, values, nulls, head)) {
        reading.reason = "it is of no company or no moment";
        return;
      }
      reading.head = head;
      Usage usage = {};
      try {
        if (usage_of_row(source.mapping, layout, values, nulls, source.relid, usage))
          reading.usage = usage;
        else
          reading.reason = "the mapping leaves it out";
      } catch (const Error &error) {
        reading.reason = error.what();
      }
    });
  });
  return reading;
}

Owner owner_of(const UsageHead &head) {
  Owner owner;
  SqlParameters parameters;
  parameters.add_bigint(head.company).add_time(head.moment);
  query(
      "SELECT c.name, d.reseller_id FROM reseller_report.company c LEFT JOIN reseller_report.dependency d"
      " ON d.company_id = c.company_id AND d.during @> $2 WHERE c.company_id = $1",
      parameters, [&](const Datum *values, const bool *nulls) {
        owner.is_known = true;
        owner.name = text_of(values[0]);
        if (!nulls[1]) owner.reseller = DatumGetInt64(values[1]);
      });
  return owner;
}

const char *state_of(const Source &source, const Usage &usage) {
  UsageKey const key = key_of(source.id, usage);
  Range const bucket = {key.bucket, next_bucket(Level::kQuarter, key.bucket)};
  if (answerable(source, bucket).empty()) return "raw";
  bool is_pending = false;
  SqlParameters parameters;
  parameters.add_bigint(source.id).add_bigint(static_cast<std::int64_t>(usage.item)).add_time(key.bucket).add_bigint(key.company);
  query(
      "SELECT 1 FROM reseller_report.usage_delta d, reseller_report._unpacked(d.packed) u"
      " WHERE d.source = $1 AND u.item = $2 AND u.bucket = $3 AND u.company_id = $4 LIMIT 1",
      parameters, [&](const Datum *, const bool *) { is_pending = true; });
  return is_pending ? "pending" : "folded";
}

void put_if(RowWriter &writer, bool is_given, Datum value) {
  if (is_given)
    writer.put(value);
  else
    writer.put_null();
}

void put_text_or_null(RowWriter &writer, const std::string &text) {
  if (text.empty())
    writer.put_null();
  else
    writer.put_text(text.c_str());
}

void put_reading(RowWriter &writer, const Source &source, const RowReading &reading) {
  Owner const owner = reading.head ? owner_of(*reading.head) : Owner{};
  std::string reason = reading.reason;
  if (reading.usage && !owner.is_known) reason = "the company is not in reseller_report.company";
  if (reading.usage && owner.is_known && !owner.reseller) reason = "the company had no reseller at that time";
  std::optional<Usage> const &usage = reading.usage;
  UsageHead const head = reading.head.value_or(UsageHead{});
  writer.put_text(usage ? service_name(service_of(usage->item)) : feed_name(source.mapping.feed));
  put_text_or_null(writer, usage ? item_name(usage->item) : "");
  put_if(writer, reading.head.has_value(), Int64GetDatum(head.company));
  if (owner.is_known)
    writer.put_text(owner.name.c_str());
  else
    writer.put_null();
  put_if(writer, owner.reseller.has_value(), Int64GetDatum(owner.reseller.value_or(0)));
  put_if(writer, reading.head && IS_VALID_TIMESTAMP(head.moment), TimestampTzGetDatum(head.moment));
  put_if(writer, usage.has_value(), usage ? TimestampTzGetDatum(key_of(source.id, *usage).bucket) : Datum{0});
  writer.put(BoolGetDatum(usage && owner.reseller));
  put_text_or_null(writer, usage ? state_of(source, *usage) : "");
  put_text_or_null(writer, reason);
  writer.end_row();
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_counted_as) {
  require_not_null(fcinfo, {0}, "source");
  require_not_null(fcinfo, {1}, "key");
  require_every_reseller();
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  RowWriter writer(fcinfo);
  ActingAs const owner(extension_owner());
  for (const Source &source : sources_of_table(PG_GETARG_OID(0))) {
    RowReading const reading = reading_of(source, PG_GETARG_DATUM(1));
    if (reading.is_there) put_reading(writer, source, reading);
  }
  return Datum{0};
}

}  // namespace reseller_report
