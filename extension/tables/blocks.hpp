// Figures of many steps and items at once, by company or as totals: what rows and groups of a table are made of.
#pragma once

#include <unordered_map>
#include <vector>

#include "report/collect.hpp"

namespace reseller_report {

/// The figures of a company, named by its position among the dependents.
struct CompanyFigures {
  int company;
  WideCounters figures;
};

/// The figures of the companies of one step and item. While few companies have any they are kept as a log of what was added, else
/// as an array of all companies.
class CompanyCells {
 public:
  void add(int company, const Counters &counters, int sign, std::size_t companies) {
    if (sums_.empty()) {
      log_.push_back({company, sign, counters});
      if (log_.size() > companies / 8) spread(companies);
    } else {
      add_to_sums(company, counters, sign);
    }
  }

  /// Orders what was added; called once, before next().
  void finish();

  /// Of companies in order, those that have usage, from `at` on, which begins at 0; false when there is none.
  bool next(std::size_t &at, CompanyFigures &found) const;

  std::size_t memory() const {
    return log_.capacity() * sizeof(Entry) + (order_.capacity() + sums_.capacity()) * sizeof(std::int64_t);
  }

 private:
  struct Entry {
    int company;
    int sign;
    Counters counters;
  };

  void spread(std::size_t companies);
  void add_to_sums(int company, const Counters &counters, int sign);

  const Entry &entry(std::size_t at) const { return log_[order_.empty() ? at : order_[at] & kPlaces]; }

  static constexpr std::uint64_t kPlaces = 0xffffffff;

  std::vector<Entry> log_;
  // Companies with their places in the log, in order; none where the log is in order.
  std::vector<std::uint64_t> order_;
  // The low words of the sums, which seldom leave 64 bits, and high words where they do.
  std::vector<std::int64_t> sums_;
  std::unordered_map<std::size_t, std::int64_t> high_;
};

/// The blocks of some steps: for each step and item the figures of the companies, or their total.
class UsageBlocks : public FigureSink {
 public:
  /// What is asked next: of these dependents by company, or totals where there are none. `chosen` says for each step and item
  /// whether it is wanted at all. The arguments must outlive the asking.
  void ask(const Dependents *dependents, int items, const std::vector<char> &chosen, FigureSet figures);

  void clear() override;
  bool asks(int step, int item) const override { return (*chosen_)[block_of(step, item)] != 0; }
  FigureSet wanted(int item) const override { return item_chosen_[static_cast<std::size_t>(item)] != 0 ? figures_ : 0; }
  Detail detail() const override { return dependents_ != nullptr ? Detail::kCompanies : Detail::kSums; }
  std::optional<std::int64_t> only_company() const override {
    if (dependents_ == nullptr || dependents_->ids.size() != 1) return {};
    return dependents_->ids.front();
  }
  void row_was_read() override { rows_read_++; }
  /// Totals are of all that the reseller's rows hold: of a company that is no dependent any more it comes to nothing.
  bool concerns(std::int64_t company) const override { return dependents_ == nullptr || dependents_->position(company) >= 0; }
  void add_row(int step, int item, const SummaryRow &row, int sign) override;
  void add(int step, int item, std::int64_t company, const Counters &counters, int sign) override;

  /// Call it once all is added.
  void finish();

  std::size_t count() const { return chosen_->size(); }
  const CompanyCells &cells(std::size_t block) const { return cells_[block]; }
  const WideCounters &total(std::size_t block) const { return totals_[block]; }

  /// What the blocks take now.
  std::size_t memory() const;
  std::int64_t rows_read() const { return rows_read_; }

 private:
  std::size_t block_of(int step, int item) const {
    return static_cast<std::size_t>(step) * static_cast<std::size_t>(items_) + static_cast<std::size_t>(item);
  }

  const Dependents *dependents_ = nullptr;
  const std::vector<char> *chosen_ = nullptr;
  int items_ = 0;
  FigureSet figures_ = 0;
  std::vector<char> item_chosen_;
  std::vector<CompanyCells> cells_;
  std::vector<WideCounters> totals_;
  std::int64_t rows_read_ = 0;
};

}  // namespace reseller_report
