#include "source/triggers.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/member.hpp"

namespace reseller_report {
namespace {

constexpr char kCapture[] = "reseller_report_capture";
constexpr char kTruncated[] = "reseller_report_truncated";

// The types of the triggers that sql/triggers.sql makes: one is fired by every change of a row, one before TRUNCATE.
constexpr int16 kAfterEachRow = TRIGGER_TYPE_ROW | TRIGGER_TYPE_INSERT | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_UPDATE;
constexpr int16 kBeforeTruncate = TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_TRUNCATE;

// Inside pg(): whether a trigger calls a function of ours. Its name does not tell, because another trigger may have it.
bool calls(const Trigger &trigger, const char *function) {
  const char *const called = get_func_name(trigger.tgfoid);
  return called != nullptr && strcmp(called, function) == 0 &&
         get_func_namespace(trigger.tgfoid) == get_namespace_oid("reseller_report", true);
}

bool is_named(const OwnTrigger &trigger, const char *name) { return strcmp(NameStr(trigger.name), name) == 0; }

// Whether a trigger captures for a source exactly once. A change that is captured twice would count twice.
bool captures_once(const Trigger &trigger, std::string_view id) {
  return trigger.tgnattr == 0 && !trigger.tgdeferrable && std::count(trigger.tgargs, trigger.tgargs + trigger.tgnargs, id) == 1;
}

// Inside pg(). Whether there is another capture trigger beside this one is not known here.
OwnTrigger judge(const Trigger &trigger, std::string_view id) {
  OwnTrigger found = {};
  namestrcpy(&found.name, trigger.tgname);
  found.captures = calls(trigger, "_capture");
  found.truncates = calls(trigger, "_truncated");
  found.is_as_made =
      trigger.tgqual == nullptr && ((found.captures && trigger.tgtype == kAfterEachRow && captures_once(trigger, id)) ||
                                    (found.truncates && trigger.tgtype == kBeforeTruncate));
  bool const origin = found.captures && trigger.tgnargs > 0 && strcmp(trigger.tgargs[trigger.tgnargs - 1], "origin") == 0;
  found.enabled = trigger.tgenabled;
  found.wanted = origin ? TRIGGER_FIRES_ON_ORIGIN : TRIGGER_FIRES_ALWAYS;
  return found;
}

// Inside pg(). Returns a copy, because reading the catalogs may make the server build the relation's own list of triggers anew and
// free the old one.
const TriggerDesc *triggers_of(Oid table) {
  Relation const relation = RelationIdGetRelation(table);
  if (!RelationIsValid(relation)) return nullptr;
  const TriggerDesc *const triggers = CopyTriggerDesc(relation->trigdesc);
  RelationClose(relation);
  return triggers;
}

void call_for_table(const char *sql, Oid table) {
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(table));
  execute(sql, parameters);
}

template <typename Wanted>
bool has_trigger(Oid table, std::int64_t source, Wanted &&wanted) {
  std::vector<OwnTrigger> const triggers = own_triggers(table, source);
  return std::any_of(triggers.begin(), triggers.end(), wanted);
}

bool has_truncate_trigger(Oid table) {
  return has_trigger(table, 0, [](const OwnTrigger &trigger) { return trigger.truncates && is_named(trigger, kTruncated); });
}

}  // namespace

std::vector<OwnTrigger> own_triggers(Oid table, std::int64_t source) {
  char id[24];
  pg_lltoa(source, id);
  std::vector<OwnTrigger> found;
  pg([&] {
    const TriggerDesc *const triggers = triggers_of(table);
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
      OwnTrigger const trigger = judge(triggers->triggers[i], id);
      if (trigger.is_ours() || is_named(trigger, kCapture) || is_named(trigger, kTruncated)) found.push_back(trigger);
    }
  });
  if (std::count_if(found.begin(), found.end(), [](const OwnTrigger &trigger) { return trigger.captures; }) > 1)
    for (OwnTrigger &trigger : found) trigger.is_as_made = trigger.is_as_made && !trigger.captures;
  return found;
}

bool is_captured(Oid table, std::int64_t source) {
  char kind = '\0';
  char persistence = '\0';
  pg([&] {
    kind = get_rel_relkind(table);
    persistence = get_rel_persistence(table);
  });
  return fires_on_every_change(kind, persistence) && has_trigger(table, source, [](const OwnTrigger &trigger) {
           return trigger.captures && is_named(trigger, kCapture) && trigger.is_on();
         });
}

bool has_capture_trigger(Oid table) {
  return has_trigger(table, 0, [](const OwnTrigger &trigger) { return trigger.captures && is_named(trigger, kCapture); });
}

bool is_watched(Oid table) {
  return has_trigger(
      table, 0, [](const OwnTrigger &trigger) { return trigger.truncates && is_named(trigger, kTruncated) && trigger.is_on(); });
}

void switch_on(Oid table, const OwnTrigger &trigger) {
  std::string const always = trigger.wanted == TRIGGER_FIRES_ALWAYS ? "ALWAYS " : "";
  std::string const name = quoted(NameStr(trigger.name));
  execute(("ALTER TABLE ONLY " + qualified_name(table) + " ENABLE " + always + "TRIGGER " + name).c_str(), {});
}

void switch_on_all_triggers() {
  std::vector<Oid> tables;
  {
    ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
    query(
        "SELECT DISTINCT t.tgrelid FROM pg_catalog.pg_trigger t "
        "WHERE t.tgfoid IN ('reseller_report._capture'::pg_catalog.regproc, 'reseller_report._truncated'::pg_catalog.regproc)",
        {}, [&](const Datum *values, const bool *) { tables.push_back(DatumGetObjectId(values[0])); });
  }
  for (Oid const table : tables)
    for (const OwnTrigger &trigger : own_triggers(table, 0))
      if (trigger.is_ours() && trigger.enabled != trigger.wanted) switch_on(table, trigger);
}

void require_capture_trigger(Oid table) {
  if (has_capture_trigger(table)) return;
  for (const OwnTrigger &trigger : own_triggers(table, 0)) {
    if (!trigger.captures) continue;
    // It goes on capturing under its other name, and a second one would count everything twice.
    std::string const name = quoted(NameStr(trigger.name));
    execute(("ALTER TRIGGER " + name + " ON " + qualified_name(table) + " RENAME TO " + kCapture).c_str(), {});
    return;
  }
  call_for_table("SELECT reseller_report._set_capture_trigger($1)", table);
}

void require_truncate_trigger(Oid table) {
  if (!has_truncate_trigger(table)) call_for_table("SELECT reseller_report._make_truncate_trigger($1)", table);
}

void drop_truncate_trigger(Oid table) {
  if (has_truncate_trigger(table)) call_for_table("SELECT reseller_report._drop_truncate_trigger($1)", table);
}

bool has_capture_trigger_by_name(Oid table) {
  bool found = false;
  pg([&] {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
    Relation const triggers = table_open(TriggerRelationId, AccessShareLock);
    SysScanDesc const scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, nullptr, 1, &key);
    for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));)
      found = found || strcmp(NameStr(reinterpret_cast<const FormData_pg_trigger *>(GETSTRUCT(tuple))->tgname), kCapture) == 0;
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
  });
  return found;
}

}  // namespace reseller_report
