// How far this node is with what it gets by replication, for the view freshness. sql/freshness.sql says how that is found out.

#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"

namespace reseller_report {

RESELLER_REPORT_FUNCTION(reseller_report_freshness) {
  require_view("freshness");
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  ActingAs const owner(extension_owner());
  query(
      "SELECT kind, name, complete_through, received_lsn, applied_lsn, lag_bytes, lag, state FROM reseller_report._replication"
      " ORDER BY kind DESC, name",
      {}, [&](const Datum *values, const bool *nulls) {
        pg([&] {
          tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum *>(values), const_cast<bool *>(nulls));
        });
      });
  return Datum{0};
}

}  // namespace reseller_report
