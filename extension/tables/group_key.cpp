#include "tables/group_key.hpp"

namespace reseller_report {

void GroupKey::open(ForeignScanState *node, Expr *expression, Oid equality, Index relid, const TableShape &shape) {
  auto *const of_node = reinterpret_cast<Node *>(expression);
  Oid const type = exprType(of_node);
  Oid const comparing = OidIsValid(equality) ? equality : lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
  RegProcedure hash = InvalidOid;
  RegProcedure hash_of_right = InvalidOid;
  if (!get_op_hash_functions(comparing, &hash, &hash_of_right)) elog(ERROR, "values of type %u cannot be hashed", type);
  state_ = ExecInitExpr(expression, &node->ss.ps);
  subject_ = subject_of(expression, relid, shape);
  columns_ = columns_in(expression, relid, shape);
  collation_ = exprCollation(of_node);
  get_typlenbyval(type, &length_, &by_value_);
  MemoryContext const memory = node->ss.ps.state->es_query_cxt;
  fmgr_info_cxt(hash, &hash_, memory);
  fmgr_info_cxt(get_opcode(comparing), &equal_, memory);
}

int GroupKey::number_now(Probe &probe, MemoryContext memory) {
  bool is_null = false;
  Datum copy = 0;
  std::uint32_t hash = 0;
  int found = kNull;
  // In one go, for every company may need it.
  pg([&] {
    Datum const value = probe.value_of(state_, is_null);
    if (is_null) return;
    hash = DatumGetUInt32(FunctionCall1Coll(&hash_, collation_, value));
    auto const same = numbers_.equal_range(hash);
    for (auto known = same.first; known != same.second; ++known) {
      Datum const other = values_[static_cast<std::size_t>(known->second)];
      if (!DatumGetBool(FunctionCall2Coll(&equal_, collation_, other, value))) continue;
      found = known->second;
      return;
    }
    MemoryContext const before = MemoryContextSwitchTo(memory);
    copy = datumCopy(value, by_value_, length_);
    MemoryContextSwitchTo(before);
  });
  if (is_null || found != kNull) return found;
  found = static_cast<int>(values_.size());
  values_.push_back(copy);
  numbers_.emplace(hash, found);
  return found;
}

}  // namespace reseller_report
