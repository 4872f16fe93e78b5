// Rows of reseller_report.company, by id.
#pragma once

#include <cstdint>

#include "server/own_table.hpp"

namespace reseller_report {

/// Columns of reseller_report.company; must match sql/company.sql.
enum CompanyColumn : int { kCompanyId, kCompanyName, kCompanyIsReseller, kCompanyZone, kCompanyCurrency };

/// Reads rows in the active snapshot by index, for which the server would plan longer than it would read. They are tracked.
class CompanyTable {
 public:
  CompanyTable();

  /// The columns of a company, until the next one is read; nullptr where there is none.
  const Datum *find(std::int64_t company);

 private:
  OwnTable table_;
  OwnIndexScan scan_;
};

}  // namespace reseller_report
