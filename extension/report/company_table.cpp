#include "report/company_table.hpp"

namespace reseller_report {
namespace {

constexpr Oid kTypes[] = {INT8OID, TEXTOID, BOOLOID, TEXTOID, TEXTOID};

}  // namespace

CompanyTable::CompanyTable()
    : table_("company", AccessShareLock, kTypes), scan_(table_, "company_pkey", 1, Tracking::kLikeAQuery) {}

const Datum *CompanyTable::find(std::int64_t company) {
  const Datum *values = nullptr;
  pg([&] {
    ScanKeyData key;
    ScanKeyInit(&key, kCompanyId + 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(company));
    scan_.seek(&key);
    TupleTableSlot *const slot = scan_.next();
    if (slot == nullptr) return;
    slot_getsomeattrs(slot, kCompanyCurrency + 1);
    values = slot->tts_values;
  });
  return values;
}

void CompanyTable::read_names(std::int64_t first, std::int64_t last, const Take &take) const {
  OwnIndexScan scan(table_, "company_pkey", 2, Tracking::kLikeAQuery);
  pg([&] {
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], kCompanyId + 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(first));
    ScanKeyInit(&keys[1], kCompanyId + 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(last));
    scan.seek(keys);
    scan.read(kCompanyName + 1, [&](const Datum *values) {
      take(values);
      return true;
    });
  });
}

}  // namespace reseller_report
