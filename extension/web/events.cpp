// usage_events: the raw events behind a cell.

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <optional>

#include "report/dependents.hpp"
#include "report/request.hpp"
#include "server/query.hpp"
#include "server/row_writer.hpp"
#include "source/built_days.hpp"
#include "source/event_scan.hpp"
#include "source/leaf.hpp"
#include "web/json_text.hpp"

namespace reseller_report {
namespace {

/// A place in the order of the answer: events come by moment, source and key.
struct Position {
  std::string source;
  RowPlace place;
};

struct EventsRequest {
  Request request;
  std::int64_t company;
  Service service;
  std::optional<Item> item;
  std::int64_t limit;
  std::optional<Position> after;
};

[[noreturn]] void throw_no_position() {
  throw Error(sqlstate::kInvalidParameter, "after is not a position",
              "Give it the position of the last row of the page before, as usage_events returned it.");
}

// What write_position has written.
Position position_argument(FunctionCallInfo fcinfo, int number) {
  SqlParameters parameters;
  parameters.add(JSONBOID, PG_GETARG_DATUM(number));
  Position position = {};
  query(
      "SELECT j ->> 'at', j ->> 'source', CASE WHEN jsonb_typeof(j -> 'key') = 'array'"
      " THEN ARRAY(SELECT e FROM jsonb_array_elements_text(j -> 'key') WITH ORDINALITY AS k (e, n) ORDER BY n) END"
      " FROM (SELECT $1) AS p (j)",
      parameters, [&](const Datum *values, const bool *nulls) {
        if (nulls[0] || nulls[1] || nulls[2]) throw_no_position();
        std::string const at = text_of(values[0]);
        auto const parsed = std::from_chars(at.data(), at.data() + at.size(), position.place.moment);
        if (parsed.ec != std::errc() || parsed.ptr != at.data() + at.size() || !IS_VALID_TIMESTAMP(position.place.moment))
          throw_no_position();
        position.source = text_of(values[1]);
        Datum *elements = nullptr;
        bool *are_null = nullptr;
        int count = 0;
        pg([&] {
          deconstruct_array(DatumGetArrayTypeP(values[2]), TEXTOID, -1, false, TYPALIGN_INT, &elements, &are_null, &count);
        });
        for (int i = 0; i < count; i++) {
          if (are_null[i]) throw_no_position();
          position.place.key.push_back(text_of(elements[i]));
        }
      });
  return position;
}

Item item_named(Service service, const std::string &name) {
  std::vector<std::string> known;
  for (Item const item : items_of(service)) {
    known.emplace_back(item_name(item));
    if (name == known.back()) return item;
  }
  throw_unknown("item", name, known);
}

EventsRequest events_request(FunctionCallInfo fcinfo) {
  EventsRequest wanted = {checked_request(fcinfo, 3, {{1, "company_id"}, {2, "service"}}),
                          PG_GETARG_INT64(1),
                          {},
                          {},
                          std::numeric_limits<std::int64_t>::max(),
                          {}};
  wanted.service = service_named(text_argument(fcinfo, 2));
  if (!PG_ARGISNULL(5)) wanted.item = item_named(wanted.service, text_argument(fcinfo, 5));
  if (!PG_ARGISNULL(6)) {
    wanted.limit = PG_GETARG_INT32(6);
    if (wanted.limit < 0) throw Error(sqlstate::kInvalidParameter, "row_limit must not be negative");
  }
  if (!PG_ARGISNULL(7)) wanted.after = position_argument(fcinfo, 7);
  return wanted;
}

// The time of the period in which the company was the reseller's, in order.
std::vector<Range> ranges_of(const Dependents &dependents, const Range &period) {
  std::vector<Range> ranges;
  for (const Range &during : dependents.during) ranges.push_back(intersection(during, period));
  std::sort(ranges.begin(), ranges.end(), [](const Range &a, const Range &b) { return a.from < b.from; });
  return ranges;
}

// The parts of ranges from a moment on.
std::vector<Range> from_moment(const std::vector<Range> &ranges, Time moment) {
  std::vector<Range> rest;
  for (const Range &range : ranges)
    if (range.to > moment) rest.push_back({std::max(range.from, moment), range.to});
  return rest;
}

void require_raw_events(const Source &source, const std::vector<Range> &ranges) {
  if (std::none_of(ranges.begin(), ranges.end(), [&](const Range &range) { return range.from < source.horizon; })) return;
  std::string const moment = text_of_time(source.horizon);
  throw Error(sqlstate::kWrongState,
              "usage of table " + source.name + " before " + moment + " was pruned: its events are there from then on only",
              "Begin the period not before that moment. usage() and usage_series() answer for the time before.");
}

/// The events of all sources of the service, in order.
class EventMerge {
 public:
  EventMerge(const EventsRequest &wanted, const std::vector<Range> &ranges) : sources_(sources_of({wanted.service})) {
    // What is asked of the sources is checked before any row is read.
    for (const Source &source : sources_) {
      std::vector<Range> rest = ranges;
      std::optional<RowPlace> after;
      if (wanted.after) {
        int const order = source.name.compare(wanted.after->source);
        rest = from_moment(ranges, wanted.after->place.moment + (order < 0 ? 1 : 0));
        if (order == 0) after = wanted.after->place;
      }
      require_raw_events(source, rest);
      if (!unbuilt_marks(source.id).empty()) lock_what_came(source);
      scans_.push_back(
          std::make_unique<EventScan>(source, EventChoice{wanted.company, wanted.item, std::move(rest), std::move(after)}));
      if (wanted.after) scans_.back()->require_key();
    }
    std::sort(scans_.begin(), scans_.end(), [](const auto &a, const auto &b) { return a->source().name < b->source().name; });
  }

  /// The source of the event to come; nullptr when there is none.
  EventScan *next() {
    EventScan *first = nullptr;
    Time earliest = 0;
    for (const auto &scan : scans_) {
      const RowEvent *const event = scan->peek();
      if (event == nullptr || (first != nullptr && event->usage.occurred_at >= earliest)) continue;
      first = scan.get();
      earliest = event->usage.occurred_at;
    }
    return first;
  }

  void close() {
    for (const auto &scan : scans_) scan->close();
  }

 private:
  std::vector<Source> sources_;
  std::vector<std::unique_ptr<EventScan>> scans_;
};

Datum jsonb_of(const std::string &text) {
  Datum value = 0;
  pg([&] { value = DirectFunctionCall1(jsonb_in, CStringGetDatum(text.c_str())); });
  return value;
}

// All values are strings, which every client gives back as they are.
std::string position_of(const Source &source, const RowEvent &event) {
  JsonText json;
  json.begin_object();
  json.key("at");
  json.number_in_string(event.usage.occurred_at);
  json.key("source");
  json.string(source.name);
  json.key("key");
  return json.text() + event.place + "}";
}

void put_event(RowWriter &writer, const Source &source, const RowEvent &event) {
  const Usage &usage = event.usage;
  writer.put_text(source.name.c_str());
  writer.put(TimestampTzGetDatum(usage.occurred_at));
  writer.put_text(item_name(usage.item));
  writer.put(BoolGetDatum(usage.counters[Figure::kDelivered] > 0));
  writer.put(Int64GetDatum(usage.counters[Figure::kSeconds]));
  writer.put_money(usage.counters[Figure::kPriceTwin]);
  writer.put_money(usage.counters[Figure::kPriceReseller]);
  if (event.key.empty()) {
    writer.put_null();
    writer.put_null();
  } else {
    writer.put(jsonb_of(event.key));
    writer.put(jsonb_of(position_of(source, event)));
  }
  writer.end_row();
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_usage_events) {
  EventsRequest const wanted = events_request(fcinfo);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  Range const &period = wanted.request.period;
  Dependents const dependents = dependents_of(wanted.request.reseller, period, wanted.company);
  std::vector<Range> const ranges = ranges_of(dependents, period);
  if (ranges.empty()) return Datum{0};
  EventMerge events(wanted, ranges);
  RowWriter writer(fcinfo);
  for (std::int64_t left = wanted.limit; left > 0;) {
    EventScan *const scan = events.next();
    if (scan == nullptr) break;
    const RowEvent &event = *scan->peek();
    // A table of calls feeds both services of telephony.
    bool const is_wanted = service_of(event.usage.item) == wanted.service && (!wanted.item || event.usage.item == *wanted.item);
    if (is_wanted) {
      put_event(writer, scan->source(), event);
      left--;
    }
    scan->pop();
  }
  events.close();
  return Datum{0};
}

}  // namespace reseller_report
