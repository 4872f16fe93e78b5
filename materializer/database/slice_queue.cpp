#include "database/slice_queue.hpp"

#include <algorithm>
#include <iterator>

namespace materializer {

void SliceQueue::add(const std::vector<Slice> &slices) { waiting_.insert(waiting_.end(), slices.begin(), slices.end()); }

void SliceQueue::clear() {
  waiting_.clear();
  failed_.clear();
}

void SliceQueue::fail_next(const DatabaseError &error) {
  Slice const next = waiting_.front();
  waiting_.pop_front();
  failed_.push_back(next);
  if (error.is_about_rows()) return;
  auto const first_failed = std::stable_partition(waiting_.begin(), waiting_.end(),
                                                  [&](const Slice &slice) { return slice.table.oid != next.table.oid; });
  failed_.insert(failed_.end(), first_failed, waiting_.end());
  waiting_.erase(first_failed, waiting_.end());
}

void SliceQueue::defer_table() {
  std::string const oid = next().table.oid;
  std::stable_partition(waiting_.begin(), waiting_.end(), [&](const Slice &slice) { return slice.table.oid != oid; });
}

bool SliceQueue::holds(const Table &table) const {
  auto const is_of_table = [&](const Slice &slice) { return slice.table.oid == table.oid; };
  return std::any_of(waiting_.begin(), waiting_.end(), is_of_table) || std::any_of(failed_.begin(), failed_.end(), is_of_table);
}

}  // namespace materializer
