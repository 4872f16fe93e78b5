// The five reports of the page "Reseller and companies".

#include "report/request.hpp"
#include "report/sheet.hpp"
#include "server/row_writer.hpp"

namespace reseller_report {
namespace {

Datum report(FunctionCallInfo fcinfo, Service service) {
  Request const request = checked_request(fcinfo);
  bool const has_expenses = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Dependents const dependents = dependents_of(request.reseller, request.period);
  Sheet const sheet(request, service, dependents);
  RowWriter writer(fcinfo);
  for (int company = 0; company < sheet.companies(); company++) {
    if (has_expenses && !sheet.has_expenses(company)) continue;
    writer.put(Int64GetDatum(sheet.id(company)));
    writer.put(dependents.name(company));
    for (int column = 0; column < sheet.columns(); column++) {
      if (sheet.is_money(column))
        writer.put_money(sheet.value(column, company));
      else
        writer.put(Int64GetDatum(sheet.count(column, company)));
    }
    writer.end_row();
  }
  return Datum{0};
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_text_messaging) { return report(fcinfo, Service::kTextMessaging); }

RESELLER_REPORT_FUNCTION(reseller_report_chat) { return report(fcinfo, Service::kChat); }

RESELLER_REPORT_FUNCTION(reseller_report_telephony_outgoing) { return report(fcinfo, Service::kTelephonyOutgoing); }

RESELLER_REPORT_FUNCTION(reseller_report_telephony_incoming) { return report(fcinfo, Service::kTelephonyIncoming); }

RESELLER_REPORT_FUNCTION(reseller_report_bot) { return report(fcinfo, Service::kBot); }

}  // namespace reseller_report
