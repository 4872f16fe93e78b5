#include "source/leaf.hpp"

#include <algorithm>
#include <iterator>

#include "server/own_table.hpp"
#include "server/relation.hpp"
#include "source/location.hpp"
#include "source/own_rows.hpp"

extern "C" {
#include <catalog/pg_inherits.h>
}

namespace reseller_report {
namespace {

// Columns of reseller_report.source_leaf; must match sql/source.sql.
enum LeafColumn : int { kSource = 1, kSchemaName, kTableName, kLeafFrom, kLeafTo, kRelid };

// Inside pg().
RegisteredLeaf leaf_of(HeapTuple tuple, TupleDesc columns) {
  RegisteredLeaf leaf = {};
  leaf.source = DatumGetInt64(own_column(tuple, columns, kSource));
  namestrcpy(&leaf.schema, NameStr(*DatumGetName(own_column(tuple, columns, kSchemaName))));
  namestrcpy(&leaf.table, NameStr(*DatumGetName(own_column(tuple, columns, kTableName))));
  leaf.days.from = DatumGetTimestampTz(own_column(tuple, columns, kLeafFrom));
  leaf.days.to = DatumGetTimestampTz(own_column(tuple, columns, kLeafTo));
  leaf.relid = DatumGetObjectId(own_column(tuple, columns, kRelid));
  leaf.place = tuple->t_self;
  return leaf;
}

// The OIDs of a source's leaves, sorted. A leaf without a table in this database is left out.
std::vector<Oid> oids_of_leaves(std::int64_t source) {
  std::vector<Oid> oids;
  for (const RegisteredLeaf &leaf : registered_leaves(source))
    if (OidIsValid(leaf.relid)) oids.push_back(leaf.relid);
  std::sort(oids.begin(), oids.end());
  return oids;
}

// The OIDs of a table and of all its partitions and children, sorted. They are not locked.
std::vector<Oid> tables_of(Oid relid) {
  std::vector<Oid> tables;
  pg([&] {
    List *const found = find_all_inheritors(relid, NoLock, nullptr);
    for (int i = 0; i < list_length(found); i++) tables.push_back(list_nth_oid(found, i));
    list_free(found);
  });
  std::sort(tables.begin(), tables.end());
  return tables;
}

// Whether a partition, or one that it is a part of, waits for the end of a DETACH PARTITION ... CONCURRENTLY.
bool is_being_detached(Oid table) {
  bool pending = false;
  pg([&] {
    Relation const inherits = table_open(InheritsRelationId, AccessShareLock);
    for (Oid at = table; OidIsValid(at) && !pending;) {
      ScanKeyData key;
      ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(at));
      at = InvalidOid;
      SysScanDesc const scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
      HeapTuple const tuple = systable_getnext(scan);
      if (HeapTupleIsValid(tuple)) {
        auto const *const row = reinterpret_cast<const FormData_pg_inherits *>(GETSTRUCT(tuple));
        pending = row->inhdetachpending;
        at = row->inhparent;
      }
      systable_endscan(scan);
    }
    table_close(inherits, AccessShareLock);
  });
  return pending;
}

// Whether the registry has the tables that there are. A partition that is being detached concurrently may be on either side without
// the other. That does not matter, because its days are un-built.
bool agree(const std::vector<Oid> &registered, const std::vector<Oid> &tables) {
  std::vector<Oid> strange;
  if (registered == tables) return true;
  std::set_symmetric_difference(registered.begin(), registered.end(), tables.begin(), tables.end(), std::back_inserter(strange));
  return std::all_of(strange.begin(), strange.end(), is_being_detached);
}

}  // namespace

std::vector<RegisteredLeaf> registered_leaves(std::int64_t source) {
  std::vector<RegisteredLeaf> leaves;
  OwnTable const table("source_leaf", AccessShareLock);
  Oid const index = own_relation("source_leaf_pkey");
  pg([&] {
    for_each_own_row(table, index, source, [&](HeapTuple tuple) { leaves.push_back(leaf_of(tuple, table.tuple_desc())); });
  });
  return leaves;
}

std::vector<RegisteredLeaf> registered_leaves() {
  std::vector<RegisteredLeaf> leaves;
  OwnTable const table("source_leaf", AccessShareLock);
  pg([&] {
    SysScanDesc const scan = systable_beginscan(table.relation(), InvalidOid, false, nullptr, 0, nullptr);
    for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) leaves.push_back(leaf_of(tuple, table.tuple_desc()));
    systable_endscan(scan);
  });
  return leaves;
}

Oid table_of(const RegisteredLeaf &leaf) {
  if (!knows_leaves(leaf.source)) return table_named(NameStr(leaf.schema), NameStr(leaf.table));
  return is_there(leaf.relid) ? leaf.relid : InvalidOid;
}

std::vector<Leaf> leaves_of(const Source &source) {
  List *tables = NIL;
  pg([&] { tables = find_all_inheritors(source.relid, NoLock, nullptr); });
  std::vector<Leaf> leaves(static_cast<size_t>(list_length(tables)), Leaf{InvalidOid, kAllTime});
  for (size_t i = 0; i < leaves.size(); i++) leaves[i].relid = list_nth_oid(tables, static_cast<int>(i));
  for (const RegisteredLeaf &registered : registered_leaves(source.id))
    for (Leaf &leaf : leaves)
      if (leaf.relid == registered.relid) leaf.days = registered.days;
  return leaves;
}

void lock_what_came(const Source &source) {
  for (Oid const table : family_of(source.relid)) pg([&] { LockRelationOid(table, AccessShareLock); });
}

bool has_strangers(std::int64_t source, Oid relid) {
  if (!knows_leaves(source)) return false;
  // Registry and catalog are read one after the other, and another session may attach a partition in between. The next look then
  // finds them alike.
  constexpr int kLooks = 3;
  for (int look = 0; look < kLooks; look++)
    if (agree(oids_of_leaves(source), tables_of(relid))) return false;
  return true;
}

}  // namespace reseller_report
