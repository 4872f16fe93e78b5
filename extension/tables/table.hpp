// The tables that BI tools read: their names, what a row of each is of, and their columns. Each is a foreign table of the
// extension's own wrapper, and a view of the same columns shows it.
#pragma once

#include "core/usage.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// What a row of a table is of.
enum class TableKind : int { kResellers, kCompanies, kQuarterHours, kHours, kDays, kMonths };

inline constexpr bool is_of_usage(TableKind kind) { return kind >= TableKind::kQuarterHours; }

/// What columns hold. The figures come last, in the order of Figure.
enum class Column : int {
  kReseller,
  kCompany,
  kCompanyName,
  kService,
  kItem,
  kDate,  ///< the day or month
  kBucket,
  kName,
  kTimeZone,
  kCurrency,
  kSince,
  kUntil,
  kFirstFigure
};

/// A set of columns, one bit for each.
using ColumnSet = unsigned;
inline constexpr ColumnSet column_bit(Column column) { return 1U << static_cast<int>(column); }
inline constexpr ColumnSet kFigureColumns = ((1U << kFigures) - 1) << static_cast<int>(Column::kFirstFigure);

/// The place of a column among the figures; negative where it is none.
inline constexpr int figure_of(Column column) { return static_cast<int>(column) - static_cast<int>(Column::kFirstFigure); }

struct TableColumn {
  const char *name;
  Oid type;
  Column column;
};

struct TableShape {
  const char *name;
  const TableColumn *columns;
  TableKind kind;
  int column_count;

  /// The place of a column in rows, from 0 on; -1 where the table has no such column.
  int place_of(Column column) const {
    for (int i = 0; i < column_count; i++)
      if (columns[i].column == column) return i;
    return -1;
  }

  /// The column with an attribute number; nullptr for system columns and whole rows.
  const TableColumn *column_at(int attribute) const {
    return attribute >= 1 && attribute <= column_count ? &columns[attribute - 1] : nullptr;
  }
};

/// The shape of a foreign table. Raises 55000 where it is none of the extension's, or not as the extension made it.
const TableShape &shape_of(Relation table);
const TableShape &shape_of(Oid table);

}  // namespace reseller_report
