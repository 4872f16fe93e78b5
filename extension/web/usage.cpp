// Usage of all services in one call: one row for each service, and one row for each company and item.

#include <string>

#include "report/request.hpp"
#include "server/row_writer.hpp"
#include "web/service_usage.hpp"

namespace reseller_report {
namespace {

void write_usage(FunctionCallInfo fcinfo, const Request &request, const std::vector<Service> &services) {
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Dependents const dependents = dependents_of(request.reseller, request.period);
  RowWriter writer(fcinfo);
  each_usage(request.reseller, request.period, services, dependents, [&](int company, Item item, const WideCounters &figures) {
    std::int64_t const id = dependents.ids[static_cast<size_t>(company)];
    writer.put(Int64GetDatum(id));
    writer.put(dependents.name(company));
    writer.put_text(service_name(service_of(item)));
    writer.put_text(item_name(item));
    writer.put_figures(figures, [&] { return item_of_company(item, id); });
    writer.end_row();
  });
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

}  // namespace reseller_report
