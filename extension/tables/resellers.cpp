#include "tables/resellers.hpp"

#include "report/access.hpp"
#include "server/acting_as.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"

namespace reseller_report {
std::vector<ReadableReseller> readable_resellers(const std::int64_t *only) {
  std::vector<ReadableReseller> resellers;
  Readable const readable = readable_by(GetUserId());
  SqlParameters parameters;
  if (only != nullptr) parameters.add_bigint(*only);
  ActingAs const owner(extension_owner());
  static SavedQuery of_all = {
      "SELECT company_id, name, time_zone, currency FROM reseller_report.company WHERE is_reseller ORDER BY company_id",
      Planning::kOnce};
  static SavedQuery of_one = {
      "SELECT company_id, name, time_zone, currency FROM reseller_report.company WHERE is_reseller AND company_id = $1",
      Planning::kOnce};
  query(only != nullptr ? of_one : of_all, parameters, [&](const Datum *values, const bool *) {
    std::int64_t const id = DatumGetInt64(values[0]);
    if (readable.contains(id)) resellers.push_back({id, text_of(values[1]), text_of(values[2]), text_of(values[3])});
  });
  return resellers;
}

}  // namespace reseller_report
