// The library's start: each room that keeps something for the backend's life sets it up here.

#include "capture/accumulator.hpp"
#include "capture/applied.hpp"
#include "capture/captured_table.hpp"
#include "maintenance/packed_days.hpp"
#include "source/learned.hpp"
#include "tables/group_plan.hpp"

extern "C" {
#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "reseller_report", .version = RESELLER_REPORT_VERSION);
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init();  // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the server's name for it

void _PG_init() {
  reseller_report::guarded([] {
    reseller_report::pg([] {
      reseller_report::accumulator::initialize();
      reseller_report::initialize_applied();
      reseller_report::initialize_captured_tables();
      reseller_report::initialize_packed_days();
      reseller_report::initialize_learned_sources();
      reseller_report::initialize_grouped_scans();
    });
    return Datum{0};
  });
}
}
