// A report before it is handed out: the value of each of its columns for each company.
#pragma once

#include <vector>

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
  int columns() const { return static_cast<int>(columns_.size()); }
  const char *name(int column) const { return at(column).its.name; }
  const char *title(int column) const { return at(column).its.title; }
  Figure figure(int column) const { return at(column).its.figure; }
  bool is_money(int column) const { return at(column).is_money; }

  Sum value(int column, int company) const {
    const Column &its = at(column);
    return its.narrow.empty() ? wide_value(its, company) : its.narrow[static_cast<size_t>(company)];
  }

  /// A value that is a count; 22003, which names column and company, where it leaves 64 bits.
  std::int64_t count(int column, int company) const {
    const Column &its = at(column);
    return its.narrow.empty() ? wide_count(column, company) : its.narrow[static_cast<size_t>(company)];
  }

 private:
  struct Column {
    ReportColumn its;
    bool is_money;
    std::vector<size_t> first;         // where the sums that it adds up begin, one for each of its items
    std::vector<std::int64_t> narrow;  // its values, where all of them fit in 64 bits; else empty
  };

  const Column &at(int column) const { return columns_[static_cast<size_t>(column)]; }
  void append(const ReportColumn &column);
  std::vector<std::int64_t> narrow_values(const std::vector<size_t> &first) const;
  Sum wide_value(const Column &column, int company) const;
  std::int64_t wide_count(int column, int company) const;

  const Dependents &dependents_;
  std::vector<FigureSet> wanted_;
  Totals totals_;
  std::vector<Column> columns_;
};

}  // namespace reseller_report
