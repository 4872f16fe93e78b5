// What an expression over the columns of a table is about. That decides when a scan can evaluate it: once for a reseller, for an
// item, for a bucket of an item, for a company, or only for each row.
//
// All of this runs in the planner: inside pg(), and nothing here has a destructor.
#pragma once

#include "tables/planner.hpp"
#include "tables/table.hpp"

namespace reseller_report {

enum class Subject : int { kReseller, kItem, kBucket, kCompany, kRow };
inline constexpr int kEarlySubjects = 4;  ///< those of expressions that need no row

/// The columns of relation `relid` that an expression names; all where it names a whole row or a system column.
ColumnSet columns_in(const void *expression, Index relid, const TableShape &shape);

/// What an expression is about. An expression that is volatile, or calls anything but functions of the server itself, is about
/// rows: it is evaluated where and as often as the server would do it.
Subject subject_of(const void *expression, Index relid, const TableShape &shape);

/// A clause that bounds a column: `column <operator> value`, where the value needs no column of the relation.
struct ColumnBound {
  Column column;
  int strategy;  ///< of btree
  Expr *value;
};

/// Whether a clause bounds the reseller or the company by equality, or the time by any comparison.
bool find_bound(const void *clause, Index relid, const TableShape &shape, ColumnBound &bound);

}  // namespace reseller_report
