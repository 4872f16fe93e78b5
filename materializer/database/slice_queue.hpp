// The slices of a rebuild: those that wait for their turn, and those that failed.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "database/extension.hpp"

namespace materializer {

class SliceQueue {
 public:
  void add(const std::vector<Slice> &slices);
  void clear();

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  const Slice &next() const { return waiting_.front(); }

  /// The next slice is built.
  void finish_next() { waiting_.pop_front(); }

  /// The next slice failed. Unless the error is about rows of this slice, the other slices of its table would fail, too, and count
  /// as failed.
  void fail_next(const DatabaseError &error);

  /// A slice, of whatever length, that was not in the queue and failed.
  void add_failed(const Slice &slice) { failed_.push_back(slice); }

  /// Lets the slices of all other tables go before those of the next slice's table.
  void defer_table();

  /// Whether a slice of this table waits or failed.
  bool holds(const Table &table) const;

  const std::deque<Slice> &waiting() const { return waiting_; }
  const std::deque<Slice> &failed() const { return failed_; }

 private:
  std::deque<Slice> waiting_;
  std::deque<Slice> failed_;
};

}  // namespace materializer
