#include "lease.hpp"

#include "restore.hpp"
#include "sql.hpp"

namespace reseller_report {

void take_lease() {
  // What is loaded would meet what is folded, moved or rebuilt beside it.
  if (is_restoring())
    throw Error(sqlstate::kWrongState, "a restore is under way, and summaries must not change beside it",
                "SELECT reseller_report.post_restore() when all data is loaded.");
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
