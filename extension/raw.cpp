#include "raw.hpp"

namespace reseller_report {
namespace {

std::string quoted(const NameData &name) {
  const char *text = nullptr;
  pg([&] { text = quote_identifier(NameStr(name)); });
  return text;
}

// The types that read_raw's query gives for each role; for a partitioned table and its leaves they are the same.
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
                "ALTER TABLE " + source.name + " NO FORCE ROW LEVEL SECURITY.");
  if (!readable)
    throw Error(sqlstate::kWrongState, "usage table " + source.name + " can no longer be read: " + problem,
                "Run reseller_report.detach_source, then reseller_report.attach_source with the columns it has now.");
  return layout;
}

}  // namespace

void read_raw(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, UsageHandler handler,
              void *state) {
  if (range.empty() || (companies != nullptr && companies->empty())) return;
  const Mapping &mapping = source.mapping;
  std::string const moment = quoted(mapping.column[static_cast<int>(Role::kOccurredAt)]);
  std::string sql = "SELECT ";
  for (int role = 0; role < kRoles; role++)
    sql += (role > 0 ? ", " : "") + (mapping.mapped[role] ? quoted(mapping.column[role]) : std::string("NULL"));
  sql += " FROM " + source.name + " WHERE " + moment + " >= $1 AND " + moment + " < $2";
  SqlParameters parameters;
  parameters.add_time(range.from).add_time(range.to);
  if (companies != nullptr) {
    sql += " AND " + quoted(mapping.column[static_cast<int>(Role::kCompany)]) + " = ANY ($3)";
    parameters.add_bigints(companies->data(), static_cast<int>(companies->size()));
  }
  RowLayout const layout = layout_of_table(source);
  ActingAs const owner(source.owner);
  query(sql.c_str(), parameters, [&](const Datum *values, const bool *nulls) {
    Usage usage;
    if (usage_of_row(mapping, layout.type, values, nulls, source.relid, usage)) handler(state, usage);
  });
}

}  // namespace reseller_report
