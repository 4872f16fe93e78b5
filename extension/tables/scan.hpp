// A scan of one of the tables, as the executor sees it, and what every kind of scan has: the plan's clauses and bounds, and the
// resellers and companies that they leave. It holds nothing open between calls, so that the transaction may end at any time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "report/dependents.hpp"
#include "server/acting_as.hpp"
#include "server/snapshot.hpp"
#include "tables/probe.hpp"
#include "tables/resellers.hpp"

namespace reseller_report {

/// What a scan is told by its plan.
struct ScanOrder {
  ForeignScanState *node;
  const TableShape *shape;
  Index relid;
  ColumnSet used;
  List *expressions;  ///< as expressions_of() lists them
  List *bounded;
};

class TableScan {
 public:
  explicit TableScan(const ScanOrder &order);
  virtual ~TableScan() = default;
  TableScan(const TableScan &) = delete;
  TableScan &operator=(const TableScan &) = delete;

  /// Stores the next row in an empty slot; leaves it empty when there is none.
  virtual void next(TupleTableSlot *slot) = 0;

  /// Has the next row be the first again, with the parameters as they are then.
  void restart() { is_begun_ = false; }

  /// Tells EXPLAIN ANALYZE how many summary rows were read.
  virtual std::int64_t summary_rows_read() const { return 0; }

 protected:
  /// True where the next row is the first. Then it has found the resellers, and next_reseller() goes to the first one.
  bool begin();

  /// Has next_reseller() go to the first one again.
  void rewind() { next_ = 0; }
  bool next_reseller();
  const ReadableReseller &reseller() const { return resellers_[next_ - 1]; }

  /// The companies of the reseller that the clauses leave, whenever they were its dependents.
  const Dependents &companies();
  bool has_company_clauses() const { return early_[Subject::kCompany] != nullptr; }

  bool is_used(Column column) const { return (used_ & column_bit(column)) != 0; }

  ForeignScanState *node_;
  const TableShape &shape_;
  Probe probe_;
  EarlyStates early_;
  ScanBounds bounds_;

 private:
  const Dependents &all_companies();
  void choose_companies(const Dependents &all);

  ColumnSet used_;
  BoundStates bound_states_;
  bool is_begun_ = false;
  std::optional<std::vector<ReadableReseller>> all_resellers_;
  std::vector<ReadableReseller> resellers_;
  std::size_t next_ = 0;
  std::optional<std::int64_t> known_reseller_;  // whose companies are known, where a scan begins anew
  Dependents known_companies_;
  Dependents chosen_companies_;
  const Dependents *companies_ = nullptr;
};

/// While it lives, work of ours sees the snapshot of the scan's query, has names in SQL mean the server's own objects, and uses
/// memory that goes with it.
class ScanWork {
 public:
  explicit ScanWork(const ForeignScanState *node);
  ~ScanWork();
  ScanWork(const ScanWork &) = delete;
  ScanWork &operator=(const ScanWork &) = delete;

 private:
  MemoryContext before_ = CurrentMemoryContext;
  MemoryContext context_ = nullptr;
  ActiveSnapshot snapshot_;
  PinnedSearchPath path_;
};

/// Scans of the tables, by kind.
std::unique_ptr<TableScan> scan_of_resellers(const ScanOrder &order);
std::unique_ptr<TableScan> scan_of_companies(const ScanOrder &order);
std::unique_ptr<TableScan> scan_of_usage(const ScanOrder &order);
std::unique_ptr<TableScan> scan_of_groups(const ScanOrder &order, List *grouping);

}  // namespace reseller_report
