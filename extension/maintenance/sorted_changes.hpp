// Changes in the order in which summaries are set, in as much memory as maintenance_work_mem allows, and on disk beyond it.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/change.hpp"
#include "server/boundary.hpp"

struct Tuplesortstate;

namespace reseller_report {

/// Sorts changes of one source by reseller, day, item and quarter hour. Resellers are in the order in which they were added first.
/// Companies are in no order, and changes of one cell are not added up.
class SortedChanges {
 public:
  explicit SortedChanges(std::int64_t source);
  ~SortedChanges();
  SortedChanges(const SortedChanges &) = delete;
  SortedChanges &operator=(const SortedChanges &) = delete;

  void add(const Change &change);

  /// Call after the last add() and before the first next().
  void sort();
  bool next(Change &change);

  /// The resellers that have changes, in their order.
  const std::vector<std::int64_t> &resellers() const { return resellers_; }

 private:
  std::int64_t source_;
  std::vector<std::int64_t> resellers_;
  std::unordered_map<std::int64_t, std::int64_t> numbers_;  // the places of the resellers in that list
  MemoryContext context_ = nullptr;
  Tuplesortstate *sort_ = nullptr;
  TupleTableSlot *added_ = nullptr;
  TupleTableSlot *taken_ = nullptr;
};

}  // namespace reseller_report
