// usage_series: usage by steps of a local clock.

#include <optional>

#include "report/request.hpp"
#include "report/step_sums.hpp"
#include "server/row_writer.hpp"
#include "server/zone.hpp"

namespace reseller_report {
namespace {

Step step_argument(FunctionCallInfo fcinfo, int number) {
  if (PG_ARGISNULL(number)) return Step::kDay;
  std::string const name = text_argument(fcinfo, number);
  std::vector<std::string> known;
  for (int step = 0; step < kSteps; step++) {
    known.emplace_back(step_name(static_cast<Step>(step)));
    if (name == known.back()) return static_cast<Step>(step);
  }
  throw_unknown("step", name, known);
}

Zone zone_argument(FunctionCallInfo fcinfo, int number, const Account &account) {
  if (PG_ARGISNULL(number)) return Zone(account.time_zone);
  std::string const name = text_argument(fcinfo, number);
  if (!is_zone_name(name)) throw_unknown_zone(name);
  return Zone(name);
}

/// The beginnings of steps, one after the other. Each step begins when the clock first shows its beginning.
class Beginnings {
 public:
  Beginnings(Step step, const Zone &zone, Time from)
      : step_(step), zone_(zone), at_(from), shown_(step_start(step, zone.shown_at(from))) {}

  /// The first one after the last one.
  Time next() {
    if (step_ == Step::kHour) return at_ = zone_.next_whole_hour(at_);
    Time begins = at_;
    // A day that the calendar skips would begin when the next one does.
    while (begins <= at_) {
      shown_ = steps_after(step_, shown_, 1);
      begins = zone_.first_showing(shown_);
    }
    return at_ = begins;
  }

 private:
  Step step_;
  const Zone &zone_;
  Time at_;
  LocalTime shown_;
};

std::vector<Range> steps_of(Step step, const Zone &zone, const Range &period) {
  if (!is_finite(period.from) || !is_finite(period.to))
    throw Error(sqlstate::kInvalidParameter, "a series needs a period that is finite",
                "totals() and usage() answer for a period without bounds.");
  std::vector<Range> steps;
  Beginnings beginnings(step, zone, period.from);
  for (Time from = period.from; from < period.to; from = steps.back().to) {
    if (steps.size() == kMostSeriesSteps)
      throw Error(sqlstate::kInvalidParameter, "the series has more than " + std::to_string(kMostSeriesSteps) + " steps",
                  "Choose a wider step or a shorter period.");
    steps.push_back({from, std::min(beginnings.next(), period.to)});
  }
  return steps;
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_usage_series) {
  Request const request = checked_request(fcinfo);
  Step const step = step_argument(fcinfo, 3);
  std::vector<Service> const services = services_argument(fcinfo, 4);
  std::optional<std::int64_t> company;
  if (!PG_ARGISNULL(5)) company = PG_GETARG_INT64(5);
  std::vector<Range> const steps = steps_of(step, zone_argument(fcinfo, 6, request.account), request.period);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  std::optional<Dependents> found;
  DependentsAtNeed const dependents([&]() -> const Dependents & {
    if (!found) found = dependents_of(request.reseller, request.period, company);
    return *found;
  });
  std::vector<StepSums> sums;
  for (Service const service : services) {
    sums.emplace_back(steps.size(), company);
    collect_figures({request.reseller, {service}, steps, dependents}, sums.back());
  }
  RowWriter writer(fcinfo);
  for (std::size_t i = 0; i < steps.size(); i++)
    for (std::size_t s = 0; s < services.size(); s++) {
      const char *const service = service_name(services[s]);
      writer.put(TimestampTzGetDatum(steps[i].from));
      writer.put(TimestampTzGetDatum(steps[i].to));
      writer.put_text(service);
      writer.put_figures(sums[s].get(i), [&] { return std::string("of service ") + service; });
      writer.end_row();
    }
  return Datum{0};
}

}  // namespace reseller_report
