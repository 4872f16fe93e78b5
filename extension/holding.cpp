#include "holding.hpp"

namespace reseller_report {

Range range_of(Datum stored) {
  RangeBound lower = {};
  RangeBound upper = {};
  pg([&] {
    RangeType *const range = DatumGetRangeTypeP(stored);
    bool empty = false;
    range_deserialize(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO), range, &lower, &upper, &empty);
  });
  return {lower.infinite ? kMinusInfinity : DatumGetTimestampTz(lower.val),
          upper.infinite ? kInfinity : DatumGetTimestampTz(upper.val)};
}

std::vector<Holding> holdings_of(std::vector<std::int64_t> companies) {
  std::vector<Holding> holdings;
  if (companies.empty()) return holdings;
  std::sort(companies.begin(), companies.end());
  companies.erase(std::unique(companies.begin(), companies.end()), companies.end());
  SqlParameters parameters;
  parameters.add_bigints(companies.data(), static_cast<int>(companies.size()));
  ActingAs const owner(extension_owner());
  query("SELECT company_id, reseller_id, during FROM reseller_report.dependency WHERE company_id = ANY ($1) ORDER BY company_id",
        parameters, [&](const Datum *values, const bool *) {
          holdings.push_back({DatumGetInt64(values[0]), DatumGetInt64(values[1]), range_of(values[2])});
        });
  return holdings;
}

}  // namespace reseller_report
