// Rows of reseller_report.company, by id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "server/own_table.hpp"

namespace reseller_report {

/// Columns of reseller_report.company; must match sql/company.sql.
enum CompanyColumn : int { kCompanyId, kCompanyName, kCompanyIsReseller, kCompanyZone, kCompanyCurrency };

/// Reads rows in the active snapshot. They are tracked. The server would plan a query of them longer than it takes to read a few.
class CompanyTable {
 public:
  CompanyTable();

  /// The columns of a company, until the next one is read; nullptr where there is none.
  const Datum *find(std::int64_t company);

  /// Runs inside pg(). The columns live until it returns.
  using Take = std::function<void(const Datum *columns)>;

  /// The ids and names of the companies from the first id to the last, in order of id.
  void read_names(std::int64_t first, std::int64_t last, const Take &take) const;

  /// The ids and names of all companies, in any order.
  void read_all_names(const Take &take) const { table_.read_whole(kCompanyName + 1, take); }

  /// Whether finding so many companies takes longer than reading all.
  bool is_sooner_whole(std::size_t companies) const { return table_.is_sooner_whole(companies); }

 private:
  OwnTable table_;
  OwnIndexScan scan_;
};

}  // namespace reseller_report
