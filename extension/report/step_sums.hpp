// One sum for each step and figure, over a service's items, and over all companies or of one.
#pragma once

#include <optional>
#include <vector>

#include "report/collect.hpp"

namespace reseller_report {

class StepSums : public FigureSink {
 public:
  /// Of one company where it is given, else of all that the reseller has.
  StepSums(std::size_t steps, std::optional<std::int64_t> company) : sums_(steps), company_(company) {}

  void clear() override { sums_.assign(sums_.size(), {}); }
  FigureSet wanted(int) const override { return kAllFigures; }
  Detail detail() const override { return company_ ? Detail::kCompanies : Detail::kSums; }
  std::optional<std::int64_t> only_company() const override { return company_; }
  bool concerns(std::int64_t company) const override { return !company_ || *company_ == company; }
  void add_row(int step, int item, const SummaryRow &row, int sign) override;
  void add(int step, int, std::int64_t company, const Counters &counters, int sign) override {
    if (concerns(company)) sums_[static_cast<size_t>(step)].add(counters, sign);
  }

  const WideCounters &get(std::size_t step) const { return sums_[step]; }

 private:
  std::vector<WideCounters> sums_;
  std::optional<std::int64_t> company_;
};

}  // namespace reseller_report
