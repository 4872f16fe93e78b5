// The quarter hours that the ends of a question's steps cut. What summaries, runs and deltas hold of such a quarter hour says which
// companies have events there: each event counts 1, so nothing cancels. So raw rows need be read of these companies alone, and none
// where there are no events.
#pragma once

#include <vector>

#include "report/collect.hpp"

namespace reseller_report {

/// Hands figures on to another sink. Cut quarter hours are read like further steps, numbered after those of the question; of them
/// it notes the companies that have events, and hands nothing on.
class CutQuarters : public FigureSink {
 public:
  /// `steps` is how many the question has. The sink must outlive it.
  CutQuarters(FigureSink &sink, std::size_t steps) : sink_(sink), steps_(static_cast<int>(steps)) {}

  /// The number of a further cut quarter hour.
  int add();

  /// The companies noted in a quarter hour, some of them maybe twice.
  struct Found {
    std::vector<std::int64_t> companies;
    bool unnamed = false;  ///< some events are known as a sum over companies only
  };
  const Found &found(int number) const { return found_[static_cast<std::size_t>(number - steps_)]; }

  bool empty() const { return found_.empty(); }

  void clear() override;
  bool asks(int step, int item) const override { return sink_.asks(step, item); }
  FigureSet wanted(int item) const override;
  void row_was_read() override { sink_.row_was_read(); }
  Detail detail() const override { return sink_.detail(); }
  std::optional<std::int64_t> only_company() const override { return sink_.only_company(); }
  bool concerns(std::int64_t company) const override { return sink_.concerns(company); }
  void add_row(int step, int item, const SummaryRow &row, int sign) override;
  void add(int step, int item, std::int64_t company, const Counters &counters, int sign) override;

 private:
  Found &of(int number) { return found_[static_cast<std::size_t>(number - steps_)]; }
  void note(const SummaryRow &row, Found &found) const;

  FigureSink &sink_;
  int steps_;
  std::vector<Found> found_;
};

}  // namespace reseller_report
