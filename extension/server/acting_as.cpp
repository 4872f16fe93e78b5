#include "server/acting_as.hpp"

#include "server/relation.hpp"

namespace reseller_report {

TableOwner::TableOwner(Oid table, bool makes_tables) : role(owner_of(table)) {
  const char *role_name = nullptr;
  const char *schema_name = nullptr;
  bool may_use = false;
  bool may_create = true;
  pg([&] {
    Oid const schema = get_rel_namespace(table);
    may_use = object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK;
    if (makes_tables) may_create = object_aclcheck(NamespaceRelationId, schema, role, ACL_CREATE) == ACLCHECK_OK;
    role_name = quote_identifier(GetUserNameFromId(role, false));
    schema_name = quote_identifier(get_namespace_name(schema));
  });
  std::string const name = qualified_name(table);
  complaint = "usage table " + name + " cannot be used by its owner " + role_name + ": ";
  std::string const lacking = !may_use ? (may_create ? "USAGE" : "USAGE, CREATE") : !may_create ? "CREATE" : "";
  if (lacking.empty()) {
    hint = "GRANT SELECT ON " + name + " TO " + role_name + "; ALTER TABLE ... OWNER TO " + role_name +
           " for a partition that belongs to another role.";
  } else {
    hint = "GRANT " + lacking + " ON SCHEMA " + schema_name + " TO " + role_name + ".";
  }
}

void TableOwner::fail(const PgError &error) const {
  if (error.data->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE) throw error;
  throw Error(sqlstate::kWrongState, complaint + error.data->message, error.data->hint != nullptr ? error.data->hint : hint);
}

}  // namespace reseller_report
