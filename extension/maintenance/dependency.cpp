// Dependency changes: what is folded already moves from the old reseller to the new one, as signed deltas keyed by
// reseller. What is not folded yet needs nothing: it is attributed when it is read or folded. Writers never wait.

#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "locks/lease.hpp"
#include "maintenance/movable.hpp"
#include "server/acting_as.hpp"
#include "server/numeric.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/snapshot.hpp"
#include "source/raw_scan.hpp"
#include "source/restore.hpp"
#include "summary/delta.hpp"
#include "summary/holding.hpp"
#include "summary/summary.hpp"

namespace reseller_report {
namespace {

struct Edit {
  Holding holding;
  int sign;  // 1 for a row that came, -1 for one that went
};

void read_row(TupleTableSlot *slot, int sign, std::vector<Edit> &edits) {
  pg([&] { slot_getallattrs(slot); });
  edits.push_back({holding_of(slot->tts_values), sign});
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

/// A stretch of time that a company's figures leave (-1) or join (1) a reseller.
struct Move {
  std::int64_t reseller;
  Range range;
  int sign;
};

using Moves = std::map<std::int64_t, std::vector<Move>>;  // by company

// What the edits come to. A row that was changed in one bound only moves the difference.
Moves net_moves(const std::vector<Edit> &edits) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::map<Time, int>> steps;  // (company, reseller): moment -> step
  for (const Edit &edit : edits) {
    auto &line = steps[{edit.holding.company, edit.holding.reseller}];
    line[edit.holding.during.from] += edit.sign;
    line[edit.holding.during.to] -= edit.sign;
  }
  Moves moves;
  for (const auto &[who, line] : steps) {
    int height = 0;
    Time since = kMinusInfinity;
    for (const auto &[moment, step] : line) {
      if (step == 0) continue;
      if (height != 0) moves[who.first].push_back({who.second, {since, moment}, height});
      height += step;
      since = moment;
    }
  }
  return moves;
}

Range hull_of(const Moves &moves) {
  Range hull = {kInfinity, kMinusInfinity};
  for (const auto &[company, ranges] : moves)
    for (const Move &move : ranges) hull = {std::min(hull.from, move.range.from), std::max(hull.to, move.range.to)};
  return hull;
}

/// Figures that may leave 64 bits on the way: what was set aside in a fold, for one, is still in the raw rows.
struct WideCounters {
  Sum figure[kFigures] = {};

  void add(const Counters &counters, int sign) {
    for (int i = 0; i < kFigures; i++) figure[i] += static_cast<Sum>(counters.figure[i]) * sign;
  }

  /// Takes as much as 64 bits hold, times `sign`, out of the figures; all zeros when nothing is left.
  Counters take(int sign) {
    constexpr Sum kMost = std::numeric_limits<std::int64_t>::max();
    Counters part;
    for (int i = 0; i < kFigures; i++) {
      Sum const taken = std::max(-kMost, std::min(kMost, figure[i]));
      figure[i] -= taken;
      part.figure[i] = static_cast<std::int64_t>(taken) * sign;
    }
    return part;
  }
};

using Figures = std::map<UsageKey, WideCounters>;

bool any_contains(const std::vector<Move> &moves, Time moment) {
  return std::any_of(moves.begin(), moves.end(), [&](const Move &move) { return move.range.contains(moment); });
}

bool any_contains(const std::vector<Range> &ranges, Time moment) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range &range) { return range.contains(moment); });
}

bool is_moved(const Moves &moves, std::int64_t company, Time quarter) {
  auto const found = moves.find(company);
  return found != moves.end() && any_contains(found->second, quarter);
}

using Pending = std::unordered_map<std::int64_t, std::vector<UsageChange>>;  // by company

// The changes of others that are not folded yet, and follow the dependency by themselves.
Pending pending_of(const Moves &moves) {
  Pending pending;
  DeltaScan scan(AccessShareLock);
  Delta delta;
  while (scan.next(delta))
    if (!delta.keyed && !delta.own && is_moved(moves, delta.company, delta.bucket)) pending[delta.company].push_back(delta);
  return pending;
}

constexpr size_t kCompaniesAtOnce = 64;
constexpr size_t kPrunedCompaniesAtOnce = 1'000;

// The figures of some companies that are in the summaries, or on their way there with a reseller's name on: raw - pending.
Figures folded_figures(const MovableSource &from, const std::vector<std::int64_t> &companies, const Range &hull, const Moves &moves,
                       const Pending &pending) {
  Figures figures;
  {
    OthersSnapshot const others;
    for (const Range &range : within(hull, from.built))
      for_raw_usage(*from.source, range, &companies, [&](const Usage &usage) {
        UsageKey const key = key_of(from.state.id, usage);
        if (is_moved(moves, key.company, key.bucket)) figures[key].add(usage.counters, 1);
      });
  }
  for (std::int64_t const company : companies) {
    auto const waiting = pending.find(company);
    if (waiting == pending.end()) continue;
    for (const UsageChange &change : waiting->second)
      if (change.source == from.state.id && any_contains(from.built, change.bucket)) figures[change].add(change.counters, -1);
  }
  return figures;
}

void write_moves(const UsageKey &key, const WideCounters &counters, const std::vector<Move> &moves, Time now, DeltaWriter &writer) {
  Delta delta = {};
  static_cast<UsageKey &>(delta) = key;
  delta.keyed = true;
  delta.recorded_at = now;
  for (const Move &move : moves) {
    if (!move.range.contains(delta.bucket)) continue;
    delta.reseller = move.reseller;
    WideCounters rest = counters;
    for (delta.counters = rest.take(move.sign); !delta.counters.is_zero(); delta.counters = rest.take(move.sign))
      writer.write(delta);
  }
}

void move_folded(const MovableSource &from, const Moves &moves, const Pending &pending, DeltaWriter &writer) {
  Time const now = GetCurrentTimestamp();
  for (auto at = moves.begin(); at != moves.end();) {
    std::vector<std::int64_t> companies;
    Range hull = {kInfinity, kMinusInfinity};
    for (; at != moves.end() && companies.size() < kCompaniesAtOnce; ++at) {
      companies.push_back(at->first);
      for (const Move &move : at->second) hull = {std::min(hull.from, move.range.from), std::max(hull.to, move.range.to)};
    }
    for (const auto &[key, counters] : folded_figures(from, companies, hull, moves, pending))
      write_moves(key, counters, moves.at(key.company), now, writer);
    pg([] { CHECK_FOR_INTERRUPTS(); });
  }
}

/// When a company's dependency was changed, and when it came from nobody, as far as the command tells.
struct Changed {
  std::int64_t company;
  std::vector<Range> ranges;
  std::vector<Range> from_nobody;
};

// Where more joins than leaves.
std::vector<Range> ranges_from_nobody(const std::vector<Move> &moves) {
  std::map<Time, int> steps;
  for (const Move &move : moves) {
    steps[move.range.from] += move.sign;
    steps[move.range.to] -= move.sign;
  }
  std::vector<Range> ranges;
  int height = 0;
  Time since = kMinusInfinity;
  for (const auto &[moment, step] : steps) {
    if (height > 0) ranges.push_back({since, moment});
    height += step;
    since = moment;
  }
  return ranges;
}

// Raw rows that are pruned cannot be read again: their figures, in summaries and in deltas with a reseller's name on, go from
// whoever has them to whom `dependency` names now. The statement that changed it may have done so by several commands, of which a
// trigger may come before that of the one that took the company away: hence the former holders are not those that this command took
// it from, but all that this transaction did, and nobody, unless the command tells that a committed row had the company until then.
class PrunedFigures {
 public:
  PrunedFigures(const SourceState &source, const std::vector<Changed> &changed) : source_(source), changed_(changed) {
    std::vector<std::int64_t> companies;
    for (const Changed &change : changed) {
      companies.push_back(change.company);
      for (const Range &range : change.from_nobody) add_holder(kNobody, range);
    }
    holdings_ = holdings_of(companies);
    for (const FormerHolding &former : holdings_taken_away(companies))
      for (const Range &range : ranges_of(former.holding.company)) {
        add_holder(former.holding.reseller, intersection(range, former.holding.during));
        if (former.is_own) add_holder(kNobody, intersection(range, former.holding.during));
      }
    for (const auto &[holder, hull] : hulls_) add_summaries(holder, hull);
    if (!hulls_.empty()) add_deltas();
  }

  void write(Time now, DeltaWriter &writer) const {
    for (const auto &[holder, figures] : figures_)
      for (const auto &[key, counters] : figures) {
        Range const at = {key.bucket, key.bucket + 1};
        write_moves(key, counters, {{holder, at, -1}, {holder_now(key.company, key.bucket), at, 1}}, now, writer);
      }
  }

 private:
  void add_holder(std::int64_t holder, const Range &range) {
    Range const pruned = intersection(range, {kMinusInfinity, source_.horizon});
    if (pruned.empty()) return;
    Range &hull = hulls_.emplace(holder, pruned).first->second;
    hull = {std::min(hull.from, pruned.from), std::max(hull.to, pruned.to)};
  }

  const std::vector<Range> &ranges_of(std::int64_t company) const {
    static const std::vector<Range> none;
    auto const found = std::lower_bound(changed_.begin(), changed_.end(), company,
                                        [](const Changed &entry, std::int64_t wanted) { return entry.company < wanted; });
    return found != changed_.end() && found->company == company ? found->ranges : none;
  }

  std::int64_t holder_now(std::int64_t company, Time quarter) const {
    const Holding *const holding = holding_at(holdings_, company, quarter);
    return holding != nullptr ? holding->reseller : kNobody;
  }

  bool leaves(std::int64_t company, const std::vector<Range> &ranges, std::int64_t holder, Time quarter) const {
    return quarter < source_.horizon && any_contains(ranges, quarter) && holder_now(company, quarter) != holder;
  }

  void add_summaries(std::int64_t holder, const Range &hull) {
    RowMemory const memory;
    SummaryReader reader(Level::kQuarter, memory);
    for (Item const item : all_items()) {
      reader.seek({source_.id, holder, item}, hull, kAllFigures);
      SummaryRow row;
      while (reader.next(row)) add_row(holder, item, row);
      pg([] { CHECK_FOR_INTERRUPTS(); });
    }
  }

  void add_row(std::int64_t holder, Item item, const SummaryRow &row) {
    const std::int64_t *at = row.companies;
    const std::int64_t *const end = at + row.count;
    for (const Changed &change : changed_) {
      std::int64_t const company = change.company;
      at = std::lower_bound(at, end, company);
      if (at == end) return;
      if (*at != company || !leaves(company, change.ranges, holder, row.bucket)) continue;
      figures_[holder][{source_.id, company, row.bucket, item}].add(row.counters(static_cast<int>(at - row.companies)), 1);
    }
  }

  void add_deltas() {
    DeltaScan scan(AccessShareLock);
    Delta delta;
    while (scan.next(delta)) {
      if (!delta.keyed || delta.source != source_.id) continue;
      auto const hull = hulls_.find(delta.reseller);
      if (hull == hulls_.end() || !hull->second.contains(delta.bucket)) continue;
      if (!leaves(delta.company, ranges_of(delta.company), delta.reseller, delta.bucket)) continue;
      figures_[delta.reseller][delta].add(delta.counters, 1);
    }
  }

  const SourceState &source_;
  const std::vector<Changed> &changed_;
  std::vector<Holding> holdings_;
  std::map<std::int64_t, Range> hulls_;  // what to look at, by former holder
  std::map<std::int64_t, Figures> figures_;
};

void move_pruned(const SourceState &source, const Moves &moves, DeltaWriter &writer) {
  Time const now = GetCurrentTimestamp();
  for (auto at = moves.begin(); at != moves.end();) {
    std::vector<Changed> changed;
    for (; at != moves.end() && changed.size() < kPrunedCompaniesAtOnce; ++at) {
      changed.push_back({at->first, {}, ranges_from_nobody(at->second)});
      for (const Move &move : at->second) changed.back().ranges.push_back(move.range);
    }
    PrunedFigures(source, changed).write(now, writer);
  }
}

void check_resellers(const std::vector<Edit> &edits) {
  std::set<std::int64_t> resellers;
  for (const Edit &edit : edits)
    if (edit.sign > 0) resellers.insert(edit.holding.reseller);
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
  DeltaWriter writer;
  for (const MovableSource &source : sources) {
    if (!source.built.empty()) move_folded(source, moves, pending, writer);
    if (source.state.horizon != kMinusInfinity) move_pruned(source.state, moves, writer);
  }
  writer.finish();
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_take_lease) {
  if (!is_loading_dependencies()) take_lease();
  return PointerGetDatum(nullptr);
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
    return PointerGetDatum(nullptr);  // the statement's trigger follows
  } else {
    // Logical replication applies rows without statements, hence without transition tables.
    if (!is_loading_dependencies()) take_lease();
    read_row(data->tg_trigslot, TRIGGER_FIRED_BY_INSERT(data->tg_event) ? 1 : -1, edits);
    if (TRIGGER_FIRED_BY_UPDATE(data->tg_event)) read_row(data->tg_newslot, 1, edits);
  }
  check_resellers(edits);
  if (!is_loading_dependencies()) move_figures(edits);
  return PointerGetDatum(nullptr);
}

}  // namespace reseller_report
