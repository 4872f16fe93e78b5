// A key of groups: an expression, the values that it has had, and their numbers, by which groups are told apart.
#pragma once

#include <unordered_map>
#include <vector>

#include "tables/probe.hpp"

namespace reseller_report {

class GroupKey {
 public:
  /// Inside pg(). Values are told apart by an operator of equality that can hash; InvalidOid: by that of the type.
  void open(ForeignScanState *node, Expr *expression, Oid equality, Index relid, const TableShape &shape);

  /// The number of the value that the expression has now; `memory` holds the value.
  int number_now(Probe &probe, MemoryContext memory);

  Datum value(int number, bool &is_null) const {
    is_null = number == kNull;
    return is_null ? Datum{0} : values_[static_cast<std::size_t>(number)];
  }

  void clear() {
    numbers_.clear();
    values_.clear();
  }

  Subject subject() const { return subject_; }
  ColumnSet columns() const { return columns_; }

  static constexpr int kNull = -1;

 private:
  ExprState *state_ = nullptr;
  Subject subject_ = Subject::kRow;
  ColumnSet columns_ = 0;
  Oid collation_ = InvalidOid;
  std::int16_t length_ = 0;
  bool by_value_ = false;
  FmgrInfo hash_ = {};
  FmgrInfo equal_ = {};
  std::unordered_multimap<std::uint32_t, int> numbers_;  // by hash
  std::vector<Datum> values_;
};

/// Remembers a number for a bucket or an item, where it depends on nothing else.
class PerHead {
 public:
  explicit PerHead(ColumnSet columns)
      : names_item_((columns & (column_bit(Column::kService) | column_bit(Column::kItem))) != 0),
        names_bucket_((columns & (column_bit(Column::kDate) | column_bit(Column::kBucket))) != 0) {}

  bool names_item() const { return names_item_; }
  bool names_bucket() const { return names_bucket_; }

  /// Forgets, for another reseller.
  void clear() {
    of_item_.clear();
    is_known_ = false;
  }

  /// `is_new_bucket`: the bucket is another one than in the last call.
  template <typename F>
  int get(bool is_new_bucket, int item, F &&find) {
    if (!names_bucket_) {
      auto const known = of_item_.find(item);
      return known != of_item_.end() ? known->second : of_item_.emplace(item, find()).first->second;
    }
    if (names_item_ || is_new_bucket || !is_known_) {
      of_bucket_ = find();
      is_known_ = true;
    }
    return of_bucket_;
  }

 private:
  bool names_item_;
  bool names_bucket_;
  bool is_known_ = false;
  int of_bucket_ = 0;
  std::unordered_map<int, int> of_item_;
};

}  // namespace reseller_report
