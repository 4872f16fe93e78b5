#include "tables/blocks.hpp"

#include <algorithm>

namespace reseller_report {
namespace {

// Up to this many companies are looked up in a row one by one.
constexpr std::size_t kFewCompanies = 16;

// Hands each company of a row that is among the dependents on: f(position among them, place in the row).
template <typename F>
void for_each_dependent(const Dependents &dependents, const SummaryRow &row, F &&f) {
  // To look one up takes about as long as to go through so many companies of the row.
  constexpr std::size_t kPassedOver = 4;
  if (dependents.ids.size() <= kFewCompanies && dependents.ids.size() * kPassedOver < static_cast<std::size_t>(row.count)) {
    const std::int64_t *const end = row.companies + row.count;
    for (std::size_t i = 0; i < dependents.ids.size(); i++) {
      const std::int64_t *found = std::lower_bound(row.companies, end, dependents.ids[i]);
      for (; found != end && *found == dependents.ids[i]; ++found) f(static_cast<int>(i), static_cast<int>(found - row.companies));
    }
    return;
  }
  for (int place = 0; place < row.count; place++)
    if (int const position = dependents.position(row.companies[place]); position >= 0) f(position, place);
}

}  // namespace

void CompanyCells::spread(std::size_t companies) {
  sums_.assign(companies * kFigures, 0);
  for (const Entry &entry : log_) add_to_sums(entry.company, entry.counters, entry.sign);
  std::vector<Entry>().swap(log_);
}

void CompanyCells::add_to_sums(int company, const Counters &counters, int sign) {
  std::size_t const first = static_cast<std::size_t>(company) * kFigures;
  for (int i = 0; i < kFigures; i++) {
    std::int64_t const value = counters.figure[i];
    std::int64_t &sum = sums_[first + static_cast<std::size_t>(i)];
    bool const wraps = sign > 0 ? __builtin_add_overflow(sum, value, &sum) : __builtin_sub_overflow(sum, value, &sum);
    if (wraps) high_[first + static_cast<std::size_t>(i)] += (value > 0) == (sign > 0) ? 1 : -1;
  }
}

void CompanyCells::finish() {
  auto const comes_before = [](const Entry &a, const Entry &b) { return a.company < b.company; };
  if (std::is_sorted(log_.begin(), log_.end(), comes_before)) return;
  order_.reserve(log_.size());
  for (const Entry &each : log_) order_.push_back(static_cast<std::uint64_t>(each.company) << 32 | order_.size());
  std::sort(order_.begin(), order_.end());
}

bool CompanyCells::next(std::size_t &at, CompanyFigures &found) const {
  while (at < log_.size()) {
    const Entry &first = entry(at);
    found.company = first.company;
    for (int i = 0; i < kFigures; i++) found.figures.figure[i] = static_cast<Sum>(first.sign) * first.counters.figure[i];
    while (++at < log_.size() && entry(at).company == found.company) found.figures.add(entry(at).counters, entry(at).sign);
    if (found.figures[Figure::kEvents] != 0) return true;
  }
  for (; at < sums_.size(); at += kFigures) {
    if (sums_[at] == 0 && high_.empty()) continue;
    found.company = static_cast<int>(at / kFigures);
    for (std::size_t i = 0; i < kFigures; i++) {
      found.figures.figure[i] = sums_[at + i];
      if (high_.empty()) continue;
      if (auto const high = high_.find(at + i); high != high_.end())
        found.figures.figure[i] += static_cast<Sum>(high->second) * (Sum{1} << 64);
    }
    if (found.figures[Figure::kEvents] == 0) continue;
    at += kFigures;
    return true;
  }
  return false;
}

void UsageBlocks::ask(const Dependents *dependents, int items, const std::vector<char> &chosen, FigureSet figures) {
  dependents_ = dependents;
  items_ = items;
  chosen_ = &chosen;
  figures_ = figures | figure_bit(Figure::kEvents);
  item_chosen_.assign(static_cast<std::size_t>(items), 0);
  for (std::size_t block = 0; block < chosen.size(); block++)
    if (chosen[block] != 0) item_chosen_[block % static_cast<std::size_t>(items)] = 1;
  clear();
}

void UsageBlocks::clear() {
  cells_.clear();
  totals_.clear();
  if (dependents_ != nullptr)
    cells_.resize(chosen_->size());
  else
    totals_.resize(chosen_->size());
}

void UsageBlocks::add_row(int step, int item, const SummaryRow &row, int sign) {
  std::size_t const block = block_of(step, item);
  if ((*chosen_)[block] == 0) return;
  if (dependents_ == nullptr) {
    totals_[block].add(row.sums, sign);
    return;
  }
  CompanyCells &cells = cells_[block];
  std::size_t const companies = dependents_->ids.size();
  for_each_dependent(*dependents_, row,
                     [&](int position, int place) { cells.add(position, row.counters(place), sign, companies); });
}

void UsageBlocks::add(int step, int item, std::int64_t company, const Counters &counters, int sign) {
  std::size_t const block = block_of(step, item);
  if ((*chosen_)[block] == 0) return;
  if (dependents_ == nullptr)
    totals_[block].add(counters, sign);
  else if (int const position = dependents_->position(company); position >= 0)
    cells_[block].add(position, counters, sign, dependents_->ids.size());
}

void UsageBlocks::finish() {
  for (CompanyCells &cells : cells_) cells.finish();
}

std::size_t UsageBlocks::memory() const {
  std::size_t memory = cells_.size() * sizeof(CompanyCells) + totals_.size() * sizeof(WideCounters);
  for (const CompanyCells &cells : cells_) memory += cells.memory();
  return memory;
}

}  // namespace reseller_report
