#include "source/triggers.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace reseller_report {
namespace {

enum class CaptureTrigger { kNone, kOff, kOn };

// Every change of every row, as attach_source made it; must match reseller_report._follow_triggers.
constexpr int16 kAfterEachRow = TRIGGER_TYPE_ROW | TRIGGER_TYPE_INSERT | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_UPDATE;

// A trigger's function: another trigger may have the name. Inside pg().
bool calls(const Trigger &trigger, const char *function) {
  const char *const called = get_func_name(trigger.tgfoid);
  return called != nullptr && strcmp(called, function) == 0 &&
         get_func_namespace(trigger.tgfoid) == get_namespace_oid("reseller_report", true);
}

// A copy: a look into the catalogs may take in invalidations, which build the relation's own anew, and free what it was. Inside
// pg().
const TriggerDesc *triggers_of(Relation relation) { return CopyTriggerDesc(relation->trigdesc); }

bool is_whole(const Trigger &trigger) {
  bool const origin = trigger.tgnargs > 0 && strcmp(trigger.tgargs[trigger.tgnargs - 1], "origin") == 0;
  return trigger.tgtype == kAfterEachRow && trigger.tgqual == nullptr && trigger.tgnattr == 0 && !trigger.tgdeferrable &&
         trigger.tgenabled == (origin ? TRIGGER_FIRES_ON_ORIGIN : TRIGGER_FIRES_ALWAYS);
}

// Once: what is captured twice would count twice.
bool names_once(const Trigger &trigger, std::string_view id) {
  return std::count(trigger.tgargs, trigger.tgargs + trigger.tgnargs, id) == 1;
}

// On: one trigger alone captures, and for this source, too; two would count twice.
CaptureTrigger capture_trigger(Oid table, std::int64_t source) {
  char id[24];
  pg_lltoa(source, id);
  CaptureTrigger found = CaptureTrigger::kNone;
  int capturing = 0;
  pg([&] {
    Relation const relation = relation_open(table, NoLock);
    const TriggerDesc *const triggers = triggers_of(relation);
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
      const Trigger &trigger = triggers->triggers[i];
      if (!calls(trigger, "_capture")) continue;
      capturing++;
      if (strcmp(trigger.tgname, "reseller_report_capture") != 0) continue;
      found = is_whole(trigger) && names_once(trigger, id) ? CaptureTrigger::kOn : CaptureTrigger::kOff;
    }
    // Writes that fire no trigger here, and rows that a crash takes.
    if (capturing > 1 || relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE ||
        relation->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT)
      found = CaptureTrigger::kOff;
    relation_close(relation, NoLock);
  });
  return found;
}

// Inside pg().
const Trigger *truncate_trigger(Relation relation) {
  const TriggerDesc *const triggers = triggers_of(relation);
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++)
    if (strcmp(triggers->triggers[i].tgname, "reseller_report_truncated") == 0 && calls(triggers->triggers[i], "_truncated"))
      return &triggers->triggers[i];
  return nullptr;
}

}  // namespace

bool is_captured(Oid table, std::int64_t source) { return capture_trigger(table, source) == CaptureTrigger::kOn; }

bool is_watched(Oid table) {
  bool watched = false;
  pg([&] {
    Relation const relation = relation_open(table, NoLock);
    const Trigger *const trigger = truncate_trigger(relation);
    watched = trigger != nullptr && trigger->tgtype == (TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_TRUNCATE) &&
              trigger->tgqual == nullptr && trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
    relation_close(relation, NoLock);
  });
  return watched;
}

RESELLER_REPORT_FUNCTION(reseller_report_has_truncate_trigger) {
  bool found = false;
  pg([&] {
    Relation const relation = relation_open(PG_GETARG_OID(0), AccessShareLock);
    found = truncate_trigger(relation) != nullptr;
    relation_close(relation, NoLock);
  });
  PG_RETURN_BOOL(found);
}

bool has_capture_trigger(Oid table) { return capture_trigger(table, 0) != CaptureTrigger::kNone; }

bool has_capture_trigger_by_name(Oid table) {
  bool found = false;
  pg([&] {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
    Relation const triggers = table_open(TriggerRelationId, AccessShareLock);
    SysScanDesc const scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, nullptr, 1, &key);
    for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));)
      found = found || strcmp(NameStr(reinterpret_cast<const FormData_pg_trigger *>(GETSTRUCT(tuple))->tgname),
                              "reseller_report_capture") == 0;
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
  });
  return found;
}

}  // namespace reseller_report
