#include "maintenance/pruned_moves.hpp"

#include <algorithm>
#include <map>

#include "maintenance/moved_figures.hpp"
#include "summary/memberships.hpp"
#include "summary/summary.hpp"

namespace reseller_report {
namespace {

// How many companies are looked for in the summaries at once.
constexpr size_t kPrunedCompaniesAtOnce = 1'000;

/// The ranges of time in which a company's dependencies were changed; and those in which it was nobody's before, as far as the
/// command tells.
struct Changed {
  std::int64_t company;
  std::vector<Range> ranges;
  std::vector<Range> from_nobody;
};

// Takes pruned figures from the resellers that have them, in the levels, packed days and runs, and gives them to those that
// `dependency` names now. One statement may run several commands, and this trigger may fire before that of the command which
// removed the old row. So this command alone does not say who had the figures. Every reseller from which the transaction took the
// company may have had them. So may kNobody, unless the command replaced a row that was committed before.
class PrunedFigures {
 public:
  PrunedFigures(const SourceState &source, const std::vector<Changed> &changed) : source_(source), changed_(changed) {
    std::vector<std::int64_t> companies;
    for (const Changed &change : changed) {
      companies.push_back(change.company);
      for (const Range &range : change.from_nobody) add_former(kNobody, range);
    }
    memberships_ = memberships_of(companies);
    for (const FormerMembership &taken : memberships_taken_away(companies))
      for (const Range &range : ranges_of(taken.membership.company)) {
        add_former(taken.membership.reseller, intersection(range, taken.membership.during));
        if (taken.is_own) add_former(kNobody, intersection(range, taken.membership.during));
      }
    for (const auto &[former, hull] : hulls_) {
      add_summaries(former, hull);
      for (PackedTable const which : {PackedTable::kRuns, PackedTable::kDays}) add_packed(which, former, hull);
    }
  }

  void write(Time now, RunWriter &writer) const {
    for (const auto &[former, figures] : figures_)
      for (const auto &[key, counters] : figures) {
        Range const at = {key.bucket, key.bucket + 1};
        write_moves(key, counters, {{former, at, -1}, {reseller_now(key.company, key.bucket), at, 1}}, now, writer);
      }
  }

 private:
  void add_former(std::int64_t former, const Range &range) {
    Range const pruned = intersection(range, {kMinusInfinity, source_.horizon});
    if (pruned.empty()) return;
    Range &hull = hulls_.emplace(former, pruned).first->second;
    hull = {std::min(hull.from, pruned.from), std::max(hull.to, pruned.to)};
  }

  const std::vector<Range> &ranges_of(std::int64_t company) const {
    static const std::vector<Range> none;
    auto const found = std::lower_bound(changed_.begin(), changed_.end(), company,
                                        [](const Changed &entry, std::int64_t wanted) { return entry.company < wanted; });
    return found != changed_.end() && found->company == company ? found->ranges : none;
  }

  std::int64_t reseller_now(std::int64_t company, Time quarter) const {
    const Membership *const membership = membership_at(memberships_, company, quarter);
    return membership != nullptr ? membership->reseller : kNobody;
  }

  bool leaves(std::int64_t company, const std::vector<Range> &ranges, std::int64_t former, Time quarter) const {
    return quarter < source_.horizon && any_contains(ranges, quarter) && reseller_now(company, quarter) != former;
  }

  void add_summaries(std::int64_t former, const Range &hull) {
    RowMemory const memory;
    SummaryReader reader(Level::kQuarter, memory);
    reader.seek({source_.id, former}, hull);
    SummaryRow row;
    while (reader.next(row)) {
      reader.read(row, kAllFigures);
      add_row(former, row);
      pg([] { CHECK_FOR_INTERRUPTS(); });
    }
  }

  void add_row(std::int64_t former, const SummaryRow &row) {
    const std::int64_t *at = row.companies;
    const std::int64_t *const end = at + row.count;
    for (const Changed &change : changed_) {
      std::int64_t const company = change.company;
      at = std::lower_bound(at, end, company);
      if (at == end) return;
      if (*at != company || !leaves(company, change.ranges, former, row.bucket)) continue;
      figures_[former][{source_.id, company, row.bucket, row.item}].add(row.counters(static_cast<int>(at - row.companies)), 1);
    }
  }

  void add_packed(PackedTable which, std::int64_t former, const Range &hull) {
    RowMemory const memory;
    PackedReader reader(which, AccessShareLock, memory);
    reader.seek({source_.id, former}, hull);
    PackedRow row;
    while (reader.next(row))
      for_each_change(row, [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
        if (hull.contains(bucket) && leaves(company, ranges_of(company), former, bucket))
          figures_[former][{source_.id, company, bucket, item}].add(counters, 1);
      });
  }

  const SourceState &source_;
  const std::vector<Changed> &changed_;
  std::vector<Membership> memberships_;
  std::map<std::int64_t, Range> hulls_;  // the time to look at, by former reseller
  std::map<std::int64_t, Figures> figures_;
};

}  // namespace

void move_pruned(const SourceState &source, const Moves &moves, RunWriter &writer) {
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

}  // namespace reseller_report
