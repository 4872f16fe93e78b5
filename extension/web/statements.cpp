// Statements: the checks that come before what sql/statements.sql does. It runs as the extension's owner, so who may do it is
// decided here.

#include <cstdint>
#include <string>
#include <vector>

#include "report/access.hpp"
#include "report/request.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/row_writer.hpp"
#include "web/corrections.hpp"
#include "web/service_usage.hpp"
#include "web/statement_lines.hpp"

namespace reseller_report {
namespace {

Datum name_of_current_role() {
  Datum name = 0;
  pg([&] { name = CStringGetTextDatum(GetUserNameFromId(GetUserId(), false)); });
  return name;
}

void add_text_argument(SqlParameters &parameters, FunctionCallInfo fcinfo, int number) {
  if (PG_ARGISNULL(number))
    parameters.add_null(TEXTOID);
  else
    parameters.add(TEXTOID, PG_GETARG_DATUM(number));
}

// Answers with the rows of a query that the extension's owner runs.
void answer_as_owner(FunctionCallInfo fcinfo, SavedQuery &saved, const SqlParameters &parameters) {
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  ActingAs const owner(extension_owner());
  query(saved, parameters, [&](const Datum *values, const bool *nulls) {
    pg([&] { tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum *>(values), const_cast<bool *>(nulls)); });
  });
}

// The reseller of a statement; 22023 where there is no such statement. It looks in a snapshot of its own, because the caller's
// query may have issued the statement.
std::int64_t reseller_of_statement(std::int64_t statement) {
  std::int64_t reseller = 0;
  bool is_known = false;
  SqlParameters parameters;
  parameters.add_bigint(statement);
  ActingAs const owner(extension_owner());
  const char *const of_statement = "SELECT reseller_id FROM reseller_report.statement WHERE id = $1";
  changing_query(of_statement, parameters, [&](const Datum *values, const bool *) {
    reseller = DatumGetInt64(values[0]);
    is_known = true;
  });
  if (!is_known)
    throw Error(sqlstate::kInvalidParameter, "there is no statement " + std::to_string(statement),
                "SELECT id, reseller_id, number FROM reseller_report.statements lists those that you may read.");
  return reseller;
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_issue_statement) {
  Request const request = checked_request(fcinfo);
  SqlParameters parameters;
  parameters.add_bigint(request.reseller).add_time(request.period.from).add_time(request.period.to);
  add_text_argument(parameters, fcinfo, 3);
  parameters.add(TEXTOID, name_of_current_role());
  ActingAs const owner(extension_owner());
  std::int64_t id = 0;
  changing_query("SELECT reseller_report._issue_statement($1, $2, $3, $4, $5)", parameters,
                 [&](const Datum *values, const bool *) { id = DatumGetInt64(values[0]); });
  return Int64GetDatum(id);
}

RESELLER_REPORT_FUNCTION(reseller_report_withdraw_statement) {
  require_not_null(fcinfo, {0}, "statement_id");
  require_not_null(fcinfo, {1}, "reason");
  std::int64_t const statement = PG_GETARG_INT64(0);
  std::int64_t const reseller = reseller_of_statement(statement);
  require_access(reseller);
  SqlParameters parameters;
  parameters.add_bigint(statement).add_bigint(reseller);
  add_text_argument(parameters, fcinfo, 1);
  ActingAs const owner(extension_owner());
  execute("SELECT reseller_report._withdraw_statement($1, $2, $3)", parameters);
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_open_corrections) {
  require_not_null(fcinfo, {0}, "reseller_id");
  std::int64_t const reseller = PG_GETARG_INT64(0);
  checked_account(reseller);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  RowWriter writer(fcinfo);
  each_correction(reseller, [&](const Correction &correction) {
    writer.put(Int64GetDatum(correction.statement));
    writer.put(Int64GetDatum(correction.number));
    writer.put(Int64GetDatum(correction.company));
    writer.put(correction.company_name);
    writer.put_text(service_name(service_of(correction.item)));
    writer.put_text(item_name(correction.item));
    for (int i = 0; i < kFigures; i++)
      for (const WideCounters *const side : {&correction.billed, &correction.true_now, &correction.difference})
        writer.put_figure(static_cast<Figure>(i), *side, [&] { return item_of_company(correction.item, correction.company); });
    writer.end_row();
  });
  return Datum{0};
}

// For _issue_statement() alone, whose caller has checked what it asks: writes the lines of a statement whose head is to come.
RESELLER_REPORT_FUNCTION(reseller_report_write_statement_lines) {
  require_not_null(fcinfo, {0, 1, 2, 3}, "of_reseller, of_statement, period_from and period_to");
  std::int64_t const reseller = PG_GETARG_INT64(0);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  IssuedLines const issued = write_lines(reseller, PG_GETARG_INT64(1), {PG_GETARG_TIMESTAMPTZ(2), PG_GETARG_TIMESTAMPTZ(3)});
  RowWriter writer(fcinfo);
  for (const WideCounters *const sums : {&issued.total, &issued.corrections})
    for (Figure const figure : {Figure::kPriceTwin, Figure::kPriceReseller}) writer.put_money((*sums)[figure]);
  Datum companies = 0;
  text *lines = nullptr;
  const std::vector<std::int64_t> &ids = issued.new_companies;
  std::size_t const size = issued.text.size();
  pg([&] {
    companies = PointerGetDatum(make_bigint_array(ids.data(), static_cast<int>(ids.size())));
    // This raises an error where the text is too long for a value.
    lines = static_cast<text *>(palloc(VARHDRSZ + size));
  });
  SET_VARSIZE(lines, VARHDRSZ + size);
  memcpy(VARDATA(lines), issued.text.data(), size);
  writer.put(companies);
  writer.put(PointerGetDatum(lines));
  writer.end_row();
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_verify_statements) {
  Readable readable = readable_by(GetUserId());
  if (!PG_ARGISNULL(0)) {
    checked_account(PG_GETARG_INT64(0));
    readable = {false, {PG_GETARG_INT64(0)}};
  }
  SqlParameters parameters;
  if (readable.is_all)
    parameters.add_null(INT8ARRAYOID);
  else
    parameters.add_bigints(readable.resellers.data(), static_cast<int>(readable.resellers.size()));
  static SavedQuery wrong = {"SELECT * FROM reseller_report._verify_statements($1)"};
  answer_as_owner(fcinfo, wrong, parameters);
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_may_read) { return BoolGetDatum(may_read(PG_GETARG_INT64(0), PG_INT64_MAX)); }

}  // namespace reseller_report
