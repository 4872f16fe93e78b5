// Usage of all services in one call: one row for each service, and one row for each company and item.

#include <iterator>
#include <memory>

#include "report/request.hpp"
#include "server/row_writer.hpp"
#include "web/service_usage.hpp"

namespace reseller_report {
namespace {

void write_usage(FunctionCallInfo fcinfo, const Request &request, const std::vector<Service> &services) {
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Dependents const dependents = dependents_of(request.reseller, request.period);
  std::vector<std::unique_ptr<ServiceUsage>> usages;
  usages.reserve(services.size());
  for (Service const service : services)
    usages.push_back(std::make_unique<ServiceUsage>(request.reseller, request.period, service, dependents));
  RowWriter writer(fcinfo);
  for (int company = 0; company < static_cast<int>(dependents.ids.size()); company++)
    for (const auto &usage : usages)
      for (int item = 0; item < usage->items().count; item++) {
        WideCounters const figures = usage->of_item(item, company);
        if (figures.is_zero()) continue;
        std::int64_t const id = dependents.ids[static_cast<size_t>(company)];
        const char *const name = item_name(usage->items().items[item]);
        writer.put(Int64GetDatum(id));
        writer.put(dependents.name(company));
        writer.put_text(service_name(usage->service()));
        writer.put_text(name);
        writer.put_figures(figures, [&] { return "of item " + std::string(name) + " of company " + std::to_string(id); });
        writer.end_row();
      }
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_totals) {
  Request const request = checked_request(fcinfo);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Dependents const dependents = dependents_of(request.reseller, request.period);
  RowWriter writer(fcinfo);
  for (Service const service : kAllServices) {
    ServiceUsage const usage(request.reseller, request.period, service, dependents);
    WideCounters total;
    std::int64_t companies = 0;
    for (int company = 0; company < static_cast<int>(dependents.ids.size()); company++) {
      WideCounters const its = usage.of_company(company);
      for (int i = 0; i < kFigures; i++) total.figure[i] += its.figure[i];
      if (its[Figure::kPriceTwin] > 0) companies++;
    }
    writer.put_text(service_name(service));
    writer.put(Int64GetDatum(companies));
    writer.put_figures(total, [&] { return std::string("of service ") + service_name(service); });
    writer.end_row();
  }
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_usage) {
  Request const request = checked_request(fcinfo);
  write_usage(fcinfo, request, services_argument(fcinfo, 3));
  return Datum{0};
}

// For callers within the extension, who have checked what they ask.
RESELLER_REPORT_FUNCTION(reseller_report_usage_unchecked) {
  require_not_null(fcinfo, {0, 1, 2}, "reseller_id, period_from and period_to");
  Range const period = {PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TIMESTAMPTZ(2)};
  write_usage(fcinfo, {PG_GETARG_INT64(0), period, {}}, {std::begin(kAllServices), std::end(kAllServices)});
  return Datum{0};
}

}  // namespace reseller_report
