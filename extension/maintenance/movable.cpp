#include "maintenance/movable.hpp"

#include "locks/lease.hpp"
#include "maintenance/reconcile.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "source/built_days.hpp"
#include "source/leaf.hpp"

namespace reseller_report {
namespace {

bool overlaps(const Range &days, const std::vector<Range> &ranges) {
  for (const Range &range : ranges)
    if (!intersection(days, range).empty()) return true;
  return false;
}

// Locks a table and its indexes, because planning a query locks them, too. False where one of them cannot be had.
bool lock_with_indexes(Oid table, Patience &patience) {
  if (!patience.lock({table, AccessShareLock})) return false;
  List *indexes = NIL;
  pg([&] {
    Relation const relation = relation_open(table, NoLock);
    indexes = RelationGetIndexList(relation);
    relation_close(relation, NoLock);
  });
  for (int i = 0; i < list_length(indexes); i++)
    if (!patience.lock({list_nth_oid(indexes, i), AccessShareLock})) return false;
  return true;
}

// Locks the partitions whose rows may lie in `wanted`, and returns the days of those that cannot be had. The caller has locked the
// table itself. A partition that another session attaches meanwhile may be missing here, or in the plan of a query. It has un-built
// its days, or will when that session commits.
std::vector<Range> lock_partitions(const Source &source, const std::vector<Range> &wanted, Patience &patience) {
  bool const reads_all = moved_unseen(source.id);  // as read_raw does
  std::vector<Range> blocked;
  for (const Leaf &leaf : leaves_of(source))
    if ((reads_all || overlaps(leaf.days, wanted)) && !lock_with_indexes(leaf.relid, patience)) {
      Range const days = reads_all ? kAllTime : leaf.days;
      blocked.push_back(widen(Level::kDay, days));
    }
  return blocked;
}

constexpr char kLocked[] = "dependencies were changed while rows could not be read: the table was locked";
constexpr char kChangedUnseen[] = "dependencies were changed after the table was changed unseen";

MovableSource movable_source(const SourceState &state, const Range &moved, Patience &patience) {
  MovableSource found = {state, {}, answerable(state, {state.horizon, kInfinity})};
  std::vector<Range> const wanted = within(moved, found.built);
  if (wanted.empty()) {
    found.built.clear();
    return found;
  }
  bool locked = true;
  found.source = try_source(state.id, [&](Oid table) { return locked = patience.lock({table, AccessShareLock}); });
  std::vector<Range> blocked;
  if (found.source && found.source->was_changed_unseen()) {
    // Its raw rows do not tell what was folded.
    unbuild(state.id, kAllTime, kChangedUnseen);
    found.built.clear();
  } else if (found.source) {
    found.built = answerable(*found.source, {state.horizon, kInfinity});
    blocked = lock_partitions(*found.source, wanted, patience);
  } else if (locked) {
    found.built.clear();  // the table is gone
  } else {
    blocked.push_back(kAllTime);
  }
  if (blocked.empty()) return found;
  std::vector<Range> readable;
  for (const Range &range : found.built) {
    for (const Range &rest : without(range, blocked)) readable.push_back(rest);
    for (const Range &lost : within(intersection(widen(Level::kDay, moved), range), blocked)) unbuild(state.id, lost, kLocked);
  }
  found.built = std::move(readable);
  return found;
}

}  // namespace

std::vector<MovableSource> movable_sources(const Range &moved) {
  std::vector<MovableSource> sources;
  Patience patience;
  for (const SourceState &state : source_states()) sources.push_back(movable_source(state, moved, patience));
  return sources;
}

}  // namespace reseller_report
