// A report before it is handed out: the value of each of its columns for each company.
#pragma once

#include "report/request.hpp"
#include "report/totals.hpp"

namespace reseller_report {

class Sheet {
 public:
  /// Collects the figures of a service. The dependents must outlive it.
  Sheet(const Request &request, Service service, const Dependents &dependents);
  Sheet(const Sheet &) = delete;
  Sheet &operator=(const Sheet &) = delete;

  int companies() const { return static_cast<int>(dependents_.ids.size()); }
  std::int64_t id(int company) const { return dependents_.ids[static_cast<size_t>(company)]; }

  /// Whether the company has total_price_to_twin > 0.
  bool has_expenses(int company) const { return value(columns() - 2, company) > 0; }

  /// The columns after id and name, the two totals last.
  int columns() const { return shape_.column_count + 2; }
  const char *name(int column) const { return column_of(column).name; }
  const char *title(int column) const { return column_of(column).title; }
  Figure figure(int column) const { return column_of(column).figure; }
  bool is_money(int column) const { return reseller_report::is_money(figure(column)); }

  Sum value(int column, int company) const;

  /// A value that is a count; 22003, which names column and company, where it leaves 64 bits.
  std::int64_t count(int column, int company) const;

 private:
  ReportColumn column_of(int column) const;

  ReportShape shape_;
  const Dependents &dependents_;
  std::vector<FigureSet> wanted_;
  Totals totals_;
};

}  // namespace reseller_report
