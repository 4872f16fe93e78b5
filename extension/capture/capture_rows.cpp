// Captures the rows of a partition that comes to a source or leaves it as a whole, as if each had been inserted or deleted.

#include "capture/accumulator.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "server/subtransaction.hpp"
#include "source/raw_scan.hpp"
#include "source/registry.hpp"

namespace reseller_report {
namespace {

void capture_rows(std::int64_t id, const Mapping &mapping, Oid table, Time before, int sign) {
  Source part = {};
  part.id = id;
  part.relid = table;
  part.name = qualified_name(table);
  part.mapping = mapping;
  Snapshot latest = nullptr;
  pg([&] { latest = GetLatestSnapshot(); });
  ActiveSnapshot const snapshot(latest);
  for_raw_usage(part, {kMinusInfinity, before}, nullptr,
                [&](const Usage &usage) { accumulator::change(key_of(id, usage), usage.counters, sign); });
}

void warn_of_rows_left(Oid table, const char *reason) {
  pg([&] {
    ereport(WARNING,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("usage of table \"%s\" from before the horizon stays in the reports: %s", get_rel_name(table), reason)));
  });
}

// Rows that cannot be read do not keep a partition from leaving. Their usage goes on counting, like usage that was pruned.
void capture_rows_that_go(std::int64_t id, const Mapping &mapping, Oid table, Time before) {
  Subtransaction const attempt;
  try {
    capture_rows(id, mapping, table, before, -1);
    attempt.release();
  } catch (const Error &error) {
    attempt.roll_back();
    warn_of_rows_left(table, error.what());
  } catch (...) {
    attempt.roll_back();
    throw;
  }
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_capture_rows) {
  std::int64_t const id = PG_GETARG_INT64(0);
  RegisteredSource registered = {};
  if (!find_registered_source(id, registered)) PG_RETURN_VOID();
  if (PG_GETARG_INT32(3) < 0)
    capture_rows_that_go(id, registered.mapping, PG_GETARG_OID(1), PG_GETARG_TIMESTAMPTZ(2));
  else
    capture_rows(id, registered.mapping, PG_GETARG_OID(1), PG_GETARG_TIMESTAMPTZ(2), 1);
  PG_RETURN_VOID();
}

}  // namespace reseller_report
