// Dependency changes: what is folded already moves from the old reseller to the new one, as signed deltas keyed by
// reseller. What is not folded yet needs nothing: it is attributed when it is read or folded. Writers never wait.

#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "accumulator.hpp"
#include "delta.hpp"
#include "holding.hpp"
#include "lease.hpp"
#include "raw.hpp"

namespace reseller_report {
namespace {

// Columns of reseller_report.dependency; must match sql/reseller_report.sql.
enum DependencyColumn : int { kReseller = 1, kCompany, kDuring };

struct Edit {
  Holding holding;
  int sign;  // 1 for a row that came, -1 for one that went
};

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
    Datum during = 0;
    Holding holding = {};
    pg([&] {
      found = tuplestore_gettupleslot(rows, true, false, slot);
      if (!found) return;
      slot_getallattrs(slot);
      holding.reseller = DatumGetInt64(slot->tts_values[kReseller - 1]);
      holding.company = DatumGetInt64(slot->tts_values[kCompany - 1]);
      during = slot->tts_values[kDuring - 1];
    });
    if (!found) break;
    holding.during = range_of(during);
    edits.push_back({holding, sign});
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

using Cell = std::tuple<std::int64_t, Item, Time>;  // company, item, quarter hour
using Figures = std::map<Cell, Counters>;

void add_to(Figures &figures, const Cell &cell, const Counters &counters, int sign) {
  if (!add(figures[cell], counters, sign))
    throw Error(sqlstate::kOutOfRange, "a figure of company " + std::to_string(std::get<0>(cell)) + " exceeds 64 bits");
}

bool any_contains(const std::vector<Move> &moves, Time moment) {
  return std::any_of(moves.begin(), moves.end(), [&](const Move &move) { return move.range.contains(moment); });
}

/// The figures of some companies that are in the summaries or on their way there with a reseller's name on.
class FoldedFigures {
 public:
  FoldedFigures(const Source &source, const Moves &moves) : source_(source), moves_(moves) {}

  /// raw - pending, in the active snapshot, over the built part of `hull`.
  Figures of(const std::vector<std::int64_t> &companies, const Range &hull) const {
    Figures figures;
    for (const Range &range : answerable(source_.id, hull))
      for_raw_usage(source_, range, &companies, [&](const Usage &usage) {
        Time const quarter = bucket_of(Level::kQuarter, usage.occurred_at);
        if (moved(usage.company, quarter)) add_to(figures, {usage.company, usage.item, quarter}, usage.counters, 1);
      });
    return figures;
  }

  bool moved(std::int64_t company, Time quarter) const {
    auto const found = moves_.find(company);
    return found != moves_.end() && any_contains(found->second, quarter);
  }

 private:
  const Source &source_;
  const Moves &moves_;
};

struct PendingChange {
  std::int64_t source;
  Item item;
  Time bucket;
  Counters counters;
};

using Pending = std::unordered_map<std::int64_t, std::vector<PendingChange>>;  // by company

// The changes that are not folded yet, and follow the dependency by themselves.
Pending pending_of(const Moves &moves) {
  Pending pending;
  auto const note = [&](std::int64_t company, const PendingChange &change) {
    auto const found = moves.find(company);
    if (found != moves.end() && any_contains(found->second, change.bucket)) pending[company].push_back(change);
  };
  DeltaScan scan(AccessShareLock);
  Delta delta;
  while (scan.next(delta))
    if (!delta.keyed) note(delta.company, {delta.source, delta.item, delta.bucket, delta.counters});
  if (has_folded())
    accumulator::for_each([&](const accumulator::Key &key, const Counters &counters) {
      note(key.company, {key.source, key.item, key.bucket, counters});
    });
  return pending;
}

constexpr size_t kCompaniesAtOnce = 64;

void move_folded(const Source &source, const Moves &moves, const Pending &pending, DeltaWriter &writer) {
  FoldedFigures const folded(source, moves);
  std::vector<Range> const built = answerable(source.id, {kMinusInfinity, kInfinity});
  auto const is_built = [&](Time quarter) {
    return std::any_of(built.begin(), built.end(), [&](const Range &range) { return range.contains(quarter); });
  };
  Time const now = GetCurrentTimestamp();
  for (auto at = moves.begin(); at != moves.end();) {
    std::vector<std::int64_t> companies;
    Range hull = {kInfinity, kMinusInfinity};
    for (; at != moves.end() && companies.size() < kCompaniesAtOnce; ++at) {
      companies.push_back(at->first);
      for (const Move &move : at->second)
        hull = {std::min(hull.from, move.range.from), std::max(hull.to, move.range.to)};
    }
    Figures figures = folded.of(companies, hull);
    for (std::int64_t const company : companies) {
      auto const waiting = pending.find(company);
      if (waiting == pending.end()) continue;
      for (const PendingChange &change : waiting->second)
        if (change.source == source.id && is_built(change.bucket))
          add_to(figures, {company, change.item, change.bucket}, change.counters, -1);
    }
    for (const auto &[cell, counters] : figures) {
      if (counters.is_zero()) continue;
      const auto &[company, item, quarter] = cell;
      for (const Move &move : moves.at(company)) {
        if (!move.range.contains(quarter)) continue;
        Delta delta = {};
        delta.source = source.id;
        delta.company = company;
        delta.reseller = move.reseller;
        delta.keyed = true;
        delta.bucket = quarter;
        delta.recorded_at = now;
        delta.item = item;
        if (!add(delta.counters, counters, move.sign))
          throw Error(sqlstate::kOutOfRange, "a figure of company " + std::to_string(company) + " exceeds 64 bits");
        writer.write(delta);
      }
    }
    pg([] { CHECK_FOR_INTERRUPTS(); });
  }
}

/// What was committed before this transaction took the lease, and nothing of this transaction: neither rows whose trigger
/// has not fired yet nor changes flushed or unflushed. A transaction that has folded must see itself, for its summaries
/// hold its own part.
class BeforeThisTransaction {
 public:
  BeforeThisTransaction() {
    pg([] {
      PushCopiedSnapshot(GetTransactionSnapshot());
      if (!has_folded()) GetActiveSnapshot()->curcid = 0;
    });
  }
  ~BeforeThisTransaction() { PopActiveSnapshot(); }
  BeforeThisTransaction(const BeforeThisTransaction &) = delete;
  BeforeThisTransaction &operator=(const BeforeThisTransaction &) = delete;
};

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
  BeforeThisTransaction const before;
  Pending const pending = pending_of(moves);
  DeltaWriter writer;
  for (const Source &source : all_sources()) move_folded(source, moves, pending, writer);
  writer.finish();
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_take_lease) {
  take_lease();
  return PointerGetDatum(nullptr);
}

RESELLER_REPORT_FUNCTION(reseller_report_dependency_changed) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error("39P01", "reseller_report._dependency_changed must be called as a trigger");
  auto const *const data = reinterpret_cast<const TriggerData *>(fcinfo->context);
  std::vector<Edit> edits;
  read_transition(data->tg_oldtable, RelationGetDescr(data->tg_relation), -1, edits);
  read_transition(data->tg_newtable, RelationGetDescr(data->tg_relation), 1, edits);
  check_resellers(edits);
  move_figures(edits);
  return PointerGetDatum(nullptr);
}

}  // namespace reseller_report
