// The summary tables, one for each level. There is one row for each source, reseller, item and bucket. It holds arrays side by
// side: company_gaps, the sorted company ids as distances (the first from zero), and for each figure an array of one value for each
// company, or NULL where all of them are zero. Beside each array stands its sum over the companies, NULL where it does not fit 64
// bits. Rows are rewritten whole.
#pragma once

#include <optional>
#include <vector>

#include "core/change.hpp"
#include "server/boundary.hpp"
#include "server/own_table.hpp"

namespace reseller_report {

/// The table of a level.
const char *summary_table(Level level);

/// A set of figures, one bit for each.
using FigureSet = unsigned;
inline constexpr FigureSet kAllFigures = (1U << kFigures) - 1;
inline constexpr FigureSet figure_bit(Figure figure) { return 1U << static_cast<int>(figure); }

/// What is read of a row: its companies with their figures, or the sums over all of them, which need no arrays.
enum class Detail { kCompanies, kSums };

/// One row, unpacked; the arrays live until the next row is found. A figure that was not asked for or is all zero is null.
struct SummaryRow {
  Item item;
  Time bucket;
  int count;  ///< of the arrays; none are read where sums are
  const std::int64_t *companies;
  const std::int64_t *figures[kFigures];
  WideCounters sums;  ///< of the figures asked for, where sums are read

  /// The figures of the company at a position.
  Counters counters(int at) const {
    Counters found;
    for (int i = 0; i < kFigures; i++)
      if (figures[i] != nullptr) found.figure[i] = figures[i][at];
    return found;
  }
};

/// Memory that rows are unpacked into, for all readers of a report.
class RowMemory {
 public:
  RowMemory();
  ~RowMemory() { MemoryContextDelete(context_); }
  RowMemory(const RowMemory &) = delete;
  RowMemory &operator=(const RowMemory &) = delete;

  MemoryContext context() const { return context_; }

 private:
  MemoryContext context_ = nullptr;
};

/// Finds the rows of one level that a source and reseller have in a range of buckets, in the active snapshot, bucket by bucket. It
/// takes no predicate locks, and needs none: whoever changes a figure writes to usage_delta or dependency, and the conflict is
/// found there. Folds and merges change only where a figure is kept.
class SummaryReader {
 public:
  SummaryReader(Level level, const RowMemory &memory);

  void seek(const HolderKey &holder, const Range &buckets);

  /// Finds the next row, of which only item and bucket are known then.
  bool next(SummaryRow &row);

  /// Unpacks the row that was found.
  void read(SummaryRow &row, FigureSet figures, Detail detail = Detail::kCompanies);

  /// Rows without this company are read without figures, which are not unpacked then.
  void look_for(std::int64_t company) { looked_for_ = company; }

 private:
  OwnTable table_;
  OwnIndexScan scan_;
  MemoryContext context_;
  TupleTableSlot *found_ = nullptr;
  std::optional<std::int64_t> looked_for_;
};

/// A row while it is being changed: the merged columns.
struct SummaryMerge {
  std::vector<std::int64_t> companies;
  std::vector<std::int64_t> figures[kFigures];
  bool figure_changed[kFigures] = {};
  bool companies_changed = false;

  void append(std::int64_t company, const Counters &counters) {
    companies.push_back(company);
    for (int i = 0; i < kFigures; i++) figures[i].push_back(counters.figure[i]);
  }
};

/// A cell of a row: a company and its figures.
struct CompanyCounters {
  std::int64_t company;
  Counters counters;
};

/// Adds changes to rows of one level. Only a holder of the lease may. Call finish() at the end.
class SummaryWriter {
 public:
  explicit SummaryWriter(Level level);
  ~SummaryWriter();
  SummaryWriter(const SummaryWriter &) = delete;
  SummaryWriter &operator=(const SummaryWriter &) = delete;

  /// The changes of one row, consolidated. Arrays that do not change keep their stored form and cost no WAL.
  void apply(const Change *changes, std::size_t count, Overflows &overflows);

  /// Makes the row hold these cells and no others, with the sums that are theirs; without any, there is no row. They are in order
  /// of company. A row that is right already is not written.
  void set(const RowKey &key, const std::vector<CompanyCounters> &cells);
  void finish();

 private:
  HeapTuple find(const RowKey &key, SummaryRow &stored);
  void put(const RowKey &key, const SummaryMerge &merged, HeapTuple stored);
  void write(const RowKey &key, const SummaryMerge &merged, HeapTuple stored);

  OwnTable table_;
  Relation index_ = nullptr;
  RowStore rows_;
  TupleTableSlot *slot_ = nullptr;
  MemoryContext context_ = nullptr;
};

}  // namespace reseller_report
