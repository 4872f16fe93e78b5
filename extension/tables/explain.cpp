#include "tables/explain.hpp"

#include "tables/group_plan.hpp"

extern "C" {
#include <rewrite/rewriteManip.h>
#include <utils/ruleutils.h>
}

namespace reseller_report {
namespace {

// Parameters that the executor sets are shown by their numbers. From PostgreSQL 17 on, the server would look for the plan that sets
// them, and there is none where an expression is shown alone.
bool show_by_number(Node *node, void *context) {
  if (node == nullptr) return false;
  if (IsA(node, Param)) reinterpret_cast<Param *>(node)->paramkind = PARAM_EXTERN;
  return walk_expression(node, show_by_number, context);
}

/// Shows expressions over the columns of a table as SQL.
class Shower {
 public:
  Shower(Oid table, Index relid) : context_(deparse_context_for(get_rel_name(table), table)), relid_(static_cast<int>(relid)) {}

  char *shown(const void *expression) const {
    auto *const copy = static_cast<Node *>(copyObjectImpl(expression));
    if (relid_ != 1) ChangeVarNodes(copy, relid_, 1, 0);
    show_by_number(copy, nullptr);
    return deparse_expression(copy, context_, false, false);
  }

  void add(StringInfo to, const char *separator, const List *expressions) const {
    for (int i = 0; i < list_length(expressions); i++)
      appendStringInfo(to, "%s%s", to->len > 0 ? separator : "", shown(list_nth(expressions, i)));
  }

 private:
  List *context_;
  int relid_;
};

}  // namespace

void explain_plan(const ForeignScan *plan, ExplainState *explain) {
  List *const grouping = grouping_in(plan);
  Index const relid = grouping != NIL ? static_cast<Index>(intVal(list_nth(grouping, kGroupRelation))) : plan->scan.scanrelid;
  const List *const expressions =
      grouping != NIL ? static_cast<List *>(list_nth(grouping, kGroupClauses)) : static_cast<List *>(plan->fdw_exprs);
  Shower const shower(table_in(plan), relid);
  if (grouping != NIL) {
    StringInfoData keys;
    initStringInfo(&keys);
    shower.add(&keys, ", ", static_cast<List *>(list_nth(grouping, kGroupKeys)));
    ExplainPropertyText("Groups in the Scan by", keys.len > 0 ? keys.data : "nothing", explain);
    ExplainPropertyText("Table", get_rel_name(table_in(plan)), explain);
  }
  StringInfoData clauses;
  initStringInfo(&clauses);
  for (int subject = 0; subject < kEarlySubjects; subject++)
    shower.add(&clauses, " AND ", static_cast<List *>(list_nth(expressions, subject)));
  if (clauses.len > 0) ExplainPropertyText("Chosen in the Scan by", clauses.data, explain);
}

}  // namespace reseller_report
