#include "source/raw_scan.hpp"

#include "server/acting_as.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "source/built_days.hpp"

namespace reseller_report {
namespace {

// The form of each mapped column in the result of read_raw's query. A partitioned table and its leaves have the same.
RowLayout layout_of_table(const Source &source) {
  Relation relation = nullptr;
  pg([&] { relation = relation_open(source.relid, NoLock); });
  RowLayout layout = {};
  std::string problem;
  bool const filtered = relation->rd_rel->relforcerowsecurity;
  bool const readable = find_layout(source.mapping, RelationGetDescr(relation), layout, problem);
  pg([&] { relation_close(relation, NoLock); });
  if (filtered)
    throw Error(sqlstate::kWrongState, "usage table " + source.name + " hides rows from its owner by row-level security",
                "Run ALTER TABLE " + source.name + " NO FORCE ROW LEVEL SECURITY;");
  if (!readable)
    throw Error(sqlstate::kWrongState, "usage table " + source.name + " can no longer be read: " + problem,
                "Run reseller_report.detach_source, then reseller_report.attach_source with the columns it has now.");
  return layout;
}

// A bound of the period as values of the column show it: on the column's clock, where it has no time zone.
Time on_the_clock(Time bound, Time utc_offset) {
  if (!is_finite(bound)) return bound;
  Time shown = 0;
  if (__builtin_add_overflow(bound, utc_offset, &shown)) return utc_offset > 0 ? kInfinity : kMinusInfinity;
  // A bound may lie beyond the range of timestamps, as the end of the last bucket does. No row is there, so it becomes infinite.
  return IS_VALID_TIMESTAMP(shown) ? shown : shown > 0 ? kInfinity : kMinusInfinity;
}

struct RawQuery {
  std::string sql;
  SqlParameters parameters;
};

RawQuery raw_query(const Source &source, const RowLayout &layout, const Range &range, const std::vector<std::int64_t> *companies) {
  const Mapping &mapping = source.mapping;
  int const moment_rule = mapping.of_field[static_cast<int>(Field::kOccurredAt)];
  std::string const moment = quoted(NameStr(mapping.rules[moment_rule].column));
  RawQuery raw = {};
  raw.sql = "SELECT ";
  for (int i = 0; i < mapping.count; i++)
    raw.sql +=
        (i > 0 ? ", " : "") + (mapping.rules[i].is_constant ? std::string("NULL") : quoted(NameStr(mapping.rules[i].column)));
  raw.sql += " FROM " + source.name + " WHERE " + moment + " >= $1 AND " + moment + " < $2";
  Oid const type = layout.reading[moment_rule] == Reading::kTimestamp ? TIMESTAMPOID : TIMESTAMPTZOID;
  Time const offset = mapping.rules[moment_rule].utc_offset;
  raw.parameters.add(type, TimestampTzGetDatum(on_the_clock(range.from, offset)));
  raw.parameters.add(type, TimestampTzGetDatum(on_the_clock(range.to, offset)));
  const Rule &company = mapping.rule(Field::kCompany);
  if (companies != nullptr && !company.is_constant) {
    raw.sql += " AND " + quoted(NameStr(company.column)) + " = ANY ($3)";
    raw.parameters.add_bigints(companies->data(), static_cast<int>(companies->size()));
  }
  return raw;
}

}  // namespace

void read_raw(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, const RowFilter &filter,
              UsageHandler handler, void *state) {
  if (range.empty() || (companies != nullptr && companies->empty())) return;
  const Mapping &mapping = source.mapping;
  RowLayout const layout = layout_of_table(source);
  RawQuery const raw = raw_query(source, layout, range, companies);
  bool const look_everywhere = moved_unseen(source.id);
  reading_as_owner(source.relid, [&](const ActingAs &owner) {
    // Otherwise pruning must be on, because the caller may have locked only the partitions of the range.
    owner.set("enable_partition_pruning", look_everywhere ? "off" : "on");
    query(raw.sql.c_str(), raw.parameters, [&](const Datum *values, const bool *nulls) {
      UsageHead head;
      if (!head_of_row(mapping, layout, values, nulls, head)) return;
      if (filter.wants != nullptr && !filter.wants(filter.state, head.company, head.moment)) return;
      Usage usage;
      if (usage_of_row(mapping, layout, values, nulls, source.relid, usage)) handler(state, usage);
    });
  });
}

}  // namespace reseller_report
