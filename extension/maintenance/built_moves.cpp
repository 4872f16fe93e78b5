#include "maintenance/built_moves.hpp"

#include <algorithm>

#include "maintenance/moved_figures.hpp"
#include "server/snapshot.hpp"
#include "source/raw_scan.hpp"
#include "summary/delta.hpp"

namespace reseller_report {
namespace {

// How many companies' raw rows are read by one query.
constexpr size_t kCompaniesAtOnce = 64;

// The raw usage of some companies in the time that moves, less what is pending. Where a company had a reseller, that is what runs
// and summaries hold of it.
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

}  // namespace

Pending pending_of(const Moves &moves) {
  Pending pending;
  DeltaScan scan(AccessShareLock);
  DeltaRow row;
  while (scan.next(row)) {
    if (row.of_this_transaction) continue;
    for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
      if (is_moved(moves, company, bucket)) pending[company].push_back({{row.source, company, bucket, item}, counters});
    });
  }
  return pending;
}

void move_built(const MovableSource &from, const Moves &moves, const Pending &pending, RunWriter &writer) {
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

}  // namespace reseller_report
