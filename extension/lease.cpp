#include "lease.hpp"

#include "sql.hpp"

namespace reseller_report {

void take_lease() {
  ActingAs const owner(extension_owner());
  execute("UPDATE reseller_report.lease SET turn = turn + 1", {});
}

void note_fold(std::int64_t deltas, Time duration) {
  SqlParameters parameters;
  parameters.add_bigint(deltas).add_bigint(duration);
  ActingAs const owner(extension_owner());
  execute(
      "UPDATE reseller_report.lease SET last_materialized_at = pg_catalog.clock_timestamp(), last_deltas = $1,"
      " last_duration = $2 * '1 microsecond'::pg_catalog.interval",
      parameters);
}

}  // namespace reseller_report
