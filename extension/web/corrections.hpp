// What statements of a reseller have billed, against what is true now.
#pragma once

#include <cstdint>
#include <functional>

#include "core/item.hpp"
#include "core/usage.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// What a statement has billed of a company and item, as issued and corrected since, where that is not what is true now.
struct Correction {
  std::int64_t statement;
  std::int64_t number;
  std::int64_t company;
  Datum company_name;  ///< a text
  Item item;
  WideCounters billed;
  WideCounters true_now;
  WideCounters difference;
};

/// Calls `each` for the open corrections of a reseller, in order of number, company and item. The caller has looked whether the
/// role may read the reseller.
void each_correction(std::int64_t reseller, const std::function<void(const Correction &)> &each);

}  // namespace reseller_report
