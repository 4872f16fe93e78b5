#include "report/dependents.hpp"

#include <algorithm>
#include <tuple>

#include "report/company_table.hpp"
#include "server/acting_as.hpp"
#include "server/detoasted.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

// Ids are looked up in a table while it holds at most this many places for each dependent.
constexpr std::uint64_t kSparseIds = 32;

// Names are read from the first id to the last where that range has at most this many ids for each dependent. Names of others'
// companies in it are passed over.
constexpr std::uint64_t kDenseIds = 4;

// Up to this many dependencies are read by index one by one, and the names of their companies as well.
constexpr size_t kFew = 300;

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

// How many ids there are from the first to the last, less one.
std::uint64_t spread_of(const std::vector<std::int64_t> &ids) {
  return static_cast<std::uint64_t>(ids.back()) - static_cast<std::uint64_t>(ids.front());
}

void append_all(std::vector<Membership> memberships, const Range &period, Dependents &dependents) {
  auto const before = [](const Membership &a, const Membership &b) {
    return std::tie(a.company, a.during.from) < std::tie(b.company, b.during.from);
  };
  // Most often they are stored in that order.
  if (!std::is_sorted(memberships.begin(), memberships.end(), before)) std::sort(memberships.begin(), memberships.end(), before);
  for (const Membership &each : memberships)
    if (!intersection(each.during, period).empty()) dependents.append(each.company, each.during);
}

std::vector<Membership> many_memberships_on(std::int64_t reseller) {
  SqlParameters parameters;
  parameters.add_bigint(reseller);
  std::vector<Membership> found;
  query(dependencies_of_many, parameters, [&](const Datum *values, const bool *) {
    found.push_back({DatumGetInt64(values[0]), reseller, range_of(values[1])});
  });
  return found;
}

// Both return how many names there were.
size_t read_few_names(Dependents &dependents) {
  CompanyTable companies;
  size_t named = 0;
  for (size_t i = 0; i < dependents.ids.size(); i++) {
    const Datum *const found = companies.find(dependents.ids[i]);
    if (found == nullptr) continue;
    dependents.set_name(static_cast<int>(i), detoasted(found[kCompanyName]));
    named++;
  }
  return named;
}

size_t read_many_names(std::int64_t reseller, Dependents &dependents) {
  if (dependents.ids.empty()) return 0;
  bool const is_dense = spread_of(dependents.ids) / kDenseIds < dependents.ids.size();
  SqlParameters parameters;
  if (is_dense)
    parameters.add_bigint(dependents.ids.front()).add_bigint(dependents.ids.back());
  else
    parameters.add_bigint(reseller);
  size_t named = 0;
  query(is_dense ? names_between : names_of_many, parameters, [&](const Datum *values, const bool *) {
    int const position = dependents.position(DatumGetInt64(values[0]));
    if (position < 0) return;
    dependents.set_name(position, detoasted(values[1]));
    named++;
  });
  return named;
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

void Dependents::append(std::int64_t company, const Range &range) {
  if (ids.empty() || ids.back() != company) {
    ids.push_back(company);
    first_name.push_back(kNoName);
    first_during.push_back(during.size());
  }
  during.push_back(range);
  first_during.back() = during.size();
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
  Dependents dependents;
  size_t named = 0;
  if (std::optional<std::vector<Membership>> few =
          few_memberships_on(reseller, company, company ? std::numeric_limits<size_t>::max() : kFew)) {
    append_all(std::move(*few), period, dependents);
    dependents.index();
    named = read_few_names(dependents);
  } else {
    ActingAs const owner(extension_owner());
    append_all(many_memberships_on(reseller), period, dependents);
    dependents.index();
    named = read_many_names(reseller, dependents);
  }
  if (named < dependents.ids.size()) dependents.remove_nameless();
  return dependents;
}

}  // namespace reseller_report
