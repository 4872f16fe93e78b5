// The five reports of the page "Reseller and companies".

#include <optional>

#include "report/access.hpp"
#include "report/collect.hpp"
#include "server/acting_as.hpp"
#include "server/numeric.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"

namespace reseller_report {
namespace {

struct Request {
  Service service;
  std::int64_t reseller;
  Range period;
  bool has_expenses;
};

void require_reseller(std::int64_t reseller) {
  bool is_reseller = false;
  SqlParameters parameters;
  parameters.add_bigint(reseller);
  ActingAs const owner(extension_owner());
  static SavedQuery account = {"SELECT is_reseller FROM reseller_report.company WHERE company_id = $1"};
  query(account, parameters, [&](const Datum *values, const bool *) { is_reseller = DatumGetBool(values[0]); });
  if (!is_reseller)
    throw Error(sqlstate::kInvalidParameter, "company " + std::to_string(reseller) + " is not a reseller",
                "Set is_reseller in reseller_report.company if it has a reseller account.");
}

// The order of these checks is part of the contract.
Request checked_request(FunctionCallInfo fcinfo, Service service) {
  require_not_null(fcinfo, {0}, "reseller_id");
  require_not_null(fcinfo, {1}, "period_from");
  require_not_null(fcinfo, {2}, "period_to");
  Request const request = {
      service, PG_GETARG_INT64(0), {PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TIMESTAMPTZ(2)}, !PG_ARGISNULL(3) && PG_GETARG_BOOL(3)};
  require_access(request.reseller);
  require_reseller(request.reseller);
  if (request.period.empty())
    throw Error(sqlstate::kInvalidParameter, "the period must end after it begins",
                "A period is half-open: period_to is the first moment that is no longer in it.");
  return request;
}

// The figures that a report shows, an entry an item: its columns and, for every item, the two totals.
std::vector<FigureSet> wanted_figures(const ReportShape &shape) {
  std::vector<FigureSet> wanted(static_cast<size_t>(shape.items.count),
                                figure_bit(Figure::kPriceTwin) | figure_bit(Figure::kPriceReseller));
  for (int i = 0; i < shape.column_count; i++) {
    const ReportColumn &column = shape.columns[i];
    for (int item = column.first; item < column.first + column.count; item++)
      wanted[static_cast<size_t>(item)] |= figure_bit(column.figure);
  }
  return wanted;
}

bool is_money(Figure figure) { return figure == Figure::kPriceTwin || figure == Figure::kPriceReseller; }

/// Hands the rows of a report to the server.
class RowWriter {
 public:
  RowWriter(const ReportShape &shape, const Dependents &dependents, const Totals &totals, ReturnSetInfo *result)
      : shape_(shape), dependents_(dependents), totals_(totals), result_(result) {}

  void write(int company, bool has_expenses) {
    Sum const twin = sum(company, Figure::kPriceTwin, 0, shape_.items.count);
    if (has_expenses && twin <= 0) return;
    int n = 0;
    values_[n++] = Int64GetDatum(dependents_.ids[static_cast<size_t>(company)]);
    values_[n++] = dependents_.name(company);
    for (int i = 0; i < shape_.column_count; i++, n++) {
      const ReportColumn &column = shape_.columns[i];
      Sum const value = sum(company, column.figure, column.first, column.count);
      values_[n] = is_money(column.figure) ? money_[n].set(value) : count(value, column.name, company);
    }
    values_[n] = money_[n].set(twin);
    n++;
    values_[n] = money_[n].set(sum(company, Figure::kPriceReseller, 0, shape_.items.count));
    pg([&] { tuplestore_putvalues(result_->setResult, result_->setDesc, values_, nulls_); });
  }

 private:
  static constexpr int kMostColumns = 32;

  Sum sum(int company, Figure figure, int first_item, int items) const {
    Sum total = 0;
    for (int item = first_item; item < first_item + items; item++) total += totals_.get(item, figure, company);
    return total;
  }

  Datum count(Sum value, const char *column, int company) const {
    if (value != static_cast<Sum>(static_cast<std::int64_t>(value)))
      throw Error(sqlstate::kOutOfRange, "\"" + std::string(column) + "\" of company " +
                                             std::to_string(dependents_.ids[static_cast<size_t>(company)]) +
                                             " exceeds the range of bigint");
    return Int64GetDatum(static_cast<std::int64_t>(value));
  }

  const ReportShape &shape_;
  const Dependents &dependents_;
  const Totals &totals_;
  ReturnSetInfo *result_;
  StoredNumeric money_[kMostColumns];
  Datum values_[kMostColumns] = {};
  bool nulls_[kMostColumns] = {};
};

Datum report(FunctionCallInfo fcinfo, Service service) {
  Request const request = checked_request(fcinfo, service);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  ReportShape const shape = report_shape(service);
  std::vector<FigureSet> const wanted = wanted_figures(shape);
  Dependents const dependents = dependents_of(request.reseller, request.period);
  int const companies = static_cast<int>(dependents.ids.size());
  Totals totals(companies, shape.items, wanted.data());
  collect_figures(request.reseller, service, request.period, dependents, totals);
  RowWriter writer(shape, dependents, totals, reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
  for (int company = 0; company < companies; company++) writer.write(company, request.has_expenses);
  return Datum{0};
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_text_messaging) { return report(fcinfo, Service::kTextMessaging); }

RESELLER_REPORT_FUNCTION(reseller_report_chat) { return report(fcinfo, Service::kChat); }

RESELLER_REPORT_FUNCTION(reseller_report_telephony_outgoing) { return report(fcinfo, Service::kTelephonyOutgoing); }

RESELLER_REPORT_FUNCTION(reseller_report_telephony_incoming) { return report(fcinfo, Service::kTelephonyIncoming); }

RESELLER_REPORT_FUNCTION(reseller_report_bot) { return report(fcinfo, Service::kBot); }

}  // namespace reseller_report
