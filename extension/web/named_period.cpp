// named_period: the periods that applications offer by name, and those to compare them with.

#include <algorithm>
#include <optional>

#include "report/request.hpp"
#include "server/row_writer.hpp"
#include "server/zone.hpp"

namespace reseller_report {
namespace {

/// A period by name: whole steps before the one under way, or that one as far as it has come.
struct NamedPeriod {
  const char *name;
  Step step;
  int steps;  ///< how many whole ones; 0: the one under way
};

constexpr NamedPeriod kNamedPeriods[] = {
    {"today", Step::kDay, 0},
    {"yesterday", Step::kDay, 1},
    {"this_week", Step::kWeek, 0},
    {"last_week", Step::kWeek, 1},
    {"this_month", Step::kMonth, 0},
    {"last_month", Step::kMonth, 1},
    {"this_quarter", Step::kQuarter, 0},
    {"last_quarter", Step::kQuarter, 1},
    {"this_year", Step::kYear, 0},
    {"last_year", Step::kYear, 1},
    {"last_7_days", Step::kDay, 7},
    {"last_30_days", Step::kDay, 30},
    {"last_90_days", Step::kDay, 90},
};

NamedPeriod period_named(const std::string &name) {
  std::vector<std::string> known;
  for (const NamedPeriod &period : kNamedPeriods) {
    known.emplace_back(period.name);
    if (name == known.back()) return period;
  }
  throw_unknown("period", name, known);
}

/// A period and the one to compare it with.
struct Comparison {
  Range period;
  Range previous;
};

Comparison under_way(Step step, Time at, const Zone &zone) {
  LocalTime const shown = zone.shown_at(at);
  LocalTime const start = step_start(step, shown);
  LocalTime const start_before = steps_after(step, start, -1);
  Time const from = zone.first_showing(start);
  Time const same_time_before = zone.first_showing(start_before + (shown - start));
  return {{from, at}, {zone.first_showing(start_before), std::min(from, same_time_before)}};
}

Comparison whole(Step step, int count, Time at, const Zone &zone) {
  LocalTime const end = step_start(step, zone.shown_at(at));
  auto const begin_of = [&](int steps_before) { return zone.first_showing(steps_after(step, end, -steps_before)); };
  return {{begin_of(count), begin_of(0)}, {begin_of(2 * count), begin_of(count)}};
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_named_period) {
  require_not_null(fcinfo, {0}, "reseller_id");
  require_not_null(fcinfo, {1}, "name");
  Account const account = checked_account(PG_GETARG_INT64(0));
  NamedPeriod const named = period_named(text_argument(fcinfo, 1));
  Time const at = PG_ARGISNULL(2) ? GetCurrentTransactionStartTimestamp() : PG_GETARG_TIMESTAMPTZ(2);
  if (!is_finite(at)) throw Error(sqlstate::kInvalidParameter, "at must be a finite moment");
  Zone const zone(account.time_zone);
  Comparison const found = named.steps > 0 ? whole(named.step, named.steps, at, zone) : under_way(named.step, at, zone);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  RowWriter writer(fcinfo);
  for (Time const bound : {found.period.from, found.period.to, found.previous.from, found.previous.to}) {
    if (!IS_VALID_TIMESTAMP(bound)) throw Error(sqlstate::kDatetimeOverflow, "the period is out of the range of timestamps");
    writer.put(TimestampTzGetDatum(bound));
  }
  writer.end_row();
  return Datum{0};
}

}  // namespace reseller_report
