#include "web/corrections.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "report/company_table.hpp"
#include "report/dependents.hpp"
#include "server/acting_as.hpp"
#include "server/numeric.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "web/service_usage.hpp"

namespace reseller_report {
namespace {

struct Statement {
  std::int64_t id;
  std::int64_t number;
  Range period;
  bool is_in_force;
};

/// A company and the place of an item among all items: the order of usage().
using Place = std::pair<std::int64_t, int>;
constexpr Place kEnd = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<int>::max()};

/// What statements in force have corrected, by the number of the corrected one.
using Corrected = std::map<std::int64_t, std::map<Place, WideCounters>>;

int place_of_item(const Datum text) {
  auto const *const stored = reinterpret_cast<const struct varlena *>(DatumGetPointer(text));
  size_t const length = VARSIZE_ANY_EXHDR(stored);
  ItemList const all = all_items();
  for (int place = 0; place < all.count; place++) {
    const char *const name = item_name(all.items[place]);
    if (std::strlen(name) == length && std::memcmp(name, VARDATA_ANY(stored), length) == 0) return place;
  }
  throw Error(sqlstate::kInternal, "a line of a statement has an item that is not known: " + text_of(text));
}

// A numeric(38,6), whose digits fit a Sum. Most fit 64 bits and are read as they are stored.
Sum micros_of(Datum numeric) {
  std::int64_t narrow = 0;
  if (micros_of_numeric(numeric, narrow) == AmountCheck::kFine) return narrow;
  const char *text = nullptr;
  pg([&] { text = DatumGetCString(DirectFunctionCall1(numeric_out, numeric)); });
  bool const is_negative = *text == '-';
  Sum micros = 0;
  for (const char *at = text; *at != '\0'; at++)
    if (*at >= '0' && *at <= '9') micros = micros * 10 + (*at - '0');
  return is_negative ? -micros : micros;
}

// The five figures of a line, from the columns that begin at `values`.
WideCounters figures_of(const Datum *values) {
  WideCounters figures;
  for (int i = 0; i < kFigures; i++)
    figures.figure[i] = is_money(static_cast<Figure>(i)) ? micros_of(values[i]) : static_cast<Sum>(DatumGetInt64(values[i]));
  return figures;
}

std::vector<Statement> statements_of(std::int64_t reseller) {
  std::vector<Statement> statements;
  SqlParameters parameters;
  parameters.add_bigint(reseller);
  static SavedQuery all = {
      "SELECT s.id, s.number, s.period_from, s.period_to,"
      " NOT EXISTS (SELECT FROM reseller_report.statement_withdrawal w WHERE w.statement_id = s.id)"
      " FROM reseller_report.statement s WHERE s.reseller_id = $1 ORDER BY s.number",
      Planning::kOnce};
  query(all, parameters, [&](const Datum *values, const bool *) {
    statements.push_back({DatumGetInt64(values[0]),
                          DatumGetInt64(values[1]),
                          {DatumGetTimestampTz(values[2]), DatumGetTimestampTz(values[3])},
                          DatumGetBool(values[4])});
  });
  return statements;
}

Corrected corrected_by(const std::vector<Statement> &statements) {
  Corrected corrected;
  static SavedQuery of_statement = {
      "SELECT corrects, company_id, item, events, delivered, seconds, price_to_twin, price_to_reseller"
      " FROM reseller_report.statement_line WHERE statement_id = $1 AND corrects IS NOT NULL",
      Planning::kOnce};
  for (const Statement &statement : statements) {
    if (!statement.is_in_force) continue;
    SqlParameters parameters;
    parameters.add_bigint(statement.id);
    query(of_statement, parameters, [&](const Datum *values, const bool *) {
      Place const place = {DatumGetInt64(values[1]), place_of_item(values[2])};
      corrected[DatumGetInt64(values[0])][place].add(figures_of(values + 3), 1);
    });
  }
  return corrected;
}

/// What is true now over the period of a statement, place by place. Nothing where the statement was withdrawn.
class Now {
 public:
  Now(std::int64_t reseller, const Statement &statement) {
    if (!statement.is_in_force) return;
    dependents_ = dependents_of(reseller, statement.period);
    for (Service const service : kAllServices)
      usages_.push_back(std::make_unique<ServiceUsage>(reseller, statement.period, service, dependents_));
    seek();
  }
  Now(const Now &) = delete;
  Now &operator=(const Now &) = delete;

  const Place &place() const { return place_; }
  const WideCounters &figures() const { return figures_; }

  void next() {
    item_++;
    seek();
  }

  /// The name of a company, as a text; 0 where it is not among the dependents.
  Datum name(std::int64_t company) const {
    int const position = usages_.empty() ? -1 : dependents_.position(company);
    return position < 0 ? Datum{0} : dependents_.name(position);
  }

 private:
  // Goes on to the next place with any usage, this one included.
  void seek() {
    for (; company_ < dependents_.ids.size(); company_++, service_ = 0, item_ = 0, first_of_service_ = 0)
      for (; service_ < usages_.size(); first_of_service_ += usages_[service_]->items().count, service_++, item_ = 0)
        for (; item_ < usages_[service_]->items().count; item_++) {
          figures_ = usages_[service_]->of_item(item_, static_cast<int>(company_));
          if (figures_.is_zero()) continue;
          place_ = {dependents_.ids[company_], first_of_service_ + item_};
          return;
        }
    place_ = kEnd;
  }

  Dependents dependents_;
  std::vector<std::unique_ptr<ServiceUsage>> usages_;
  size_t company_ = 0;
  size_t service_ = 0;
  int item_ = 0;
  int first_of_service_ = 0;
  Place place_ = kEnd;
  WideCounters figures_;
};

/// Compares what one statement has billed with what is true now. Both come in order of place, and so do the rows of the answer.
class Comparison {
 public:
  Comparison(const std::function<void(const Correction &)> &each, std::int64_t reseller, const Statement &statement,
             const std::map<Place, WideCounters> &corrected)
      : each_(each),
        statement_(statement),
        now_(reseller, statement),
        corrected_(corrected.begin()),
        corrected_end_(corrected.end()) {}

  void run() {
    if (statement_.is_in_force) {
      SqlParameters parameters;
      parameters.add_bigint(statement_.id);
      static SavedQuery own_lines = {
          "SELECT company_id, item, events, delivered, seconds, price_to_twin, price_to_reseller"
          " FROM reseller_report.statement_line WHERE statement_id = $1 AND corrects IS NULL ORDER BY line",
          Planning::kOnce};
      query(own_lines, parameters, [&](const Datum *values, const bool *) { meet_line(values); });
    }
    compare_until(kEnd);
  }

 private:
  Place corrected_place() const { return corrected_ == corrected_end_ ? kEnd : corrected_->first; }

  void meet_line(const Datum *values) {
    Place const place = {DatumGetInt64(values[0]), place_of_item(values[1])};
    compare_until(place);
    compare(place, figures_of(values + 2));
  }

  // The places before `end`, which no line of the statement's own is of.
  void compare_until(const Place &end) {
    for (;;) {
      Place const place = std::min(now_.place(), corrected_place());
      if (!(place < end)) return;
      compare(place, {});
    }
  }

  void compare(const Place &place, WideCounters billed) {
    WideCounters true_now;
    if (corrected_place() == place) billed.add((corrected_++)->second, 1);
    if (now_.place() == place) {
      true_now = now_.figures();
      now_.next();
    }
    WideCounters difference = true_now;
    difference.add(billed, -1);
    if (difference.is_zero()) return;
    each_({statement_.id, statement_.number, place.first, name_of(place.first), all_items().items[place.second], billed, true_now,
           difference});
  }

  Datum name_of(std::int64_t company) const {
    if (Datum const name = now_.name(company)) return name;
    CompanyTable companies;
    const Datum *const found = companies.find(company);
    Datum copy = 0;
    pg([&] { copy = found != nullptr ? datumCopy(found[kCompanyName], false, -1) : CStringGetTextDatum(""); });
    return copy;
  }

  const std::function<void(const Correction &)> &each_;
  const Statement &statement_;
  Now now_;
  std::map<Place, WideCounters>::const_iterator corrected_;
  std::map<Place, WideCounters>::const_iterator corrected_end_;
};

}  // namespace

void each_correction(std::int64_t reseller, const std::function<void(const Correction &)> &each) {
  ActingAs const owner(extension_owner());
  std::vector<Statement> const statements = statements_of(reseller);
  Corrected corrected = corrected_by(statements);
  for (const Statement &statement : statements) Comparison(each, reseller, statement, corrected[statement.number]).run();
}

}  // namespace reseller_report
