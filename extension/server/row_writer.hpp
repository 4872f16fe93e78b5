// The rows that a set-returning function hands out.
#pragma once

#include "server/boundary.hpp"
#include "server/numeric.hpp"

namespace reseller_report {

/// A sum of counts as bigint; 22003 where it leaves 64 bits. `what()` names the figure.
template <typename What>
std::int64_t checked_count(Sum value, What &&what) {
  if (value != static_cast<Sum>(static_cast<std::int64_t>(value)))
    throw Error(sqlstate::kOutOfRange, what() + " exceeds the range of bigint");
  return static_cast<std::int64_t>(value);
}

/// One of the figures that are counts; 22003 where it leaves 64 bits. `whose()` says of whom it is.
template <typename Whose>
std::int64_t checked_figure(Figure figure, const WideCounters &figures, Whose &&whose) {
  return checked_count(figures[figure],
                       [&] { return "\"" + std::string(kFigureNames[static_cast<int>(figure)]) + "\" " + whose(); });
}

/// Fills rows column by column, after InitMaterializedSRF. What is put must live until the row ends.
class RowWriter {
 public:
  explicit RowWriter(FunctionCallInfo fcinfo) : result_(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo)) {}

  void put(Datum value) {
    nulls_[at_] = false;
    values_[at_++] = value;
  }
  void put_null() { nulls_[at_++] = true; }
  void put_money(Sum micros) {
    Datum const stored = money_[at_].set(micros);
    put(stored);
  }

  void put_text(const char *text) {
    Datum copy = 0;
    pg([&] { copy = CStringGetTextDatum(text); });
    put(copy);
  }

  /// The five figures, money last. `whose()` says in an error of whom they are.
  template <typename Whose>
  void put_figures(const WideCounters &figures, Whose &&whose) {
    for (int i = 0; i < kFigures; i++) put_figure(static_cast<Figure>(i), figures, whose);
  }

  /// One of them.
  template <typename Whose>
  void put_figure(Figure figure, const WideCounters &figures, Whose &&whose) {
    if (is_money(figure))
      put_money(figures[figure]);
    else
      put(Int64GetDatum(checked_figure(figure, figures, whose)));
  }

  void end_row() {
    pg([&] { tuplestore_putvalues(result_->setResult, result_->setDesc, values_, nulls_); });
    at_ = 0;
  }

 private:
  static constexpr int kMostColumns = 32;

  ReturnSetInfo *result_;
  int at_ = 0;
  StoredNumeric money_[kMostColumns] = {};
  Datum values_[kMostColumns] = {};
  bool nulls_[kMostColumns] = {};
};

}  // namespace reseller_report
