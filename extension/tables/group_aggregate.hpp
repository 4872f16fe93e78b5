// An aggregate of groups: what it takes of a row, or of many rows at once, and what it gives in the end.
#pragma once

#include <optional>

#include "core/usage.hpp"
#include "summary/summary.hpp"
#include "tables/group_key.hpp"
#include "tables/group_plan.hpp"

namespace reseller_report {

/// What an aggregate has taken so far, of one group.
struct AggregateState {
  Sum sum = 0;
  std::int64_t rows = 0;        ///< that count, or companies; with totals, how many totals of rows
  bool any = false;             ///< whether rows have passed the filter
  int best = GroupKey::kNull;   ///< the number of the best value
  std::vector<bool> companies;  ///< those that were there
};

class GroupAggregate {
 public:
  /// Inside pg(), but for the memory that it owns: from the list that the plan has of it.
  void open(ForeignScanState *node, List *planned, Index relid, const TableShape &shape);

  AggregateKind kind() const { return kind_; }
  FigureSet figures() const { return figures_; }
  ColumnSet columns() const { return columns_; }
  bool counts_rows() const { return kind_ == AggregateKind::kRows || kind_ == AggregateKind::kAverage; }

  /// Whether rows of the bucket and item that the probe shows pass the filter (1), and the condition besides (2).
  int passes_now(Probe &probe) const {
    if (!probe.holds(filter_)) return 0;
    return probe.holds(condition_) ? 3 : 1;
  }

  /// The number of the argument's value now, of kBest.
  GroupKey &argument() { return *argument_; }
  const GroupKey &argument() const { return *argument_; }

  /// Takes figures of rows that pass as `passes` says. `best` is the number of the argument's value, `company` that of the company.
  void take(AggregateState &state, const WideCounters &figures, int passes, int best, int company);

  /// The result, in the current memory context.
  Datum result(const AggregateState &state, bool &is_null) const;

 private:
  Sum value_of(const WideCounters &figures) const;
  Datum numeric_of(Sum sum) const;

  AggregateKind kind_ = AggregateKind::kSum;
  bool is_money_ = false;
  int times_[kFigures] = {};
  FigureSet figures_ = 0;
  ColumnSet columns_ = 0;  // that filter, condition and argument name
  ExprState *filter_ = nullptr;
  ExprState *condition_ = nullptr;
  const Const *otherwise_ = nullptr;
  std::optional<GroupKey> argument_;
  Oid collation_ = InvalidOid;
  FmgrInfo comes_before_ = {};
};

}  // namespace reseller_report
