// The companies of a reseller, and when they were the reseller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/period.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// The companies with a dependency on a reseller that overlaps a period, in order of id. They lie in flat arrays: a reseller
/// may have tens of thousands, and every page of memory that a report touches costs.
class Dependents {
 public:
  std::vector<std::int64_t> ids;
  std::vector<size_t> first_name;          ///< where a company's name begins in names
  std::vector<char> names;                 ///< text values in their stored form
  std::vector<size_t> first_during = {0};  ///< where a company's dependencies begin in during; one more than ids
  std::vector<Range> during;

  /// The position of a company in ids, or -1. Call index() first.
  int position(std::int64_t company) const {
    auto const offset = static_cast<std::uint64_t>(company) - static_cast<std::uint64_t>(first_id_);
    if (offset < table_.size()) return table_[offset];
    return table_.empty() ? search(company) : -1;
  }

  /// The same, or -1 when the company is not the reseller's at that moment.
  int position_at(std::int64_t company, Time moment) const;

  Datum name(int position) const { return PointerGetDatum(names.data() + first_name[static_cast<size_t>(position)]); }

  /// Adds a dependency. They come in order of company.
  void append(std::int64_t company, const Range &range);

  /// Sets the name of a company to a text in its stored form.
  void set_name(int position, const struct varlena *text);

  /// Leaves out companies that got no name, as a join would: a subscriber may hold a dependency before its company.
  void remove_nameless();

  /// Makes position() fast; called once, after the last append().
  void index();

 private:
  static constexpr size_t kNoName = std::numeric_limits<size_t>::max();

  int search(std::int64_t company) const;

  // Ids are mostly dense, since one sequence gives them: then a table of positions, by distance from the first id.
  std::int64_t first_id_ = 0;
  std::vector<int> table_;
};

/// Dependents that are known, or that are read where they are needed first.
class DependentsAtNeed {
 public:
  DependentsAtNeed(const Dependents &known) : known_(&known) {}  // NOLINT(google-explicit-constructor): a question takes both
  explicit DependentsAtNeed(std::function<const Dependents &()> find) : find_(std::move(find)) {}

  const Dependents &get() const {
    if (known_ == nullptr) known_ = &find_();
    return *known_;
  }

  /// Whether there are none, as far as that is known.
  bool are_none() const { return known_ != nullptr && known_->ids.empty(); }

 private:
  mutable const Dependents *known_ = nullptr;
  std::function<const Dependents &()> find_;
};

/// Reads them in the active snapshot; only one company where it is given.
Dependents dependents_of(std::int64_t reseller, const Range &period, std::optional<std::int64_t> company = {});

}  // namespace reseller_report
