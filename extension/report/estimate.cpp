// How many rows the planner is told to expect of a function that returns a set, where the arguments are known when the query is
// planned. Otherwise the planner takes the ROWS of the function.
//
// EXPLAIN shows the estimate. So it tells of a reseller only to a role that may read it, and it is made of nothing but that
// reseller's own companies. Planning waits for no lock on its account. What is wrong with the arguments is left for the call to
// say.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <vector>

#include "core/item.hpp"
#include "core/step.hpp"
#include "report/access.hpp"
#include "server/expression.hpp"
#include "server/own_table.hpp"

extern "C" {
#include <catalog/pg_statistic.h>
#include <nodes/pathnodes.h>
#include <nodes/supportnodes.h>
#include <optimizer/optimizer.h>
}

namespace reseller_report {
namespace {

// Columns of reseller_report.dependency and of its index by reseller; must match sql/company.sql.
constexpr AttrNumber kReseller = 1;
constexpr int kCompanyOfIndex = 1;  // from 0

// So many dependencies are looked at to count companies. Where a reseller has more, the statistics are asked. Where they do not
// know of it, it is taken to have twice as many companies as were seen.
constexpr int kCounted = 100;

// So many grants are looked at for a role that may read by membership alone. Where its grant is not among them, it is told nothing.
constexpr int kGrants = 100;

bool needs_more_than_server(Node *node, void *context) {
  if (node == nullptr) return false;
  return calls_function_of_user(node) || walk_expression(node, needs_more_than_server, context);
}

/// The arguments of a call, as far as they are known.
class Call {
 public:
  explicit Call(const SupportRequestRows *request) : root_(request->root), node_(request->node) {}

  /// The value of an argument; nullptr where it is not known. Functions of the server, such as now(), are evaluated as for its own
  /// estimates.
  const Const *argument(int number) const {
    if (node_ == nullptr || !IsA(node_, FuncExpr)) return nullptr;
    List *const arguments = reinterpret_cast<const FuncExpr *>(node_)->args;
    if (number >= list_length(arguments)) return nullptr;
    auto *expression = static_cast<Node *>(list_nth(arguments, number));
    pg([&] {
      if (!IsA(expression, Const) && !needs_more_than_server(expression, nullptr))
        expression = estimate_expression_value(root_, expression);
    });
    return IsA(expression, Const) ? reinterpret_cast<const Const *>(expression) : nullptr;
  }

  /// The same, where it is not NULL.
  const Const *given(int number) const {
    const Const *const known = argument(number);
    return known != nullptr && !known->constisnull ? known : nullptr;
  }

  /// Says that another role may get another plan.
  void depends_on_role() const {
    if (root_ != nullptr) root_->glob->dependsOnRole = true;
  }

 private:
  PlannerInfo *root_;
  Node *node_;
};

std::int64_t integer_of(const Const *value) {
  return value->consttype == INT4OID ? DatumGetInt32(value->constvalue) : DatumGetInt64(value->constvalue);
}

/// Takes the lock that every report takes on these tables, unless it would have to wait for one.
bool lock_at_once(std::initializer_list<const char *> tables) {
  bool is_locked = true;
  for (const char *const table : tables) {
    Oid const relid = own_relation(table);
    pg([&] { is_locked = is_locked && OidIsValid(relid) && ConditionalLockRelationOid(relid, AccessShareLock); });
  }
  return is_locked;
}

/// The companies that the statistics know a reseller to have; nothing where it is not among the most common ones.
std::optional<double> companies_by_statistics(std::int64_t reseller) {
  Oid const relid = own_relation("dependency");
  double companies = -1;
  pg([&] {
    HeapTuple const table = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
    if (!HeapTupleIsValid(table)) return;
    double const rows = reinterpret_cast<Form_pg_class>(GETSTRUCT(table))->reltuples;
    ReleaseSysCache(table);
    HeapTuple const statistics =
        SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid), Int16GetDatum(kReseller), BoolGetDatum(false));
    if (!HeapTupleIsValid(statistics)) return;
    AttStatsSlot common;
    if (get_attstatsslot(&common, statistics, STATISTIC_KIND_MCV, InvalidOid, ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS)) {
      for (int i = 0; i < common.nvalues; i++)
        if (common.valuetype == INT8OID && DatumGetInt64(common.values[i]) == reseller) companies = rows * common.numbers[i];
      free_attstatsslot(&common);
    }
    ReleaseSysCache(statistics);
  });
  return companies < 0 ? std::nullopt : std::optional<double>(companies);
}

/// Inside pg(): the company in the entry of the index at which a scan stands.
Datum company_at(IndexScanDesc scan) {
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  index_deform_tuple(scan->xs_itup, scan->xs_itupdesc, values, nulls);
  return values[kCompanyOfIndex];
}

struct Counted {
  int companies;
  bool is_all;
};

/// Counts by the entries of the index, whether their rows are there yet, or still, or not.
Counted count_companies(std::int64_t reseller) {
  OwnTable const table("dependency", AccessShareLock);
  Oid const relid = own_relation("dependency_reseller_idx");
  int read = 0;
  int count = 0;
  pg([&] {
    Relation const index = index_open(relid, AccessShareLock);
    // No snapshot, so that a serializable transaction does not track what is read.
    IndexScanDesc const scan = index_beginscan(table.relation(), index, SnapshotAny, nullptr, 1, 0, SO_NONE);
    scan->xs_want_itup = true;
    ScanKeyData key;
    ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(reseller));
    index_rescan(scan, &key, 1, nullptr, 0);
    Datum last = 0;
    for (; read < kCounted && index_getnext_tid(scan, ForwardScanDirection) != nullptr; read++) {
      Datum const company = company_at(scan);
      if (read == 0 || company != last) count++;
      last = company;
    }
    index_endscan(scan);
    index_close(index, NoLock);
  });
  return {count, read < kCounted};
}

/// The companies of the reseller that a call names; nothing where it is not known, or is not the current role's to know.
std::optional<double> companies_of(const Call &call) {
  const Const *const reseller = call.given(0);
  if (reseller == nullptr) return std::nullopt;
  call.depends_on_role();
  std::int64_t const id = integer_of(reseller);
  if (!lock_at_once({"access", "dependency", "dependency_reseller_idx"}) || !may_read(id, kGrants)) return std::nullopt;
  Counted const counted = count_companies(id);
  if (counted.is_all) return counted.companies;
  return std::max<double>(counted.companies, companies_by_statistics(id).value_or(2 * counted.companies));
}

/// The position of the name that an argument gives; nothing where it is not known, or names nothing.
template <typename NameAt>
std::optional<int> position_of(const Const *name, int count, NameAt &&name_at) {
  const struct varlena *text = nullptr;
  pg([&] { text = PG_DETOAST_DATUM_PACKED(name->constvalue); });
  auto const length = static_cast<std::size_t>(VARSIZE_ANY_EXHDR(text));
  for (int i = 0; i < count; i++)
    if (strlen(name_at(i)) == length && memcmp(name_at(i), VARDATA_ANY(text), length) == 0) return i;
  return std::nullopt;
}

/// The services that an argument asks for.
std::optional<std::vector<Service>> services_of(const Call &call, int number) {
  const Const *const name = call.argument(number);
  if (name == nullptr) return std::nullopt;
  if (name->constisnull) return std::vector<Service>(std::begin(kAllServices), std::end(kAllServices));
  auto const position = position_of(name, kServices, [](int i) { return service_name(kAllServices[i]); });
  if (!position) return std::nullopt;
  return std::vector<Service>{kAllServices[*position]};
}

// How long a step is, taking one with another.
double length_of(Step step) {
  constexpr double kHour = 4.0 * kQuarterHour;
  constexpr double kYear = 365.2425 * 24 * kHour;
  switch (step) {
    case Step::kHour:
      return kHour;
    case Step::kDay:
      return 24 * kHour;
    case Step::kWeek:
      return 7 * 24 * kHour;
    case Step::kMonth:
      return kYear / 12;
    case Step::kQuarter:
      return kYear / 4;
    default:
      return kYear;
  }
}

/// Half of the companies are taken to have expenses, which is wrong by no more than twice where a quarter of them have.
std::optional<double> rows_of_report(const Call &call) {
  std::optional<double> const companies = companies_of(call);
  const Const *const has_expenses = call.given(3);
  return companies && has_expenses != nullptr && DatumGetBool(has_expenses->constvalue) ? *companies / 2 : companies;
}

/// A company is taken to use half of the items.
std::optional<double> rows_of_usage(const Call &call) {
  std::optional<std::vector<Service>> const services = services_of(call, 3);
  std::optional<double> const companies = services ? companies_of(call) : std::nullopt;
  if (!companies) return std::nullopt;
  int items = 0;
  for (Service const service : *services) items += items_of(service).count;
  return *companies * std::ceil(items / 2.0);
}

std::optional<double> rows_of_series(const Call &call) {
  const Const *const from = call.given(1);
  const Const *const to = call.given(2);
  const Const *const name = call.argument(3);
  std::optional<std::vector<Service>> const services = services_of(call, 4);
  if (from == nullptr || to == nullptr || name == nullptr || !services) return std::nullopt;
  std::optional<int> step = static_cast<int>(Step::kDay);
  if (!name->constisnull) step = position_of(name, kSteps, [](int i) { return step_name(static_cast<Step>(i)); });
  Range const period = {DatumGetTimestampTz(from->constvalue), DatumGetTimestampTz(to->constvalue)};
  if (!step || !is_finite(period.from) || !is_finite(period.to)) return std::nullopt;
  double const length = static_cast<double>(period.to) - static_cast<double>(period.from);
  // Months of 31 days and days of 25 hours are one step, too.
  double const steps = std::ceil(length / length_of(static_cast<Step>(*step)) - 0.1);
  return std::clamp(steps, 1.0, static_cast<double>(kMostSeriesSteps)) * static_cast<double>(services->size());
}

/// A page is taken to be full.
std::optional<double> rows_of_events(const Call &call) {
  const Const *const row_limit = call.given(6);
  return row_limit != nullptr ? std::optional<double>(integer_of(row_limit)) : std::nullopt;
}

// Answers the planner's request for the rows of a call; nullptr leaves it to the planner, as it does any other request.
template <typename RowsOf>
Datum estimate(FunctionCallInfo fcinfo, RowsOf &&rows_of) {
  auto *const node = reinterpret_cast<Node *>(PG_GETARG_POINTER(0));
  if (!IsA(node, SupportRequestRows)) return Datum{0};
  auto *const request = reinterpret_cast<SupportRequestRows *>(node);
  std::optional<double> const rows = rows_of(Call(request));
  if (!rows) return Datum{0};
  request->rows = std::max(*rows, 1.0);
  return PointerGetDatum(request);
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_report_rows) { return estimate(fcinfo, rows_of_report); }

RESELLER_REPORT_FUNCTION(reseller_report_usage_rows) { return estimate(fcinfo, rows_of_usage); }

RESELLER_REPORT_FUNCTION(reseller_report_usage_series_rows) { return estimate(fcinfo, rows_of_series); }

RESELLER_REPORT_FUNCTION(reseller_report_usage_events_rows) { return estimate(fcinfo, rows_of_events); }

}  // namespace reseller_report
