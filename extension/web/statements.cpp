// Statements: the checks that come before what sql/statements.sql does. It runs as the extension's owner, so who may do it is
// decided here.

#include <cstdint>
#include <string>

#include "report/access.hpp"
#include "report/request.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "web/corrections.hpp"

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

// The reseller of a statement; 22023 where there is no such statement.
std::int64_t reseller_of_statement(std::int64_t statement) {
  std::int64_t reseller = 0;
  bool is_known = false;
  SqlParameters parameters;
  parameters.add_bigint(statement);
  ActingAs const owner(extension_owner());
  static SavedQuery of_statement = {"SELECT reseller_id FROM reseller_report.statement WHERE id = $1", Planning::kOnce};
  query(of_statement, parameters, [&](const Datum *values, const bool *) {
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
  checked_account(PG_GETARG_INT64(0));
  write_corrections(fcinfo, PG_GETARG_INT64(0));
  return Datum{0};
}

// For callers within the extension, who have checked what they ask.
RESELLER_REPORT_FUNCTION(reseller_report_open_corrections_unchecked) {
  require_not_null(fcinfo, {0}, "of_reseller");
  write_corrections(fcinfo, PG_GETARG_INT64(0));
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
