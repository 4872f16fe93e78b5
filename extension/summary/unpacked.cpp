// Packed changes as rows, for whoever looks into usage_delta, usage_run and usage_packed by SQL.

#include "core/packing.hpp"
#include "server/boundary.hpp"

namespace reseller_report {
namespace {

constexpr int kColumns = 3 + kFigures;

void put_row(ReturnSetInfo *result, Item item, Time bucket, std::int64_t company, const Counters &counters) {
  Datum values[kColumns] = {Int16GetDatum(static_cast<int16>(item)), TimestampTzGetDatum(bucket), Int64GetDatum(company)};
  for (int i = 0; i < kFigures; i++) values[3 + i] = Int64GetDatum(counters.figure[i]);
  bool nulls[kColumns] = {};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace

RESELLER_REPORT_FUNCTION(reseller_report_unpacked) {
  const struct varlena *packed = nullptr;
  pg([&] {
    InitMaterializedSRF(fcinfo, 0);
    packed = PG_GETARG_VARLENA_PP(0);
  });
  auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  for_each_packed(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed), PG_GETARG_TIMESTAMPTZ(1),
                  [&](Item item, Time bucket, std::int64_t company, const Counters &counters) {
                    pg([&] { put_row(result, item, bucket, company, counters); });
                  });
  return Datum{0};
}

}  // namespace reseller_report
