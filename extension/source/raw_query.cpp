#include "source/raw_query.hpp"

#include "server/relation.hpp"

namespace reseller_report {
namespace {

// The bound of a period as a value of the column says it. A column without a time zone says what its clock shows.
Time on_the_clock(Time bound, Time utc_offset) {
  if (!is_finite(bound)) return bound;
  Time shown = 0;
  if (__builtin_add_overflow(bound, utc_offset, &shown)) return utc_offset > 0 ? kInfinity : kMinusInfinity;
  // A bound may lie beyond the range of timestamps, as the end of the last bucket does. No row is there, so it becomes infinite.
  return IS_VALID_TIMESTAMP(shown) ? shown : shown > 0 ? kInfinity : kMinusInfinity;
}

}  // namespace

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

void RawQuery::add_moment(Time bound) { parameters.add(moment_type, TimestampTzGetDatum(on_the_clock(bound, utc_offset))); }

RawQuery raw_query(const Source &source, const RowLayout &layout, const Range &range) {
  const Mapping &mapping = source.mapping;
  int const moment_rule = mapping.of_field[static_cast<int>(Field::kOccurredAt)];
  RawQuery raw = {};
  for (int i = 0; i < mapping.count; i++)
    raw.columns +=
        (i > 0 ? ", " : "") + (mapping.rules[i].is_constant ? std::string("NULL") : quoted(NameStr(mapping.rules[i].column)));
  raw.moment = quoted(NameStr(mapping.rules[moment_rule].column));
  raw.moment_type = layout.reading[moment_rule] == Reading::kTimestamp ? TIMESTAMPOID : TIMESTAMPTZOID;
  raw.utc_offset = mapping.rules[moment_rule].utc_offset;
  raw.rows = source.name + " WHERE " + raw.moment + " >= $1 AND " + raw.moment + " < $2";
  raw.add_moment(range.from);
  raw.add_moment(range.to);
  return raw;
}

}  // namespace reseller_report
