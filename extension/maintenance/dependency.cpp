// Follows changes of dependencies. What is folded already moves from the old reseller to the new one: a run of the one takes it
// away, and a run of the other adds it. What is not folded yet needs nothing, because it is attributed when it is read or folded.
// Writers of usage never wait for this.

#include <set>

#include "locks/lease.hpp"
#include "maintenance/built_moves.hpp"
#include "maintenance/pruned_moves.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "source/restore.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

void read_row(TupleTableSlot *slot, int sign, std::vector<Edit> &edits) {
  pg([&] { slot_getallattrs(slot); });
  edits.push_back({membership_of(slot->tts_values), sign});
}

void read_transition(Tuplestorestate *rows, TupleDesc columns, int sign, std::vector<Edit> &edits) {
  if (rows == nullptr) return;
  TupleTableSlot *slot = nullptr;
  pg([&] {
    slot = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
    tuplestore_select_read_pointer(rows, tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND));
    tuplestore_rescan(rows);
  });
  for (;;) {
    bool found = false;
    pg([&] { found = tuplestore_gettupleslot(rows, true, false, slot); });
    if (!found) break;
    read_row(slot, sign, edits);
  }
  pg([&] { ExecDropSingleTupleTableSlot(slot); });
}

void check_resellers(const std::vector<Edit> &edits) {
  std::set<std::int64_t> resellers;
  for (const Edit &edit : edits)
    if (edit.sign > 0) resellers.insert(edit.membership.reseller);
  if (resellers.empty()) return;
  std::vector<std::int64_t> const wanted(resellers.begin(), resellers.end());
  SqlParameters parameters;
  parameters.add_bigints(wanted.data(), static_cast<int>(wanted.size()));
  ActiveSnapshot const now(ActiveSnapshot::fresh());
  ActingAs const owner(extension_owner());
  query("SELECT company_id FROM reseller_report.company WHERE company_id = ANY ($1) AND NOT is_reseller LIMIT 1", parameters,
        [](const Datum *values, const bool *) {
          throw Error(sqlstate::kCheckViolation, "company " + std::to_string(DatumGetInt64(values[0])) + " is not a reseller",
                      "Set is_reseller in reseller_report.company first.");
        });
}

void move_figures(const std::vector<Edit> &edits) {
  Moves const moves = net_moves(edits);
  if (moves.empty()) return;
  pg([] { CommandCounterIncrement(); });  // sees what the statement did, and what triggers of it moved before
  ActiveSnapshot const now(ActiveSnapshot::fresh());
  std::vector<MovableSource> const sources = movable_sources(hull_of(moves));
  Pending const pending = pending_of(moves);
  RunWriter writer;
  for (const MovableSource &source : sources) {
    if (!source.built.empty()) move_built(source, moves, pending, writer);
    if (source.state.horizon != kMinusInfinity) move_pruned(source.state, moves, writer);
  }
  writer.finish();
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_take_lease) {
  if (!is_loading_dependencies()) take_lease();
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_dependency_changed) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    throw Error(sqlstate::kWrongTriggerCall, "reseller_report._dependency_changed must be called as a trigger");
  auto const *const data = reinterpret_cast<const TriggerData *>(fcinfo->context);
  bool const has_transition = data->tg_oldtable != nullptr || data->tg_newtable != nullptr;
  std::vector<Edit> edits;
  if (!TRIGGER_FIRED_FOR_ROW(data->tg_event)) {
    read_transition(data->tg_oldtable, RelationGetDescr(data->tg_relation), -1, edits);
    read_transition(data->tg_newtable, RelationGetDescr(data->tg_relation), 1, edits);
  } else if (has_transition) {
    return Datum{0};  // the statement's trigger follows
  } else {
    // Logical replication applies rows without statements, hence without transition tables.
    if (!is_loading_dependencies()) take_lease();
    read_row(data->tg_trigslot, TRIGGER_FIRED_BY_INSERT(data->tg_event) ? 1 : -1, edits);
    if (TRIGGER_FIRED_BY_UPDATE(data->tg_event)) read_row(data->tg_newslot, 1, edits);
  }
  check_resellers(edits);
  if (!is_loading_dependencies()) move_figures(edits);
  return Datum{0};
}

}  // namespace reseller_report
