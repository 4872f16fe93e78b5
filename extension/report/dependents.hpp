// The companies of a reseller, and when they were the reseller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/period.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// The companies with a dependency on a reseller that overlaps a period, in order of id. Packed: a reseller may have tens
/// of thousands, and every page of memory that a report touches costs.
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

  void append(std::int64_t company, const char *name, size_t name_size, const Range &range);

  /// Makes position() fast; called once, after the last append().
  void index();

 private:
  int search(std::int64_t company) const;

  // Ids are mostly dense, since one sequence gives them: then a table of positions, by distance from the first id.
  std::int64_t first_id_ = 0;
  std::vector<int> table_;
};

/// Reads them in the active snapshot; only one company where it is given.
Dependents dependents_of(std::int64_t reseller, const Range &period, std::optional<std::int64_t> company = {});

}  // namespace reseller_report
