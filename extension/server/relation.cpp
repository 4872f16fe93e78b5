#include "server/relation.hpp"

#include <algorithm>

namespace reseller_report {
namespace {

// Inside pg(): adds the tables that a table descends from directly, or those that descend from it directly. A partition that is
// being detached concurrently does not descend from it any more.
void add_relatives(std::vector<Oid> &family, Oid table, bool ancestors) {
  ScanKeyData key;
  ScanKeyInit(&key, ancestors ? Anum_pg_inherits_inhrelid : Anum_pg_inherits_inhparent, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(table));
  Relation const inherits = table_open(InheritsRelationId, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(inherits, ancestors ? InheritsRelidSeqnoIndexId : InheritsParentIndexId, true, nullptr, 1, &key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    auto const *const row = reinterpret_cast<const FormData_pg_inherits *>(GETSTRUCT(tuple));
    if (!ancestors && row->inhdetachpending) continue;
    Oid const relative = ancestors ? row->inhparent : row->inhrelid;
    if (std::find(family.begin(), family.end(), relative) == family.end()) family.push_back(relative);
  }
  systable_endscan(scan);
  table_close(inherits, AccessShareLock);
}

}  // namespace

bool is_locked_by_me(Oid table, LOCKMODE mode) {
  LOCKTAG lock;
  SET_LOCKTAG_RELATION(lock, MyDatabaseId, table);
  return LockHeldByMe(&lock, mode, false);
}

Oid owner_of(Oid table) {
  Oid owner = InvalidOid;
  pg([&] {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple))
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", table)));
    owner = (reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple)))->relowner;
    ReleaseSysCache(tuple);
  });
  return owner;
}

std::string quoted(const char *name) {
  const char *text = nullptr;
  pg([&] { text = quote_identifier(name); });
  return text;
}

std::string quoted_name(const char *schema, const char *name) {
  const char *text = nullptr;
  pg([&] { text = quote_qualified_identifier(schema, name); });
  return text;
}

std::string qualified_name(Oid table) {
  const char *name = nullptr;
  pg([&] { name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)), get_rel_name(table)); });
  return name;
}

std::string call_for(const char *function, const std::string &table) {
  const char *quoted = nullptr;
  pg([&] { quoted = quote_literal_cstr(table.c_str()); });
  return std::string("reseller_report.") + function + "(" + quoted + ")";
}

std::vector<Oid> family_of(Oid table) {
  std::vector<Oid> family = {table};
  for (std::size_t i = 0; i < family.size(); i++) pg([&] { add_relatives(family, family[i], false); });
  return family;
}

std::vector<Oid> family_and_ancestors_of(Oid table) {
  std::vector<Oid> family = family_of(table);
  std::vector<Oid> ancestors;
  pg([&] { add_relatives(ancestors, table, true); });
  for (std::size_t i = 0; i < ancestors.size(); i++) pg([&] { add_relatives(ancestors, ancestors[i], true); });
  family.insert(family.end(), ancestors.begin(), ancestors.end());
  return family;
}

RESELLER_REPORT_FUNCTION(reseller_report_has_relatives) { PG_RETURN_BOOL(family_and_ancestors_of(PG_GETARG_OID(0)).size() > 1); }

}  // namespace reseller_report
