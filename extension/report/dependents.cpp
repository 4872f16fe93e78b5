#include "report/dependents.hpp"

#include <algorithm>

#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

// Ids are looked up in a table while it holds at most this many places for each dependent.
constexpr std::uint64_t kSparseIds = 32;

// Planning takes longer than the answer where dependents are few, so one plan serves all of these. OFFSET 0 has it find each name
// by its key: the plan is made for a reseller of average width, for whom a join may read all companies. How to read many depends on
// how many they are.
constexpr int kFew = 100;  // the limit below
SavedQuery of_one = {
    "SELECT d.company_id, c.name, d.during FROM reseller_report.dependency d"
    " JOIN reseller_report.company c USING (company_id)"
    " WHERE d.reseller_id = $1 AND d.company_id = $2 ORDER BY lower(d.during)",
    true};
SavedQuery of_few = {
    "SELECT d.company_id, c.name, d.during FROM reseller_report.dependency d, LATERAL (SELECT name FROM reseller_report.company"
    " WHERE company_id = d.company_id OFFSET 0) c WHERE d.reseller_id = $1 ORDER BY d.company_id LIMIT 100",
    true};
SavedQuery of_many = {
    "SELECT d.company_id, c.name, d.during FROM reseller_report.dependency d"
    " JOIN reseller_report.company c USING (company_id) WHERE d.reseller_id = $1 ORDER BY d.company_id"};

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
  if (ids.empty()) return;
  auto const spread = static_cast<std::uint64_t>(ids.back()) - static_cast<std::uint64_t>(ids.front());
  if (spread / kSparseIds >= ids.size()) return;
  first_id_ = ids.front();
  table_.assign(spread + 1, -1);
  for (size_t i = 0; i < ids.size(); i++) table_[static_cast<size_t>(ids[i] - first_id_)] = static_cast<int>(i);
}

void Dependents::append(std::int64_t company, const char *name, size_t name_size, const Range &range) {
  if (ids.empty() || ids.back() != company) {
    ids.push_back(company);
    first_during.push_back(during.size());
    // Aligned for those names whose stored form has a four-byte header.
    names.resize(INTALIGN(names.size()));
    first_name.push_back(names.size());
    names.insert(names.end(), name, name + name_size);
  }
  during.push_back(range);
  first_during.back() = during.size();
}

Dependents dependents_of(std::int64_t reseller, const Range &period, std::optional<std::int64_t> company) {
  Dependents dependents;
  SqlParameters parameters;
  parameters.add_bigint(reseller);
  if (company) parameters.add_bigint(*company);
  ActingAs const owner(extension_owner());
  int count = 0;
  auto const read = [&](SavedQuery &saved) {
    dependents = {};
    count = 0;
    query(saved, parameters, [&](const Datum *values, const bool *) {
      count++;
      Range const during = range_of(values[2]);
      if (intersection(during, period).empty()) return;
      const struct varlena *name = nullptr;
      pg([&] { name = PG_DETOAST_DATUM_PACKED(values[1]); });
      dependents.append(DatumGetInt64(values[0]), reinterpret_cast<const char *>(name), VARSIZE_ANY(name), during);
    });
  };
  if (company) {
    read(of_one);
  } else {
    read(of_few);
    if (count == kFew) read(of_many);
  }
  dependents.index();
  return dependents;
}

}  // namespace reseller_report
