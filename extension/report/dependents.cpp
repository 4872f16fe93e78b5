#include "report/dependents.hpp"

#include <algorithm>
#include <tuple>

#include "report/company_table.hpp"
#include "server/detoasted.hpp"
#include "summary/memberships.hpp"

namespace reseller_report {
namespace {

// Ids are looked up in a table while it holds at most this many places for each dependent.
constexpr std::uint64_t kSparseIds = 32;

// Names are read from the first id to the last where that range has at most this many ids for each dependent. Names of others'
// companies in it are passed over.
constexpr std::uint64_t kDenseIds = 4;

// Up to this many names are looked up without looking whether the report was cancelled.
constexpr size_t kUninterrupted = 256;

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

// Returns how many names there were.
size_t read_names(Dependents &dependents) {
  if (dependents.ids.empty()) return 0;
  CompanyTable companies;
  size_t named = 0;
  auto const take = [&](const Datum *columns) {
    int const position = dependents.position(DatumGetInt64(columns[kCompanyId]));
    if (position < 0) return;
    dependents.set_name(position, detoasted(columns[kCompanyName]));
    named++;
  };
  const std::vector<std::int64_t> &ids = dependents.ids;
  if (companies.is_sooner_whole(ids.size())) {
    companies.read_all_names(take);
  } else if (ids.size() > 1 && spread_of(ids) / kDenseIds < ids.size()) {
    companies.read_names(ids.front(), ids.back(), take);
  } else {
    for (size_t i = 0; i < ids.size(); i++) {
      // The server looks for a cancel where it reads a page after another, but not where it looks up a row.
      if (i % kUninterrupted == 0) pg([] { CHECK_FOR_INTERRUPTS(); });
      if (const Datum *const columns = companies.find(ids[i])) take(columns);
    }
  }
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
  append_all(memberships_on(reseller, company), period, dependents);
  dependents.index();
  size_t const named = read_names(dependents);
  if (named < dependents.ids.size()) dependents.remove_nameless();
  return dependents;
}

}  // namespace reseller_report
