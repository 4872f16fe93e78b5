// Verify: raw usage against summary + pending, key by key in one snapshot, the levels of the summaries against each other, and the
// sums of their rows against the arrays.

#include <algorithm>
#include <set>
#include <tuple>

#include "maintenance/reconcile.hpp"
#include "source/built_days.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

constexpr const char *kLevelNames[kLevels] = {"quarter", "hour", "day", "month", "year"};

/// Hands the rows of verify to the server.
class DifferenceWriter {
 public:
  DifferenceWriter(FunctionCallInfo fcinfo, Service service, bool all_services)
      : result_(reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo)), service_(service), all_services_(all_services) {}

  // Writes a row for each figure in which two lists differ. Both are consolidated. Sums are over all companies.
  void compare(const Source &source, Level level, const std::vector<Change> &expected, const std::vector<Change> &held,
               bool sums = false) {
    auto left = expected.begin();
    auto right = held.begin();
    while (left != expected.end() || right != held.end()) {
      bool const has_left = left != expected.end() && (right == held.end() || !(*right < *left));
      bool const has_right = right != held.end() && (left == expected.end() || !(*left < *right));
      const Change &key = has_left ? *left : *right;
      write(source, level, key, has_left ? left->counters : Counters{}, has_right ? right->counters : Counters{}, sums);
      if (has_left) ++left;
      if (has_right) ++right;
    }
  }

 private:
  void write(const Source &source, Level level, const Change &key, const Counters &expected, const Counters &held, bool sums) {
    Service const service = service_of(key.item);
    if (!all_services_ && service != service_) return;
    for (int figure = 0; figure < kFigures; figure++) {
      if (expected.figure[figure] == held.figure[figure]) continue;
      pg([&] {
        bool const finest = level == Level::kQuarter;
        const char *const name = psprintf("%s%s%s%s", kFigureNames[figure], finest ? "" : " by ",
                                          finest ? "" : kLevelNames[static_cast<int>(level)], sums ? " of all companies" : "");
        Datum values[] = {ObjectIdGetDatum(source.relid),
                          Int64GetDatum(key.reseller),
                          Int64GetDatum(key.company),
                          CStringGetTextDatum(service_name(service)),
                          CStringGetTextDatum(item_name(key.item)),
                          TimestampTzGetDatum(key.bucket),
                          CStringGetTextDatum(name),
                          Int64GetDatum(expected.figure[figure]),
                          Int64GetDatum(held.figure[figure])};
        bool nulls[std::size(values)] = {false, false, sums};
        tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls);
      });
    }
  }

  ReturnSetInfo *result_;
  Service service_;
  bool all_services_;
};

/// The changes of a source that lie in a slice, from a list in order of time.
std::vector<Change> part_of(const std::vector<Change> &list, std::int64_t source, const Range &slice) {
  std::vector<Change> part;
  auto at = std::lower_bound(list.begin(), list.end(), slice.from, [](const Change &change, Time t) { return change.bucket < t; });
  for (; at != list.end() && at->bucket < slice.to; ++at)
    if (at->source == source) part.push_back(*at);
  return part;
}

// Sums beyond 64 bits, which merges set aside, cannot be compared here. Reports still count them. One warning for each company is
// enough, though each of its events may overflow again.
void warn_of(const Overflows &overflows) {
  std::set<long long> companies;
  for (const CellKey &overflow : overflows) companies.insert(overflow.company);
  for (long long const company : companies)
    pg([&] {
      ereport(WARNING, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                        errmsg("usage of company %lld was not verified: its sum exceeds 64 bits", company)));
    });
}

class Verification {
 public:
  Verification(DifferenceWriter &writer, std::vector<Change> pending) : writer_(writer), pending_(std::move(pending)) {
    std::sort(pending_.begin(), pending_.end(), [](const Change &a, const Change &b) { return a.bucket < b.bucket; });
  }

  void verify(const Source &source, const Range &period) {
    resellers_ = resellers_in_summaries(source.id);
    std::vector<Range> const slices = slices_of(source, widen(Level::kQuarter, period));
    Range days = {kInfinity, kMinusInfinity};  // those that may hold anything
    for (const Range &slice : slices) {
      for (const Range &part : answerable(source, intersection(slice, {source.horizon, kInfinity}))) compare_with_raw(source, part);
      for (Level const level : {Level::kHour, Level::kDay}) compare_levels(source, level, slice);
      compare_sums(source, Level::kQuarter, slice);
      RowSums const packed = packed_sums(source.id, resellers_, slice);
      writer_.compare(source, Level::kHour, packed.added_up, packed.stored, true);
      if (is_finite(slice.from) && is_finite(slice.to)) days = {std::min(days.from, slice.from), std::max(days.to, slice.to)};
      pg([] { CHECK_FOR_INTERRUPTS(); });
    }
    for (Level const level : {Level::kMonth, Level::kYear}) compare_wide_level(source, level, period, days);
  }

 private:
  void compare_with_raw(const Source &source, const Range &part) {
    if (part.empty()) return;
    Overflows overflows;
    std::vector<Change> raw = raw_changes(source, part, Whose::kResellers, overflows);
    // A partition that was attached meanwhile brought rows that are in no summary, and un-built its days. Only what is still built
    // is compared.
    if (std::vector<Range> const left = answerable(source, part); left.size() != 1 || !(left.front() == part)) {
      for (const Range &rest : left) compare_with_raw(source, rest);
      return;
    }
    std::vector<Change> held = stored_changes(Level::kQuarter, source.id, resellers_, part, Level::kQuarter);
    for (PackedTable const which : {PackedTable::kRuns, PackedTable::kDays}) {
      std::vector<Change> const packed = packed_changes(which, source.id, resellers_, part, Level::kQuarter);
      held.insert(held.end(), packed.begin(), packed.end());
    }
    std::vector<Change> const waiting = part_of(pending_, source.id, part);
    held.insert(held.end(), waiting.begin(), waiting.end());
    compare(source, Level::kQuarter, std::move(raw), std::move(held), overflows);
  }

  // Compares a level of months or years, bucket by bucket where there may be anything. So no more than a year of days is in memory
  // at once.
  void compare_wide_level(const Source &source, Level level, const Range &period, const Range &days) {
    if (days.empty()) {
      compare_levels(source, level, period);
      return;
    }
    Range const buckets = widen(level, days);
    for (Time bucket = buckets.from; bucket < buckets.to; bucket = next_bucket(level, bucket))
      compare_levels(source, level, {bucket, next_bucket(level, bucket)});
    for (const Range &rest : {Range{period.from, buckets.from}, Range{buckets.to, period.to}})
      if (!rest.empty()) compare_levels(source, level, rest);
  }

  void compare_levels(const Source &source, Level level, const Range &range) {
    Overflows overflows;
    auto const below = static_cast<Level>(static_cast<int>(level) - 1);
    Range const buckets = widen(level, range);
    std::vector<Change> expected = stored_changes(below, source.id, resellers_, buckets, level);
    if (level == Level::kMonth) {
      std::vector<Change> const packed = packed_changes(PackedTable::kDays, source.id, resellers_, buckets, level);
      expected.insert(expected.end(), packed.begin(), packed.end());
    }
    compare(source, level, std::move(expected), stored_changes(level, source.id, resellers_, buckets, level), overflows);
    compare_sums(source, level, buckets);
  }

  void compare_sums(const Source &source, Level level, const Range &buckets) {
    RowSums const sums = row_sums(level, source.id, resellers_, buckets);
    writer_.compare(source, level, sums.added_up, sums.stored, true);
  }

  void compare(const Source &source, Level level, std::vector<Change> expected, std::vector<Change> held, Overflows &overflows) {
    consolidate(expected, overflows);
    consolidate(held, overflows);
    auto const overflowed = [&](const Change &change) {
      return std::any_of(overflows.begin(), overflows.end(), [&](CellKey overflow) {
        overflow.reseller = change.reseller;
        return overflow == change;
      });
    };
    if (!overflows.empty()) {
      warn_of(overflows);
      expected.erase(std::remove_if(expected.begin(), expected.end(), overflowed), expected.end());
      held.erase(std::remove_if(held.begin(), held.end(), overflowed), held.end());
    }
    writer_.compare(source, level, expected, held);
  }

  DifferenceWriter &writer_;
  std::vector<Change> pending_;
  std::vector<std::int64_t> resellers_;
};

bool may_feed(const Source &source, Service service) {
  switch (source.mapping.feed) {
    case Feed::kTextMessaging:
      return service == Service::kTextMessaging;
    case Feed::kChat:
      return service == Service::kChat;
    case Feed::kBot:
      return service == Service::kBot;
    default:
      return service == Service::kTelephonyOutgoing || service == Service::kTelephonyIncoming;
  }
}

Service service_named(FunctionCallInfo fcinfo, int number) {
  const char *name = nullptr;
  pg([&] { name = text_to_cstring(PG_GETARG_TEXT_PP(number)); });
  for (int i = 0; i < kServices; i++)
    if (strcmp(service_name(static_cast<Service>(i)), name) == 0) return static_cast<Service>(i);
  std::string names;
  for (int i = 0; i < kServices; i++)
    names += std::string(i == 0 ? "" : i < kServices - 1 ? ", " : " and ") + service_name(static_cast<Service>(i));
  throw Error(sqlstate::kInvalidParameter, "service \"" + std::string(name) + "\" does not exist", "Services are " + names + ".");
}

Range required_period(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) throw Error(sqlstate::kNullNotAllowed, "the period must have two bounds");
  Range const period = {PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_TIMESTAMPTZ(1)};
  if (period.empty()) throw Error(sqlstate::kInvalidParameter, "the period must end after it begins");
  return period;
}

// Verifies the table `only`, or all where it is NULL.
void verify(FunctionCallInfo fcinfo, const Oid *only) {
  Range const period = required_period(fcinfo);
  require_dependencies_followed();
  bool const all_services = PG_ARGISNULL(2);
  Service const service = all_services ? Service::kBot : service_named(fcinfo, 2);
  pg([&] { InitMaterializedSRF(fcinfo, 0); });
  std::vector<Source> sources = only != nullptr ? sources_of_table(*only) : all_sources();
  auto const others = std::remove_if(sources.begin(), sources.end(),
                                     [&](const Source &source) { return !all_services && !may_feed(source, service); });
  sources.erase(others, sources.end());
  DifferenceWriter writer(fcinfo, service, all_services);
  Verification verification(writer, pending_changes(sources, Whose::kResellers));
  for (const Source &source : sources) verification.verify(source, period);
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_verify) {
  verify(fcinfo, nullptr);
  return Datum{0};
}

RESELLER_REPORT_FUNCTION(reseller_report_verify_source) {
  require_not_null(fcinfo, {3}, "source");
  Oid const table = PG_GETARG_OID(3);
  verify(fcinfo, &table);
  return Datum{0};
}

}  // namespace reseller_report
