#include "report/dependents.hpp"

#include <algorithm>
#include <tuple>

#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

// Ids are looked up in a table while it holds at most this many places for each dependent.
constexpr std::uint64_t kSparseIds = 32;

// Names of companies that are not the reseller's are read as well where ids are so dense that at most this many lie at each of his.
constexpr std::uint64_t kDenseIds = 4;

// Planning takes longer than the answer where dependents are few, so one plan serves all of these. OFFSET 0 has it find each name
// by its key: the plan is made for a reseller of average width, for whom a join may read all companies.
constexpr int kFew = 100;  // one less than the limit below
SavedQuery of_one = {
    "SELECT d.company_id, c.name, d.during FROM reseller_report.dependency d"
    " JOIN reseller_report.company c USING (company_id)"
    " WHERE d.reseller_id = $1 AND d.company_id = $2 ORDER BY lower(d.during)",
    Planning::kOnce};
SavedQuery of_few = {
    "SELECT d.company_id, c.name, d.during FROM reseller_report.dependency d, LATERAL (SELECT name FROM reseller_report.company"
    " WHERE company_id = d.company_id OFFSET 0) c WHERE d.reseller_id = $1 ORDER BY d.company_id LIMIT 101",
    Planning::kOnce};

// Of many, dependencies and names are read one after the other, in whatever order they are stored, and are put together here. A
// join in the order of ids takes twice as long. How to read them best depends on how many there are.
SavedQuery dependencies_of_many = {"SELECT company_id, during FROM reseller_report.dependency WHERE reseller_id = $1",
                                   Planning::kEachTime};
SavedQuery names_between = {"SELECT company_id, name FROM reseller_report.company WHERE company_id BETWEEN $1 AND $2",
                            Planning::kEachTime};
SavedQuery names_of_many = {
    "SELECT company_id, name FROM reseller_report.company"
    " WHERE company_id IN (SELECT company_id FROM reseller_report.dependency WHERE reseller_id = $1)",
    Planning::kEachTime};

struct Dependency {
  std::int64_t company;
  Range during;
};

// How many ids there are from the first to the last, less one.
std::uint64_t spread_of(const std::vector<std::int64_t> &ids) {
  return static_cast<std::uint64_t>(ids.back()) - static_cast<std::uint64_t>(ids.front());
}

const struct varlena *detoasted(Datum value) {
  auto const *text = reinterpret_cast<const struct varlena *>(DatumGetPointer(value));
  if (!VARATT_IS_SHORT(text)) pg([&] { text = PG_DETOAST_DATUM_PACKED(value); });
  return text;
}

// Reads at most kFew dependents; false where there are more.
bool read_few(SavedQuery &saved, const SqlParameters &parameters, const Range &period, Dependents &dependents) {
  int count = 0;
  query(saved, parameters, [&](const Datum *values, const bool *) {
    count++;
    Range const during = range_of(values[2]);
    if (intersection(during, period).empty()) return;
    if (dependents.append(DatumGetInt64(values[0]), during))
      dependents.set_name(static_cast<int>(dependents.ids.size()) - 1, detoasted(values[1]));
  });
  return count <= kFew;
}

void read_dependencies(const SqlParameters &parameters, const Range &period, Dependents &dependents) {
  std::vector<Dependency> all;
  query(dependencies_of_many, parameters, [&](const Datum *values, const bool *) {
    Dependency const read = {DatumGetInt64(values[0]), range_of(values[1])};
    if (!intersection(read.during, period).empty()) all.push_back(read);
  });
  auto const before = [](const Dependency &a, const Dependency &b) {
    return std::tie(a.company, a.during.from) < std::tie(b.company, b.during.from);
  };
  // Most often they are stored in that order.
  if (!std::is_sorted(all.begin(), all.end(), before)) std::sort(all.begin(), all.end(), before);
  for (const Dependency &each : all) dependents.append(each.company, each.during);
}

void read_names(const SqlParameters &reseller, Dependents &dependents) {
  if (dependents.ids.empty()) return;
  bool const is_dense = spread_of(dependents.ids) / kDenseIds < dependents.ids.size();
  SqlParameters between;
  between.add_bigint(dependents.ids.front()).add_bigint(dependents.ids.back());
  size_t named = 0;
  query(is_dense ? names_between : names_of_many, is_dense ? between : reseller, [&](const Datum *values, const bool *) {
    int const position = dependents.position(DatumGetInt64(values[0]));
    if (position < 0) return;
    dependents.set_name(position, detoasted(values[1]));
    named++;
  });
  if (named < dependents.ids.size()) dependents.remove_nameless();
}

}  // namespace

int Dependents::search(std::int64_t company) const {
  auto const found = std::lower_bound(ids.begin(), ids.end(), company);
  return found != ids.end() && *found == company ? static_cast<int>(found - ids.begin()) : -1;
}

int Dependents::position_at(std::int64_t company, Time moment) const {
  int const position = this->position(company);
  if (position < 0) return -1;
  auto const at = static_cast<size_t>(position);
  for (size_t i = first_during[at]; i < first_during[at + 1]; i++)
    if (during[i].contains(moment)) return position;
  return -1;
}

void Dependents::index() {
  if (ids.empty() || spread_of(ids) / kSparseIds >= ids.size()) return;
  first_id_ = ids.front();
  table_.assign(spread_of(ids) + 1, -1);
  for (size_t i = 0; i < ids.size(); i++) table_[static_cast<size_t>(ids[i] - first_id_)] = static_cast<int>(i);
}

bool Dependents::append(std::int64_t company, const Range &range) {
  bool const is_new = ids.empty() || ids.back() != company;
  if (is_new) {
    ids.push_back(company);
    first_name.push_back(kNoName);
    first_during.push_back(during.size());
  }
  during.push_back(range);
  first_during.back() = during.size();
  return is_new;
}

void Dependents::set_name(int position, const struct varlena *text) {
  // Aligned for those names whose stored form has a four-byte header.
  names.resize(INTALIGN(names.size()));
  first_name[static_cast<size_t>(position)] = names.size();
  auto const *const bytes = reinterpret_cast<const char *>(text);
  names.insert(names.end(), bytes, bytes + VARSIZE_ANY(text));
}

void Dependents::remove_nameless() {
  Dependents named;
  for (size_t i = 0; i < ids.size(); i++) {
    if (first_name[i] == kNoName) continue;
    for (size_t d = first_during[i]; d < first_during[i + 1]; d++) named.append(ids[i], during[d]);
    named.first_name.back() = first_name[i];
  }
  named.names = std::move(names);
  named.index();
  *this = std::move(named);
}

Dependents dependents_of(std::int64_t reseller, const Range &period, std::optional<std::int64_t> company) {
  SqlParameters parameters;
  parameters.add_bigint(reseller);
  if (company) parameters.add_bigint(*company);
  ActingAs const owner(extension_owner());
  Dependents dependents;
  if (!read_few(company ? of_one : of_few, parameters, period, dependents) && !company) {
    dependents = {};
    read_dependencies(parameters, period, dependents);
    dependents.index();
    read_names(parameters, dependents);
  } else {
    dependents.index();
  }
  return dependents;
}

}  // namespace reseller_report
