// The SQL that reads raw rows of a source, with its mapped columns first.
#pragma once

#include <string>

#include "server/query.hpp"
#include "source/registry.hpp"

namespace reseller_report {

/// The form of each mapped column in the result of such a query. A partitioned table and its leaves have the same. Raises 55000
/// where the table can no longer be read.
RowLayout layout_of_table(const Source &source);

/// `SELECT <columns> FROM <rows>` is the query.
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

/// Of the rows in a range. The first two parameters are its bounds.
RawQuery raw_query(const Source &source, const RowLayout &layout, const Range &range);

}  // namespace reseller_report
