#include "source/follow_leaves.hpp"

#include <algorithm>
#include <optional>

#include "server/query.hpp"
#include "server/relation.hpp"
#include "server/snapshot.hpp"
#include "source/built_days.hpp"
#include "source/location.hpp"
#include "source/member.hpp"
#include "source/own_rows.hpp"
#include "source/triggers.hpp"

namespace reseller_report {
namespace {

bool have_same_name(const RegisteredLeaf &leaf, const Member &member) {
  return strcmp(NameStr(leaf.schema), NameStr(member.schema)) == 0 && strcmp(NameStr(leaf.table), NameStr(member.table)) == 0;
}

void register_leaf(std::int64_t source, const Member &member, const Range &days) {
  SqlParameters parameters;
  parameters.add_bigint(source).add(NAMEOID, NameGetDatum(&member.schema)).add(NAMEOID, NameGetDatum(&member.table));
  parameters.add_time(days.from).add_time(days.to).add(OIDOID, ObjectIdGetDatum(member.relid));
  execute("INSERT INTO reseller_report.source_leaf VALUES ($1, $2, $3, $4, $5, $6)", parameters);
}

// The member that a leaf of the registry is now, where its name or OID has changed; NULL where the registry is right. Where the
// registry's OIDs are of this database, they decide. After a restore names decide, and an OID does only where no member has the
// leaf's name any more.
const Member *renamed(const RegisteredLeaf &leaf, const std::vector<Member> &members, bool knows_oids) {
  bool const name_is_taken =
      std::any_of(members.begin(), members.end(), [&](const Member &member) { return have_same_name(leaf, member); });
  for (const Member &member : members) {
    bool const has_name = have_same_name(leaf, member);
    bool const has_oid = leaf.relid == member.relid;
    if (has_name != has_oid && (knows_oids ? has_oid : has_name || !name_is_taken)) return &member;
  }
  return nullptr;
}

// Has all sessions learn the source anew, after this transaction's changes of the registry.
void tell_of_leaves(Oid root) {
  if (!is_there(root)) return;
  pg([&] { CacheInvalidateRelcacheByRelid(root); });
}

// All stale rows are deleted before any is inserted again, because two tables may have swapped their names. An UPDATE would not do:
// it would find only rows that the transaction's snapshot sees.
void follow_names(std::int64_t source, const std::vector<Member> &members) {
  bool const knows_oids = knows_leaves(source);
  std::vector<RegisteredLeaf> stale;
  std::vector<const Member *> fresh;
  for (const RegisteredLeaf &leaf : registered_leaves(source))
    if (const Member *const member = renamed(leaf, members, knows_oids); member != nullptr) {
      stale.push_back(leaf);
      fresh.push_back(member);
    }
  for (const RegisteredLeaf &leaf : stale) delete_own_row("source_leaf", leaf.place);
  for (size_t i = 0; i < stale.size(); i++) register_leaf(source, *fresh[i], stale[i].days);
}

void follow_gone(const RegistryRow &source, const RegisteredLeaf &leaf) {
  Oid const table = table_of(leaf);
  follow_rows(source, table, leaf.days, -1, quoted_name(NameStr(leaf.schema), NameStr(leaf.table)) + " is no longer a partition");
  delete_own_row("source_leaf", leaf.place);
  if (OidIsValid(table)) drop_truncate_trigger(table);
}

bool has_pages(Oid table) {
  bool has = false;
  pg([&] {
    Relation const relation = try_relation_open(table, AccessShareLock);
    if (relation == nullptr) return;
    has = RelationGetNumberOfBlocks(relation) > 0;
    relation_close(relation, AccessShareLock);
  });
  return has;
}

void follow_new(const RegistryRow &source, const Member &member, Leaves leaves) {
  Range const days = days_of_leaf(member.relid, source);
  register_leaf(source.id, member, days);
  std::string const name = quoted_name(NameStr(member.schema), NameStr(member.table));
  if (!member.can_be_captured) {
    unbuild(source.id, kAllTime, "writes to " + name + " are not captured");
    return;
  }
  require_truncate_trigger(member.relid);
  if (leaves == Leaves::kAsConnected || member.kind != RELKIND_RELATION) return;
  // Whether the table has pages decides, and not whether it has rows now. Rows that were deleted are still visible to older
  // snapshots.
  if (leaves == Leaves::kUnseen || has_pages(member.relid)) follow_rows(source, member.relid, days, 1, name + " came with rows");
}

}  // namespace

Range days_of_leaf(Oid leaf, const RegistryRow &source) {
  SqlParameters parameters;
  parameters.add(REGCLASSOID, ObjectIdGetDatum(leaf)).add(JSONBOID, JsonbPGetDatum(source.rules));
  Range days = kAllTime;
  ActiveSnapshot const snapshot(ActiveSnapshot::fresh());
  query("SELECT leaf_from, leaf_to FROM reseller_report._leaf_range($1, $2)", parameters, [&](const Datum *values, const bool *) {
    days = {DatumGetTimestampTz(values[0]), DatumGetTimestampTz(values[1])};
  });
  return days;
}

void follow_rows(const RegistryRow &source, Oid leaf, const Range &days, int sign, const std::string &reason) {
  unbuild(source.id, days, reason);
  bool holds_rows = false;
  pg([&] { holds_rows = OidIsValid(leaf) && get_rel_relkind(leaf) == RELKIND_RELATION; });
  if (days.from >= source.horizon || !holds_rows) return;
  SqlParameters parameters;
  parameters.add_bigint(source.id).add(REGCLASSOID, ObjectIdGetDatum(leaf)).add_time(source.horizon);
  parameters.add(INT4OID, Int32GetDatum(sign));
  execute("SELECT reseller_report._capture_rows($1, $2, $3, $4)", parameters);
}

void follow_leaves(std::int64_t source, Oid root, Leaves leaves) {
  std::optional<RegistryRow> const row = registry_now(source);
  if (!row) return;
  std::vector<Member> const members = members_of(root);
  follow_names(source, members);
  std::vector<RegisteredLeaf> const registered = registered_leaves(source);
  auto const is_member = [&](const RegisteredLeaf &leaf) {
    return std::any_of(members.begin(), members.end(), [&](const Member &member) { return member.relid == leaf.relid; });
  };
  auto const is_registered = [&](const Member &member) {
    return std::any_of(registered.begin(), registered.end(),
                       [&](const RegisteredLeaf &leaf) { return leaf.relid == member.relid; });
  };
  // Leaves that went are followed first, because a new one may have the name of one of them.
  for (const RegisteredLeaf &leaf : registered)
    if (!is_member(leaf)) follow_gone(*row, leaf);
  for (const Member &member : members)
    if (!is_registered(member)) follow_new(*row, member, leaves);
  note_table(source, root, true);
  tell_of_leaves(root);
}

RESELLER_REPORT_FUNCTION(reseller_report_follow_leaves) {
  follow_leaves(PG_GETARG_INT64(0), PG_GETARG_OID(1), Leaves::kAsConnected);
  PG_RETURN_VOID();
}

RESELLER_REPORT_FUNCTION(reseller_report_follow_leaf_names) {
  follow_names(PG_GETARG_INT64(0), members_of(PG_GETARG_OID(1)));
  tell_of_leaves(PG_GETARG_OID(1));
  PG_RETURN_VOID();
}

}  // namespace reseller_report
