#include "source/member.hpp"

#include "server/relation.hpp"

namespace reseller_report {

bool fires_on_every_change(char kind, char persistence) {
  return kind != RELKIND_FOREIGN_TABLE && (kind == RELKIND_PARTITIONED_TABLE || persistence == RELPERSISTENCE_PERMANENT);
}

std::vector<Member> members_of(Oid root) {
  std::vector<Member> members;
  for (Oid const relid : family_of(root))
    pg([&] {
      HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
      if (!HeapTupleIsValid(tuple)) return;
      auto const *const row = reinterpret_cast<const FormData_pg_class *>(GETSTRUCT(tuple));
      // The trigger of a table is cloned to its partitions, but not to its inheritance children.
      bool const has_trigger_of_root = relid == root || row->relispartition;
      Member member = {relid, {}, row->relname, row->relkind, false};
      namestrcpy(&member.schema, get_namespace_name(row->relnamespace));
      member.can_be_captured = has_trigger_of_root && fires_on_every_change(row->relkind, row->relpersistence);
      ReleaseSysCache(tuple);
      members.push_back(member);
    });
  return members;
}

RESELLER_REPORT_FUNCTION(reseller_report_tree) {
  std::vector<Member> const members = members_of(PG_GETARG_OID(0));
  pg([&] {
    InitMaterializedSRF(fcinfo, 0);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    for (const Member &member : members) {
      Datum values[] = {ObjectIdGetDatum(member.relid), NameGetDatum(&member.schema), NameGetDatum(&member.table),
                        CharGetDatum(member.kind), BoolGetDatum(member.can_be_captured)};
      bool nulls[] = {false, false, false, false, false};
      tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
  });
  return Datum{0};
}

}  // namespace reseller_report
