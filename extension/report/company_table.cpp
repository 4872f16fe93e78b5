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

}  // namespace reseller_report
