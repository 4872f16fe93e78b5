// The SQL that reads raw rows of a source, with its mapped columns first.
#pragma once

#include <string>

#include "server/query.hpp"
#include "source/registry.hpp"

namespace reseller_report {

/// How each mapped column is read from the rows that such a query returns, those of partitions included. Raises 55000 where the
/// table can no longer be read.
RowLayout layout_of_table(const Source &source);

/// The parts of the query `SELECT <columns> FROM <rows>`. A caller may append to both.
struct RawQuery {
  std::string columns;
  std::string moment;  ///< the column of the moment
  std::string rows;    ///< the table and the condition of the range
  SqlParameters parameters;

  /// Adds a moment as a parameter that compares with the column.
  void add_moment(Time bound);

  Oid moment_type;
  Time utc_offset;
};

/// The query for the rows whose moment lies in a range. Its first two parameters are the bounds of the range.
RawQuery raw_query(const Source &source, const RowLayout &layout, const Range &range);

}  // namespace reseller_report
