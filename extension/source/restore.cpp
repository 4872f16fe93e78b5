#include "source/restore.hpp"

#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "source/follow_leaves.hpp"
#include "source/location.hpp"
#include "source/member.hpp"
#include "source/registry.hpp"
#include "source/triggers.hpp"

namespace reseller_report {
namespace {

// A column of reseller_report.dependency; must match sql/company.sql.
constexpr int kReseller = 1;

// Whether the table of a source that comes with a dump is captured already. If so, rows of the dump that come later would be
// captured and counted twice, because the dump's summaries have them, too. A script makes triggers last, so a script that meets
// them holds data alone, and is refused (55000). With pg_restore, one worker may have made the triggers while others load the last
// data. So the source is only marked, and a worker that loads rows into its table is refused.
bool awaits_rows(Oid relid) {
  if (!OidIsValid(relid) || is_restoring() || !has_capture_trigger(relid)) return false;
  if (!is_pg_restore()) throw_restore_in_parts();
  return true;
}

// Gives a connected table back the triggers that it lacks, and notes the partitions that it has in this database.
void restore_triggers(Oid table) {
  require_capture_trigger(table);
  for (const Member &member : members_of(table))
    if (member.can_be_captured) require_truncate_trigger(member.relid);
  for (const RegistryRow &row : registry_now())
    if (table_of(row) == table) follow_leaves(row.id, table, Leaves::kAsConnected);
}

}  // namespace

bool has_settings_of_a_restore() { return !check_function_bodies && client_min_messages == WARNING; }

bool may_be_loading_dump() { return has_settings_of_a_restore() && is_lease_unused() && only_restored_sources(); }

bool is_pg_restore() { return strcmp(application_name, "pg_restore") == 0; }

bool is_loading_dependencies() {
  if (is_restoring()) return true;
  bool const copies = ActivePortal != nullptr && ActivePortal->commandTag == CMDTAG_COPY;
  return (copies || is_pg_restore()) && may_be_loading_dump();
}

void throw_restore_in_parts() {
  throw Error(sqlstate::kWrongState, "data is being restored into tables that are captured already",
              "SELECT reseller_report.pre_restore() before the data is loaded, and reseller_report.post_restore() after it.");
}

// Marks a row of the registry that comes with a dump.
RESELLER_REPORT_FUNCTION(reseller_report_check_registration) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    throw Error(sqlstate::kWrongTriggerCall, "reseller_report._check_registration must be called as a trigger");
  auto const *const data = reinterpret_cast<const TriggerData *>(fcinfo->context);
  if (OwnDdl::under_way()) return PointerGetDatum(data->tg_trigtuple);
  TupleDesc const columns = RelationGetDescr(data->tg_relation);
  Oid relid = InvalidOid;
  std::int64_t id = 0;
  pg([&] {
    bool is_null = false;
    id = DatumGetInt64(heap_getattr(data->tg_trigtuple, SPI_fnumber(columns, "id"), columns, &is_null));
    auto const name = [&](const char *column) {
      return NameStr(*DatumGetName(heap_getattr(data->tg_trigtuple, SPI_fnumber(columns, column), columns, &is_null)));
    };
    Oid const schema = get_namespace_oid(name("schema_name"), true);
    if (OidIsValid(schema)) relid = get_relname_relid(name("table_name"), schema);
    if (OidIsValid(relid)) LockRelationOid(relid, AccessShareLock);
  });
  bool const awaits = awaits_rows(relid);
  if (OidIsValid(relid)) note_table(id, relid, false);
  HeapTuple marked = nullptr;
  pg([&] {
    int marks[] = {SPI_fnumber(columns, "restored"), SPI_fnumber(columns, "restored_captured")};
    Datum values[] = {BoolGetDatum(true), BoolGetDatum(awaits)};
    bool nulls[] = {false, false};
    marked = heap_modify_tuple_by_cols(data->tg_trigtuple, columns, 2, marks, values, nulls);
  });
  return PointerGetDatum(marked);
}

// Workers of pg_restore load tables in any order, and each commits by itself. So a worker that loads dependency waits here for the
// one that loads company. Otherwise the foreign key would fail.
RESELLER_REPORT_FUNCTION(reseller_report_await_company) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    throw Error(sqlstate::kWrongTriggerCall, "reseller_report._await_company must be called as a trigger");
  auto const *const data = reinterpret_cast<const TriggerData *>(fcinfo->context);
  if (!is_loading_dependencies()) return PointerGetDatum(data->tg_trigtuple);
  constexpr int kMostWaits = 3600 * 10;
  SqlParameters parameters;
  bool is_null = false;
  parameters.add_bigint(DatumGetInt64(heap_getattr(data->tg_trigtuple, kReseller, RelationGetDescr(data->tg_relation), &is_null)));
  bool found = false;
  for (int wait = 0; wait < kMostWaits; wait++) {
    {
      Snapshot latest = nullptr;
      pg([&] { latest = GetLatestSnapshot(); });
      ActiveSnapshot const snapshot(latest);
      ActingAs const owner(extension_owner());
      query("SELECT 1 FROM reseller_report.company WHERE company_id = $1", parameters,
            [&](const Datum *, const bool *) { found = true; });
    }
    if (found) break;
    pg([] {
      pg_usleep(100'000);
      CHECK_FOR_INTERRUPTS();
    });
  }
  return PointerGetDatum(data->tg_trigtuple);
}

RESELLER_REPORT_FUNCTION(reseller_report_post_restore) {
  take_lease_of_restore_and([](Patience &patience) -> Lacking {
    for (Oid const table : connected_tables())
      if (Lacking const lacking = lock_tree(table, ShareRowExclusiveLock, ShareRowExclusiveLock, patience)) return lacking;
    return {};
  });
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  for (Oid const table : connected_tables()) restore_triggers(table);
  switch_on_all_triggers();
  execute("SELECT reseller_report._switch_on_own_triggers()", {});
  execute("SELECT reseller_report._set_restoring(false)", {});
  execute("UPDATE reseller_report.source SET restored_captured = false WHERE restored_captured", {});
  execute("UPDATE reseller_report.lease SET turn = turn + 1", {});
  PG_RETURN_VOID();
}

}  // namespace reseller_report
