// The lines of a statement, when it is issued.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/period.hpp"
#include "core/usage.hpp"

namespace reseller_report {

struct IssuedLines {
  std::string text;                         ///< what the hash is of, in the encoding of the database
  WideCounters total;                       ///< of all lines
  WideCounters corrections;                 ///< of those that correct other statements
  std::vector<std::int64_t> new_companies;  ///< whose first lines they are; the reseller, too, where it had no statement
};

/// Writes the lines of a statement: the usage of its period, then all open corrections, as the active snapshot sees them. Has
/// reseller_report.statement_company keep the companies of the lines.
IssuedLines write_lines(std::int64_t reseller, std::int64_t statement, const Range &period);

}  // namespace reseller_report
