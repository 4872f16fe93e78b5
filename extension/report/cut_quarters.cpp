#include "report/cut_quarters.hpp"

namespace reseller_report {

int CutQuarters::add() {
  found_.emplace_back();
  return steps_ + static_cast<int>(found_.size()) - 1;
}

void CutQuarters::clear() {
  sink_.clear();
  found_.clear();
}

FigureSet CutQuarters::wanted(int item) const {
  FigureSet const wanted = sink_.wanted(item);
  return wanted == 0 ? 0 : wanted | figure_bit(Figure::kEvents);
}

void CutQuarters::add_row(int step, int item, const SummaryRow &row, int sign) {
  if (step >= steps_) {
    note(row, of(step));
  } else if ((sink_.wanted(item) & figure_bit(Figure::kEvents)) != 0) {
    sink_.add_row(step, item, row, sign);
  } else {
    SummaryRow without_events = row;
    without_events.figures[static_cast<int>(Figure::kEvents)] = nullptr;
    without_events.sums.figure[static_cast<int>(Figure::kEvents)] = 0;
    sink_.add_row(step, item, without_events, sign);
  }
}

void CutQuarters::note(const SummaryRow &row, Found &found) const {
  if (detail() == Detail::kSums) {
    found.unnamed = found.unnamed || row.sums[Figure::kEvents] != 0;
    return;
  }
  const std::int64_t *const events = row.figures[static_cast<int>(Figure::kEvents)];
  if (events == nullptr) return;
  for (int i = 0; i < row.count; i++)
    if (events[i] != 0 && concerns(row.companies[i])) found.companies.push_back(row.companies[i]);
}

void CutQuarters::add(int step, int item, std::int64_t company, const Counters &counters, int sign) {
  if (step < steps_)
    sink_.add(step, item, company, counters, sign);
  else if (counters[Figure::kEvents] != 0)
    of(step).companies.push_back(company);
}

}  // namespace reseller_report
