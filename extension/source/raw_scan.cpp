#include "source/raw_scan.hpp"

#include "server/acting_as.hpp"
#include "server/query.hpp"
#include "server/relation.hpp"
#include "source/built_days.hpp"
#include "source/raw_query.hpp"

namespace reseller_report {
namespace {

// Adds the condition that rows are of one of these companies.
void choose_companies(RawQuery &raw, const Mapping &mapping, const std::vector<std::int64_t> &companies) {
  const Rule &company = mapping.rule(Field::kCompany);
  if (company.is_constant) return;
  raw.rows += " AND " + quoted(NameStr(company.column)) + " = ANY ($3)";
  raw.parameters.add_bigints(companies.data(), static_cast<int>(companies.size()));
}

// What summaries leave at the ends of a period. One plan serves all such ranges: by an index on company and moment, or on the
// moment alone.
bool is_short(const Range &range) { return is_finite(range.from) && is_finite(range.to) && range.to - range.from <= kQuarterHour; }

}  // namespace

Range raw_extent(const Source &source, const Range &range) {
  Range extent = {};
  if (range.empty()) return extent;
  RawQuery const raw = raw_query(source, layout_of_table(source), range);
  std::string const sql =
      "SELECT min(" + raw.moment + "), max(" + raw.moment + ") FROM " + raw.rows + " AND isfinite(" + raw.moment + ")";
  reading_as_owner(source.relid, [&](const ActingAs &owner) {
    owner.set("enable_partition_pruning", moved_unseen(source.id) ? "off" : "on");
    query(sql.c_str(), raw.parameters, [&](const Datum *values, const bool *nulls) {
      if (nulls[0]) return;
      extent = {DatumGetTimestampTz(values[0]) - raw.utc_offset, DatumGetTimestampTz(values[1]) - raw.utc_offset + 1};
    });
  });
  return extent;
}

void read_raw(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, const RowFilter &filter,
              UsageHandler handler, void *state) {
  if (range.empty() || (companies != nullptr && companies->empty())) return;
  const Mapping &mapping = source.mapping;
  RowLayout const layout = layout_of_table(source);
  RawQuery raw = raw_query(source, layout, range);
  if (companies != nullptr) choose_companies(raw, mapping, *companies);
  auto const sql = [&] { return "SELECT " + raw.columns + " FROM " + raw.rows; };
  bool const look_everywhere = moved_unseen(source.id);
  reading_as_owner(source.relid, [&](const ActingAs &owner) {
    // Otherwise pruning must be on, because the caller may have locked only the partitions of the range.
    owner.set("enable_partition_pruning", look_everywhere ? "off" : "on");
    auto each_row = [&](const Datum *values, const bool *nulls) {
      UsageHead head;
      if (!head_of_row(mapping, layout, values, nulls, head)) return;
      if (filter.wants != nullptr && !filter.wants(filter.state, head.company, head.moment)) return;
      Usage usage;
      if (usage_of_row(mapping, layout, values, nulls, source.relid, usage)) handler(state, usage);
    };
    if (source.keeps_plans && is_short(range) && !look_everywhere) {
      query((companies != nullptr ? source.memory->of_companies : source.memory->of_all).saved(sql), raw.parameters, each_row);
      return;
    }
    // The compiler takes more memory than a rebuild does, and its code is not faster here: there is nothing to compute.
    owner.set("jit", "off");
    query(sql().c_str(), raw.parameters, each_row);
  });
}

}  // namespace reseller_report
