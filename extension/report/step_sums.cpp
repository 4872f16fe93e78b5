#include "report/step_sums.hpp"

#include <algorithm>

namespace reseller_report {

void StepSums::add_row(int step, int, const SummaryRow &row, int sign) {
  WideCounters &sum = sums_[static_cast<size_t>(step)];
  if (!company_) {
    sum.add(row.sums, sign);
    return;
  }
  const std::int64_t *const end = row.companies + row.count;
  const std::int64_t *const found = std::lower_bound(row.companies, end, *company_);
  if (found != end && *found == *company_) sum.add(row.counters(static_cast<int>(found - row.companies)), sign);
}

}  // namespace reseller_report
