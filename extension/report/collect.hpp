// Collects the figures of a reseller's companies over a period, in one snapshot and exactly, in 128 bits. They come from summaries,
// by a signed cover of the period (core/period.hpp); from runs, pending deltas and the changes that this transaction has not
// flushed; and from raw rows where buckets do not reach.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/item.hpp"
#include "core/step_pieces.hpp"
#include "report/dependents.hpp"
#include "summary/summary.hpp"

namespace reseller_report {

/// What is asked: the usage of some services by a reseller's companies, over a period that is cut into steps.
struct Question {
  Question(std::int64_t its_reseller, std::vector<Service> its_services, const std::vector<Range> &its_steps,
           DependentsAtNeed its_dependents)
      : reseller(its_reseller),
        services(std::move(its_services)),
        places(services),
        steps(its_steps),
        dependents(std::move(its_dependents)) {}

  std::int64_t reseller;
  std::vector<Service> services;    ///< a report has one
  ItemPlaces places;                ///< of the items of these
  const std::vector<Range> &steps;  ///< in order of time, without overlap; none is empty. A report has one, its period
  DependentsAtNeed dependents;      ///< the companies of the whole period
};

/// What figures are added to. Steps and items are named by their places in the question.
class FigureSink {
 public:
  virtual ~FigureSink() = default;

  /// Forgets all that was added.
  virtual void clear() = 0;

  /// The figures of an item that are wanted; no others are read. Where none is, no summary row of the item is read.
  virtual FigureSet wanted(int item) const = 0;

  /// Whether usage of an item is asked for in a step. A source is read for the steps in which one of its items is asked for.
  virtual bool asks(int /*step*/, int /*item*/) const { return true; }

  /// Told of each summary row that is read, for EXPLAIN.
  virtual void row_was_read() {}

  /// Whether summary rows are wanted company by company, or their sums.
  virtual Detail detail() const = 0;

  /// The only company that matters, where there is just one.
  virtual std::optional<std::int64_t> only_company() const { return {}; }

  /// Whether figures of a company matter. Figures of other companies may be added all the same.
  virtual bool concerns(std::int64_t company) const = 0;

  /// Adds a summary row of the reseller, or packed changes in the form of one, which have neither item nor bucket and may hold a
  /// company several times in a row. It may hold companies that are none of the period's dependents, because a bucket may reach
  /// beyond the period. They may be added or passed over: over all rows and changes of a step their figures cancel to zero.
  virtual void add_row(int step, int item, const SummaryRow &row, int sign) = 0;

  /// Adds a change of what the reseller's summary rows hold of a company, or an event of the company.
  virtual void add(int step, int item, std::int64_t company, const Counters &counters, int sign) = 0;
};

/// Adds the usage that a question asks for.
void collect_figures(const Question &question, FigureSink &sink);

}  // namespace reseller_report
