// Evaluating expressions over the columns of a table before there are rows: only those columns have a value that an expression's
// subject knows.
#pragma once

#include "core/period.hpp"
#include "tables/plan.hpp"

namespace reseller_report {

class Probe {
 public:
  /// Inside pg(). Of a table of this shape; the memory of the query holds it.
  void open(ForeignScanState *node, const TableShape &shape);

  void set(Column column, Datum value) {
    if (int const place = shape_->place_of(column); place >= 0) {
      row_->tts_values[place] = value;
      row_->tts_isnull[place] = false;
    }
  }

  /// Inside pg(): the value of an expression; what it points to lives until the next one is asked for.
  Datum value_of(ExprState *expression, bool &is_null) {
    ResetExprContext(context_);
    context_->ecxt_scantuple = row_;
    return ExecEvalExprSwitchContext(expression, context_, &is_null);
  }

  /// Whether clauses hold; nullptr stands for none.
  bool holds(ExprState *clauses) {
    if (clauses == nullptr) return true;
    bool holds = false;
    pg([&] {
      ResetExprContext(context_);
      context_->ecxt_scantuple = row_;
      holds = ExecQual(clauses, context_);
    });
    return holds;
  }

 private:
  const TableShape *shape_ = nullptr;
  TupleTableSlot *row_ = nullptr;
  ExprContext *context_ = nullptr;
};

/// The clauses of a scan that are evaluated early.
struct EarlyStates {
  ExprState *of[kEarlySubjects];
  bool buckets_know_item;  ///< whether the clauses about buckets name the service or item

  ExprState *operator[](Subject subject) const { return of[static_cast<int>(subject)]; }
};

/// Inside pg(): from expressions as expressions_of() lists them.
EarlyStates early_states(ForeignScanState *node, List *expressions, Index relid, const TableShape &shape);

/// What the bounds say when the scan begins, with the parameters as they are then.
struct ScanBounds {
  bool is_empty = false;  ///< no row can be
  bool has_reseller = false;
  bool has_company = false;
  std::int64_t reseller = 0;
  std::int64_t company = 0;
  Range time = kAllTime;  ///< holds the beginnings of all buckets that can be; maybe of others, too
};

class BoundStates {
 public:
  /// Inside pg().
  void open(ForeignScanState *node, List *values, List *bounded);

  /// Reads the parameters now.
  ScanBounds evaluate(Probe &probe) const;

 private:
  struct Bound {
    Column column;
    int strategy;
    Oid type;
    ExprState *value;
  };

  Bound *bounds_ = nullptr;
  int count_ = 0;
};

}  // namespace reseller_report
