// Capture: the row trigger that turns every change of a usage table into signed changes of this transaction. It waits for nobody.
// It reads the registry only for a table's first row after the table has changed: captured_table.cpp remembers the rest.

#include <optional>

#include "capture/accumulator.hpp"
#include "capture/captured_table.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/relation.hpp"
#include "source/built_days.hpp"
#include "source/follow_leaves.hpp"
#include "source/usage_reader.hpp"

namespace reseller_report {
namespace {

struct MappedValues {
  Datum values[kMostRules];
  bool nulls[kMostRules];
};

MappedValues values_of(const CapturedSource &source, TupleTableSlot *slot) {
  MappedValues row;
  pg([&] {
    for (int i = 0; i < source.mapping.count; i++) {
      row.nulls[i] = true;
      row.values[i] = 0;
      AttrNumber const attnum = source.layout.attnum[i];
      if (attnum > 0) row.values[i] = slot_getattr(slot, attnum, &row.nulls[i]);
    }
  });
  return row;
}

// Whether no mapped column changed, by the bytes that are stored. Bytes that differ but mean the same are captured as a change,
// which adds up to nothing.
bool same_usage(const CapturedSource &source, TupleDesc columns, const MappedValues &before, const MappedValues &after) {
  bool same = true;
  pg([&] {
    for (int i = 0; i < source.mapping.count && same; i++) {
      AttrNumber const attnum = source.layout.attnum[i];
      if (attnum == 0) continue;
      if (before.nulls[i] != after.nulls[i]) {
        same = false;
      } else if (!before.nulls[i]) {
        Form_pg_attribute const attribute = TupleDescAttr(columns, attnum - 1);
        same = datum_image_eq(before.values[i], after.values[i], attribute->attbyval, attribute->attlen);
      }
    }
  });
  return same;
}

bool read_usage(const CapturedSource &source, Relation relation, const MappedValues &row, Usage &usage) {
  return usage_of_row(source.mapping, source.layout, row.values, row.nulls, RelationGetRelid(relation), usage);
}

void capture_row(const CapturedSource &source, Relation relation, const MappedValues &row, int sign) {
  Usage usage;
  if (sign > 0) {
    if (!read_usage(source, relation, row, usage)) return;
  } else {
    // A row that cannot be counted was there before the table was connected, and was never counted. Deleting or mending it takes
    // nothing away.
    try {
      if (!read_usage(source, relation, row, usage)) return;
    } catch (const Error &) {
      return;
    }
  }
  accumulator::change(key_of(source.id, usage), usage.counters, sign);
}

/// Does something at the first of consecutive calls for the same table and subtransaction.
class OnceHere {
 public:
  template <typename F>
  void operator()(Oid relid, F &&f) {
    TransactionId const transaction = GetTopTransactionIdIfAny();
    SubTransactionId const subtransaction = GetCurrentSubTransactionId();
    if (relid_ == relid && transaction_ == transaction && subtransaction_ == subtransaction) return;
    f();
    relid_ = relid;
    transaction_ = transaction;
    subtransaction_ = subtransaction;
  }

 private:
  Oid relid_ = InvalidOid;
  TransactionId transaction_ = InvalidTransactionId;
  SubTransactionId subtransaction_ = InvalidSubTransactionId;
};

// COPY ... FREEZE makes rows that are visible to older snapshots, too, while their delta is not. So it un-builds the days that they
// may be of.
void follow_frozen(const CapturedTable &table) {
  ActingAs const owner(extension_owner());
  for (int i = 0; i < table.count; i++)
    if (std::optional<RegistryRow> const row = registry_now(table.sources[i].id))
      unbuild(row->id, days_of_leaf(table.relid, *row), "COPY ... FREEZE into " + qualified_name(table.relid));
}

// A mapped column was dropped, renamed or retyped, and no event trigger saw it. Writes go on uncaptured. A rebuild could not read
// their rows either, so the source is un-built as a whole, and reports that need the rows say what is wrong.
void follow_unread(const CapturedTable &table) {
  for (int i = 0; i < table.unread_count; i++)
    unbuild_once(table.unread[i], "rows were written that its mapping cannot be read from");
}

// Captures the change of a row for one of the sources that the table is.
void capture_change(const CapturedSource &source, const TriggerData &data) {
  Relation const relation = data.tg_relation;
  MappedValues const row = values_of(source, data.tg_trigslot);
  if (!TRIGGER_FIRED_BY_UPDATE(data.tg_event)) {
    capture_row(source, relation, row, TRIGGER_FIRED_BY_DELETE(data.tg_event) ? -1 : 1);
    return;
  }
  MappedValues const after = values_of(source, data.tg_newslot);
  if (same_usage(source, RelationGetDescr(relation), row, after)) return;
  capture_row(source, relation, row, -1);
  capture_row(source, relation, after, 1);
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_capture) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error(sqlstate::kWrongTriggerCall, "reseller_report._capture must be called as a trigger");
  auto const *const data = reinterpret_cast<const TriggerData *>(fcinfo->context);
  TriggerEvent const event = data->tg_event;
  if (!TRIGGER_FIRED_AFTER(event) || !TRIGGER_FIRED_FOR_ROW(event))
    throw Error(sqlstate::kWrongTriggerCall, "reseller_report._capture must be fired after each row");
  const CapturedTable &table = captured_table(data->tg_relation, data->tg_trigger);
  if (TRIGGER_FIRED_BY_INSERT(event) && HeapTupleHeaderXminFrozen(data->tg_trigtuple->t_data)) {
    static OnceHere once;
    once(table.relid, [&] { follow_frozen(table); });
  }
  if (table.unread_count > 0) {
    static OnceHere once;
    once(table.relid, [&] { follow_unread(table); });
  }
  for (int i = 0; i < table.count; i++) capture_change(table.sources[i], *data);
  return Datum{0};
}

}  // namespace reseller_report
