#include "statement.hpp"

namespace reseller_report::statement {
namespace {

/// A statement that the executor is running, linked through the C stack.
struct Running {
  const QueryDesc *query;
  const Running *outer;
};

const Running *innermost = nullptr;
ExecutorRun_hook_type next_run = nullptr;
TimestampTz loaded_during = 0;

// Called for every statement, so it does no more than note a writing one. No C++ object lives here: errors jump past.
void run(QueryDesc *query, ScanDirection direction, uint64 count RESELLER_REPORT_EXECUTE_ONCE_PARAMETER) {
  bool const writes = query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE;
  Running const running = {query, innermost};
  if (writes) innermost = &running;
  PG_TRY();
  { (next_run != nullptr ? next_run : standard_ExecutorRun)(query, direction, count RESELLER_REPORT_EXECUTE_ONCE_ARGUMENT); }
  PG_FINALLY();
  { innermost = running.outer; }
  PG_END_TRY();
}

bool is_part_of(Oid relid, Oid root) {
  if (relid == root) return true;
  bool found = false;
  pg([&] { found = get_rel_relispartition(relid) && list_member_oid(get_partition_ancestors(relid), root); });
  return found;
}

}  // namespace

bool writes_to(Oid root) {
  for (const Running *running = innermost; running != nullptr; running = running->outer) {
    const PlannedStmt *const plan = running->query->plannedstmt;
    int const targets = list_length(plan->resultRelations);
    for (int i = 0; i < targets; i++) {
      auto const *const target =
          static_cast<const RangeTblEntry *>(list_nth(plan->rtable, list_nth_int(plan->resultRelations, i) - 1));
      if (is_part_of(target->relid, root)) return true;
    }
  }
  return false;
}

bool may_write_unseen(Oid root) {
  if (loaded_during != GetCurrentStatementStartTimestamp() || !TransactionIdIsValid(GetTopTransactionIdIfAny())) return false;
  bool locked = false;
  pg([&] {
    List *const tables = find_all_inheritors(root, NoLock, nullptr);
    int const count = list_length(tables);
    for (int i = 0; i < count && !locked; i++) {
      Relation const table = try_relation_open(list_nth_oid(tables, i), AccessShareLock);
      if (table == nullptr) continue;
      locked = CheckRelationLockedByMe(table, RowExclusiveLock, true);
      relation_close(table, NoLock);
    }
  });
  return locked;
}

void initialize() {
  loaded_during = GetCurrentStatementStartTimestamp();
  next_run = ExecutorRun_hook;
  ExecutorRun_hook = run;
}

}  // namespace reseller_report::statement
