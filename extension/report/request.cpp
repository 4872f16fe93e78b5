#include "report/request.hpp"

#include <iterator>
#include <utility>

#include "report/access.hpp"
#include "report/company_table.hpp"
#include "server/query.hpp"

namespace reseller_report {
Account checked_account(std::int64_t reseller) {
  require_access(reseller);
  Account account;
  bool is_reseller = false;
  CompanyTable companies;
  if (const Datum *const found = companies.find(reseller)) {
    is_reseller = DatumGetBool(found[kCompanyIsReseller]);
    account = {text_of(found[kCompanyName]), text_of(found[kCompanyZone]), text_of(found[kCompanyCurrency])};
  }
  if (!is_reseller)
    throw Error(sqlstate::kInvalidParameter, "company " + std::to_string(reseller) + " is not a reseller",
                "Set is_reseller in reseller_report.company if it has a reseller account.");
  return account;
}

Request checked_request(FunctionCallInfo fcinfo) { return checked_request(fcinfo, 1, {}); }

Request checked_request(FunctionCallInfo fcinfo, int period, std::initializer_list<std::pair<int, const char *>> named) {
  require_not_null(fcinfo, {0}, "reseller_id");
  for (const auto &[number, name] : named) require_not_null(fcinfo, {number}, name);
  require_not_null(fcinfo, {period}, "period_from");
  require_not_null(fcinfo, {period + 1}, "period_to");
  Request request = {PG_GETARG_INT64(0), {PG_GETARG_TIMESTAMPTZ(period), PG_GETARG_TIMESTAMPTZ(period + 1)}, {}};
  request.account = checked_account(request.reseller);
  if (request.period.empty())
    throw Error(sqlstate::kInvalidParameter, "the period must end after it begins",
                "A period is half-open: period_to is the first moment that is no longer in it.");
  return request;
}

void throw_unknown(const char *what, const std::string &name, const std::vector<std::string> &known) {
  std::string list;
  for (const std::string &each : known) list += (list.empty() ? "" : ", ") + each;
  throw Error(sqlstate::kInvalidParameter, std::string(what) + " \"" + name + "\" is not known", "Known are " + list + ".");
}

std::string text_argument(FunctionCallInfo fcinfo, int number) {
  return PG_ARGISNULL(number) ? std::string() : text_of(PG_GETARG_DATUM(number));
}

Service service_named(const std::string &name) {
  std::vector<std::string> known;
  for (Service const service : kAllServices) {
    known.emplace_back(service_name(service));
    if (name == known.back()) return service;
  }
  throw_unknown("service", name, known);
}

std::vector<Service> services_argument(FunctionCallInfo fcinfo, int number) {
  if (!PG_ARGISNULL(number)) return {service_named(text_argument(fcinfo, number))};
  return {std::begin(kAllServices), std::end(kAllServices)};
}

}  // namespace reseller_report
