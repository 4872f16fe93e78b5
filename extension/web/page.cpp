// reseller_and_companies: the whole page as JSON.

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "report/request.hpp"
#include "report/sheet.hpp"
#include "server/query.hpp"
#include "server/row_writer.hpp"
#include "server/zone.hpp"
#include "web/json_text.hpp"

namespace reseller_report {
namespace {

/// What of the page is wanted.
struct PageRequest {
  Request request;
  bool has_expenses = false;
  std::vector<Service> services;
  std::string search;          ///< empty: all companies
  Datum pattern = 0;           ///< of their names, as ILIKE has it
  Oid collation = InvalidOid;  ///< of that comparison
  std::string order;           ///< the key of a column; empty: id
  bool descending = false;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  std::int64_t offset = 0;
};

// The columns of a section by number: id, name, then those of the sheet.
constexpr int kId = 0;
constexpr int kName = 1;
constexpr int kFirstFigure = 2;

struct Key {
  const char *name;
  const char *title;
  const char *type;
};

Key key_of(const Sheet &sheet, int column) {
  if (column == kId) return {"id", "Id", "id"};
  if (column == kName) return {"name", "Name", "text"};
  int const figure = column - kFirstFigure;
  const char *const type = sheet.is_money(figure) ? "money" : sheet.figure(figure) == Figure::kSeconds ? "seconds" : "count";
  return {sheet.name(figure), sheet.title(figure), type};
}

// The keys of all sections, each once.
std::vector<std::string> known_keys() {
  std::vector<std::string> keys = {"id", "name"};
  auto const add = [&](const char *name) {
    if (std::find(keys.begin(), keys.end(), name) == keys.end()) keys.emplace_back(name);
  };
  for (Service const service : kAllServices) {
    ReportShape const shape = report_shape(service);
    for (int i = 0; i < shape.column_count; i++) add(shape.columns[i].name);
  }
  add(kTotalPriceToTwin.name);
  add(kTotalPriceToReseller.name);
  return keys;
}

std::vector<Service> sections_argument(FunctionCallInfo fcinfo, int number) {
  if (PG_ARGISNULL(number)) return {std::begin(kAllServices), std::end(kAllServices)};
  std::vector<std::string> names;
  Datum *elements = nullptr;
  bool *nulls = nullptr;
  int count = 0;
  pg([&] { deconstruct_array(PG_GETARG_ARRAYTYPE_P(number), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count); });
  std::vector<Service> wanted;
  for (int i = 0; i < count; i++) {
    const char *name = "";
    if (!nulls[i]) pg([&] { name = TextDatumGetCString(elements[i]); });
    wanted.push_back(service_named(name));
  }
  std::vector<Service> services;
  for (Service const service : kAllServices)
    if (std::find(wanted.begin(), wanted.end(), service) != wanted.end()) services.push_back(service);
  return services;
}

// An integer that must not be negative; what stands for NULL.
std::int64_t amount_argument(FunctionCallInfo fcinfo, int number, const char *name, std::int64_t usual) {
  if (PG_ARGISNULL(number)) return usual;
  if (PG_GETARG_INT32(number) < 0) throw Error(sqlstate::kInvalidParameter, std::string(name) + " must not be negative");
  return PG_GETARG_INT32(number);
}

// The collation that names are compared by without regard to case: the database's, or Unicode's where that one knows no letters but
// those of ASCII, and Unicode's knows the database's encoding.
Oid collation_of_search() {
  Oid collation = DEFAULT_COLLATION_OID;
  if (!is_encoding_supported_by_icu(GetDatabaseEncoding())) return collation;
  // The provider "b", builtin, is there since PostgreSQL 17, and so is the column of its locale.
  query(
      "SELECT c.oid FROM pg_catalog.pg_collation c, pg_catalog.pg_database d"
      " WHERE c.collname = 'und-x-icu' AND c.collnamespace = 'pg_catalog'::regnamespace AND d.datname = current_database()"
      " AND (d.datlocprovider = 'c' AND d.datctype IN ('C', 'POSIX')"
      "   OR d.datlocprovider = 'b' AND pg_catalog.to_jsonb(d) ->> 'datlocale' = 'C')",
      SqlParameters{}, [&](const Datum *values, const bool *) { collation = DatumGetObjectId(values[0]); });
  return collation;
}

// The pattern of ILIKE for names that contain a text, whose every character stands for itself.
Datum pattern_containing(const std::string &search) {
  std::string pattern = "%";
  for (char const c : search) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  pattern += '%';
  Datum text = 0;
  pg([&] { text = CStringGetTextDatum(pattern.c_str()); });
  return text;
}

PageRequest page_request(FunctionCallInfo fcinfo) {
  PageRequest page;
  page.request = checked_request(fcinfo);
  page.has_expenses = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
  page.services = sections_argument(fcinfo, 4);
  page.search = text_argument(fcinfo, 5);
  if (!page.search.empty()) {
    page.pattern = pattern_containing(page.search);
    page.collation = collation_of_search();
  }
  if (!PG_ARGISNULL(6)) {
    std::string const order = text_argument(fcinfo, 6);
    page.descending = order.rfind('-', 0) == 0;
    page.order = order.substr(page.descending ? 1 : 0);
    std::vector<std::string> const known = known_keys();
    if (std::find(known.begin(), known.end(), page.order) == known.end()) throw_unknown("column", order, known);
  }
  page.limit = amount_argument(fcinfo, 7, "row_limit", page.limit);
  page.offset = amount_argument(fcinfo, 8, "row_offset", page.offset);
  return page;
}

/// Writes the page's sections.
class PageWriter {
 public:
  PageWriter(const PageRequest &page, const Dependents &dependents, JsonText &json)
      : page_(page), dependents_(dependents), json_(json) {
    for (int company = 0; company < static_cast<int>(dependents.ids.size()); company++)
      if (is_found(company)) found_.push_back(company);
  }

  void write_section(Service service) {
    Sheet const sheet(page_.request, service, dependents_);
    std::vector<int> companies;
    for (int const company : found_)
      if (!page_.has_expenses || sheet.has_expenses(company)) companies.push_back(company);
    sort(sheet, companies);
    int const columns = kFirstFigure + sheet.columns();
    json_.begin_object();
    json_.key("service");
    json_.string(service_name(service));
    json_.key("title");
    json_.string(service_title(service));
    json_.key("columns");
    json_.begin_array();
    for (int column = 0; column < columns; column++) write_key(key_of(sheet, column));
    json_.end_array();
    json_.key("rows");
    json_.begin_array();
    auto const count = static_cast<std::int64_t>(companies.size());
    std::int64_t const first = std::min(page_.offset, count);
    std::int64_t const end = first + std::min(page_.limit, count - first);
    for (std::int64_t i = first; i < end; i++) write_row(sheet, companies[static_cast<size_t>(i)]);
    json_.end_array();
    json_.key("row_count");
    json_.number(count);
    json_.key("totals");
    json_.begin_array();
    json_.null();
    json_.null();
    for (int column = 0; column < sheet.columns(); column++) write_total(sheet, column, companies);
    json_.end_array();
    json_.end_object();
  }

 private:
  std::string_view name(int company) const {
    auto const *const text = reinterpret_cast<const struct varlena *>(DatumGetPointer(dependents_.name(company)));
    return {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
  }

  bool is_found(int company) const {
    if (page_.search.empty() || std::to_string(dependents_.ids[static_cast<size_t>(company)]) == page_.search) return true;
    bool contains = false;
    pg([&] {
      contains = DatumGetBool(DirectFunctionCall2Coll(texticlike, page_.collation, dependents_.name(company), page_.pattern));
      CHECK_FOR_INTERRUPTS();
    });
    return contains;
  }

  // Companies come in order of id, and those that compare alike stay so.
  void sort(const Sheet &sheet, std::vector<int> &companies) {
    if (page_.order == "name") {
      sort_by(companies, name_ranks());
      return;
    }
    std::vector<Sum> values(dependents_.ids.size());
    if (page_.order == "id") std::copy(dependents_.ids.begin(), dependents_.ids.end(), values.begin());
    for (int column = 0; column < sheet.columns(); column++)
      if (page_.order == sheet.name(column))
        for (int const company : companies) values[static_cast<size_t>(company)] = sheet.value(column, company);
    sort_by(companies, values);
  }

  template <typename Value>
  void sort_by(std::vector<int> &companies, const std::vector<Value> &values) const {
    std::stable_sort(companies.begin(), companies.end(), [&](int a, int b) {
      return page_.descending ? values[static_cast<size_t>(b)] < values[static_cast<size_t>(a)]
                              : values[static_cast<size_t>(a)] < values[static_cast<size_t>(b)];
    });
  }

  // The place of each company's name in their order; the same for the same name.
  const std::vector<int> &name_ranks() {
    if (!ranks_.empty()) return ranks_;
    std::vector<int> sorted = found_;
    auto const compare = [&](int a, int b) {
      std::string_view const x = name(a);
      std::string_view const y = name(b);
      int order = 0;
      pg([&] {
        order = varstr_cmp(x.data(), static_cast<int>(x.size()), y.data(), static_cast<int>(y.size()), DEFAULT_COLLATION_OID);
      });
      return order;
    };
    std::stable_sort(sorted.begin(), sorted.end(), [&](int a, int b) { return compare(a, b) < 0; });
    ranks_.assign(dependents_.ids.size(), 0);
    for (size_t i = 1; i < sorted.size(); i++) {
      int const step = compare(sorted[i - 1], sorted[i]) < 0 ? 1 : 0;
      ranks_[static_cast<size_t>(sorted[i])] = ranks_[static_cast<size_t>(sorted[i - 1])] + step;
    }
    return ranks_;
  }

  void write_key(const Key &key) {
    json_.begin_object();
    json_.key("key");
    json_.string(key.name);
    json_.key("title");
    json_.string(key.title);
    json_.key("type");
    json_.string(key.type);
    json_.end_object();
  }

  void write_row(const Sheet &sheet, int company) {
    json_.begin_array();
    json_.number_in_string(sheet.id(company));
    json_.string(name(company));
    for (int column = 0; column < sheet.columns(); column++) {
      if (sheet.is_money(column))
        json_.money(sheet.value(column, company));
      else
        json_.number(sheet.count(column, company));
    }
    json_.end_array();
  }

  void write_total(const Sheet &sheet, int column, const std::vector<int> &companies) {
    Sum const total = std::accumulate(companies.begin(), companies.end(), Sum{0},
                                      [&](Sum sum, int company) { return sum + sheet.value(column, company); });
    if (sheet.is_money(column))
      json_.money(total);
    else
      json_.number(checked_count(total, [&] { return "the total of \"" + std::string(sheet.name(column)) + "\""; }));
  }

  const PageRequest &page_;
  const Dependents &dependents_;
  JsonText &json_;
  std::vector<int> found_;  // the positions of the companies that match the search
  std::vector<int> ranks_;
};

void write_head(const PageRequest &page, JsonText &json) {
  const Account &account = page.request.account;
  json.key("reseller");
  json.begin_object();
  json.key("id");
  json.number_in_string(page.request.reseller);
  json.key("name");
  json.string(account.name);
  json.key("time_zone");
  json.string(account.time_zone);
  json.key("currency");
  json.string(account.currency);
  json.end_object();
  Zone const zone(account.time_zone);
  json.key("period");
  json.begin_object();
  json.key("from");
  json.string(iso_of_time(page.request.period.from, zone));
  json.key("to");
  json.string(iso_of_time(page.request.period.to, zone));
  json.end_object();
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_reseller_and_companies) {
  PageRequest const page = page_request(fcinfo);
  Dependents const dependents = dependents_of(page.request.reseller, page.request.period);
  JsonText json;
  json.begin_object();
  write_head(page, json);
  json.key("sections");
  json.begin_array();
  PageWriter writer(page, dependents, json);
  for (Service const service : page.services) writer.write_section(service);
  json.end_array();
  json.end_object();
  const std::string &text = json.text();
  if (text.size() > MaxAllocSize - VARHDRSZ)
    throw Error(sqlstate::kTooLarge, "the page would be larger than a value can be", "Ask for fewer rows by row_limit.");
  Datum result = 0;
  pg([&] { result = PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size()))); });
  return result;
}

}  // namespace reseller_report
