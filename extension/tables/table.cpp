#include "tables/table.hpp"

namespace reseller_report {
namespace {

// Must match sql/tables.sql.
constexpr TableColumn kResellerColumns[] = {{"reseller_id", INT8OID, Column::kReseller},
                                            {"name", TEXTOID, Column::kName},
                                            {"time_zone", TEXTOID, Column::kTimeZone},
                                            {"currency", TEXTOID, Column::kCurrency}};

constexpr TableColumn kCompanyColumns[] = {{"reseller_id", INT8OID, Column::kReseller},
                                           {"company_id", INT8OID, Column::kCompany},
                                           {"company_name", TEXTOID, Column::kCompanyName},
                                           {"since", TIMESTAMPTZOID, Column::kSince},
                                           {"until", TIMESTAMPTZOID, Column::kUntil}};

constexpr Column figure_column(int figure) { return static_cast<Column>(static_cast<int>(Column::kFirstFigure) + figure); }

constexpr TableColumn kUtcColumns[] = {{"reseller_id", INT8OID, Column::kReseller},
                                       {"company_id", INT8OID, Column::kCompany},
                                       {"company_name", TEXTOID, Column::kCompanyName},
                                       {"service", TEXTOID, Column::kService},
                                       {"item", TEXTOID, Column::kItem},
                                       {"bucket", TIMESTAMPTZOID, Column::kBucket},
                                       {"events", INT8OID, figure_column(0)},
                                       {"delivered", INT8OID, figure_column(1)},
                                       {"seconds", INT8OID, figure_column(2)},
                                       {"price_to_twin", NUMERICOID, figure_column(3)},
                                       {"price_to_reseller", NUMERICOID, figure_column(4)}};

constexpr TableColumn kDayColumns[] = {{"reseller_id", INT8OID, Column::kReseller},
                                       {"company_id", INT8OID, Column::kCompany},
                                       {"company_name", TEXTOID, Column::kCompanyName},
                                       {"service", TEXTOID, Column::kService},
                                       {"item", TEXTOID, Column::kItem},
                                       {"day", DATEOID, Column::kDate},
                                       {"bucket", TIMESTAMPTZOID, Column::kBucket},
                                       {"events", INT8OID, figure_column(0)},
                                       {"delivered", INT8OID, figure_column(1)},
                                       {"seconds", INT8OID, figure_column(2)},
                                       {"price_to_twin", NUMERICOID, figure_column(3)},
                                       {"price_to_reseller", NUMERICOID, figure_column(4)}};

constexpr TableColumn kMonthColumns[] = {{"reseller_id", INT8OID, Column::kReseller},
                                         {"company_id", INT8OID, Column::kCompany},
                                         {"company_name", TEXTOID, Column::kCompanyName},
                                         {"service", TEXTOID, Column::kService},
                                         {"item", TEXTOID, Column::kItem},
                                         {"month", DATEOID, Column::kDate},
                                         {"bucket", TIMESTAMPTZOID, Column::kBucket},
                                         {"events", INT8OID, figure_column(0)},
                                         {"delivered", INT8OID, figure_column(1)},
                                         {"seconds", INT8OID, figure_column(2)},
                                         {"price_to_twin", NUMERICOID, figure_column(3)},
                                         {"price_to_reseller", NUMERICOID, figure_column(4)}};

template <int kCount>
constexpr TableShape shape(const char *name, TableKind kind, const TableColumn (&columns)[kCount]) {
  return {name, columns, kind, kCount};
}

constexpr TableShape kShapes[] = {
    shape("_resellers", TableKind::kResellers, kResellerColumns),
    shape("_reseller_companies", TableKind::kCompanies, kCompanyColumns),
    shape("_quarter_hourly_usage", TableKind::kQuarterHours, kUtcColumns),
    shape("_hourly_usage", TableKind::kHours, kUtcColumns),
    shape("_daily_usage", TableKind::kDays, kDayColumns),
    shape("_monthly_usage", TableKind::kMonths, kMonthColumns),
};

bool has_columns(TupleDesc columns, const TableShape &shape) {
  if (columns->natts != shape.column_count) return false;
  for (int i = 0; i < columns->natts; i++) {
    Form_pg_attribute const column = TupleDescAttr(columns, i);
    if (column->attisdropped || column->atttypid != shape.columns[i].type ||
        strcmp(NameStr(column->attname), shape.columns[i].name) != 0)
      return false;
  }
  return true;
}

}  // namespace

const TableShape &shape_of(Relation table) {
  Oid schema = InvalidOid;
  pg([&] { schema = get_namespace_oid("reseller_report", true); });
  if (RelationGetNamespace(table) == schema)
    for (const TableShape &shape : kShapes)
      if (strcmp(RelationGetRelationName(table), shape.name) == 0 && has_columns(RelationGetDescr(table), shape)) return shape;
  throw Error(sqlstate::kWrongState,
              std::string("foreign table \"") + RelationGetRelationName(table) + "\" is not one that the extension made",
              "Its wrapper serves the extension's own tables alone. Read the views of schema reseller_report.");
}

const TableShape &shape_of(Oid table) {
  Relation relation = nullptr;
  pg([&] { relation = table_open(table, NoLock); });
  const TableShape &shape = shape_of(relation);
  pg([&] { table_close(relation, NoLock); });
  return shape;
}

}  // namespace reseller_report
