// Partitions made ahead, and for what the default partition holds: rows change their place without being captured again.

#include "source.hpp"
#include "sql.hpp"
#include "watch.hpp"

namespace reseller_report {
namespace {

struct Month {
  Range range;
  std::string statements[4];  // create, lock, move, attach
};

/// Row triggers and foreign keys stay quiet while it lives: rows only change their place.
class QuietTriggers {
 public:
  QuietTriggers() : level_(NewGUCNestLevel()), exceptions_(std::uncaught_exceptions()) {
    pg([] {
      (void)set_config_option("session_replication_role", "replica", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    });
  }
  ~QuietTriggers() {
    // After an error the end of the (sub)transaction restores the setting.
    if (std::uncaught_exceptions() == exceptions_) AtEOXact_GUC(false, level_);
  }
  QuietTriggers(const QuietTriggers &) = delete;
  QuietTriggers &operator=(const QuietTriggers &) = delete;

 private:
  int level_;
  int exceptions_;
};

// The months that are wanted and have no partition yet, and the statements that make them.
std::vector<Month> months_to_make(const Source &source, Datum ahead) {
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(source.relid)).add(INTERVALOID, ahead);
  std::vector<Month> months;
  ActingAs const owner(extension_owner());
  query("SELECT month_from, month_to, create_it, lock_it, move_it, attach_it FROM reseller_report._months_to_make($1, $2)", parameters,
        [&](const Datum *values, const bool *) {
          Month month = {{DatumGetTimestampTz(values[0]), DatumGetTimestampTz(values[1])}, {}};
          for (int i = 0; i < 4; i++) {
            const char *statement = nullptr;
            pg([&] { statement = TextDatumGetCString(values[2 + i]); });
            month.statements[i] = statement;
          }
          months.push_back(std::move(month));
        });
  return months;
}

void make(const Source &source, const Month &month) {
  OwnDdl const guard;
  {
    OwnMove const move;
    QuietTriggers const quiet;
    // Checks, indexes and defaults are the owner's, and run as the owner.
    ActingAs const owner(source.owner);
    for (const std::string &statement : month.statements) execute(statement.c_str(), {});
  }
  SqlParameters parameters;
  parameters.add_bigint(source.id).add(REGCLASSOID, ObjectIdGetDatum(source.relid));
  ActingAs const owner(extension_owner());
  execute("UPDATE reseller_report.source SET moves = moves + 1 WHERE id = $1 AND $2 IS NOT NULL", parameters);
  execute("SELECT reseller_report._follow_leaves($1, $2, fresh => true)", parameters);
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_create_partitions) {
  if (PG_ARGISNULL(0)) throw Error(sqlstate::kNullNotAllowed, "ahead must not be NULL");
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  for (const Source &source : all_sources())
    for (const Month &month : months_to_make(source, PG_GETARG_DATUM(0))) {
      make(source, month);
      put_slice(fcinfo, source.relid, month.range);
    }
  return Datum{0};
}

// The beginnings of the months (UTC) that a partition holds rows of, read as its owner; an array.
RESELLER_REPORT_FUNCTION(reseller_report_months_held) {
  Oid const table = PG_GETARG_OID(0);
  Oid owner = InvalidOid;
  const char *name = nullptr;
  const char *moment = nullptr;
  pg([&] {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for relation %u", table);
    owner = (reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple)))->relowner;
    ReleaseSysCache(tuple);
    name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)), get_rel_name(table));
    moment = quote_identifier(NameStr(*PG_GETARG_NAME(1)));
  });
  std::string const sql = "SELECT ARRAY(SELECT DISTINCT date_trunc('month', " + std::string(moment) + ", 'UTC') FROM " + name + " WHERE isfinite(" +
                          moment + "))";
  MemoryContext const home = CurrentMemoryContext;
  Datum months = 0;
  ActingAs const acting(owner);
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  query(sql.c_str(), {}, [&](const Datum *values, const bool *) {
    pg([&] {
      MemoryContext const before = MemoryContextSwitchTo(home);
      months = datumCopy(values[0], false, -1);
      MemoryContextSwitchTo(before);
    });
  });
  return months;
}

}  // namespace reseller_report
