#include "server/own_table.hpp"

namespace reseller_report {

Oid own_relation(const char *name) {
  Oid result = InvalidOid;
  pg([&] {
    Oid const schema = get_namespace_oid("reseller_report", true);
    if (OidIsValid(schema)) result = get_relname_relid(name, schema);
  });
  return result;
}

OwnTable::OwnTable(const char *name, LOCKMODE lock) {
  Oid const relid = own_relation(name);
  pg([&] {
    if (!OidIsValid(relid))
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table \"reseller_report.%s\" does not exist", name)));
    relation_ = table_open(relid, lock);
  });
}

bool OwnTable::is_sooner_whole(std::size_t rows) const {
  // Reading a block whole takes about as long as finding so many rows by index.
  constexpr std::size_t kRowsOfBlock = 16;
  // For so few rows it is not worth asking the file system how many blocks there are.
  if (rows <= kRowsOfBlock) return false;
  if (blocks_ == 0) pg([&] { blocks_ = RelationGetNumberOfBlocks(relation_); });
  return rows / kRowsOfBlock >= blocks_;
}

void require_columns(Relation table, const Oid *types, int count) {
  TupleDesc const columns = RelationGetDescr(table);
  for (int i = 0; i < count; i++) {
    if (i < columns->natts && !TupleDescAttr(columns, i)->attisdropped && TupleDescAttr(columns, i)->atttypid == types[i]) continue;
    throw Error(sqlstate::kWrongState,
                std::string("table \"reseller_report.") + RelationGetRelationName(table) +
                    "\" is not as the extension made it: its column " + std::to_string(i + 1) + " is gone or has another type",
                "Restore it from a dump, or create the extension anew.");
  }
}

Snapshot untracked(Snapshot snapshot) { return IsolationIsSerializable() ? SnapshotAny : snapshot; }

bool sees(Snapshot snapshot, HeapTuple row, Buffer buffer) {
  LockBuffer(buffer, BUFFER_LOCK_SHARE);
  bool const visible = HeapTupleSatisfiesVisibility(row, snapshot, buffer);
  LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
  return visible;
}

bool sees(Snapshot snapshot, TupleTableSlot *row) {
  auto const *const stored = reinterpret_cast<const BufferHeapTupleTableSlot *>(row);
  return sees(snapshot, stored->base.tuple, stored->buffer);
}

LatestSnapshot::LatestSnapshot(const OwnTable &table) {
  pg([&] { snapshot_ = RegisterSnapshot(GetCatalogSnapshot(RelationGetRelid(table.relation()))); });
}

// After an error the end of the transaction or savepoint gives it back.
LatestSnapshot::~LatestSnapshot() {
  if (std::uncaught_exceptions() == 0) UnregisterSnapshot(snapshot_);
}

OwnScan::OwnScan(const OwnTable &table, Snapshot snapshot, Oid index, int keys, ScanKey key) {
  if (snapshot == nullptr) latest_.emplace(table);
  snapshot_ = latest_ ? latest_->get() : snapshot;
  pg([&] { scan_ = systable_beginscan(table.relation(), index, OidIsValid(index), untracked(snapshot_), keys, key); });
}

// After an error the server may have left the page locked, which PostgreSQL 19 remembers with the pin. So the end of the
// transaction or savepoint must give back both.
OwnScan::~OwnScan() {
  if (std::uncaught_exceptions() == 0) systable_endscan(scan_);
}

HeapTuple OwnScan::next() {
  for (;;) {
    HeapTuple const row = systable_getnext(scan_);
    if (!HeapTupleIsValid(row) || !IsolationIsSerializable() || sees(snapshot_, scan_->slot)) return row;
  }
}

OwnIndexScan::OwnIndexScan(const OwnTable &table, const char *index, int keys, Tracking tracking) : keys_(keys) {
  Oid const relid = own_relation(index);
  pg([&] {
    index_ = index_open(relid, AccessShareLock);
    snapshot_ = GetActiveSnapshot();
    slot_ = table_slot_create(table.relation(), nullptr);
    must_see_ = tracking == Tracking::kNone && IsolationIsSerializable();
    scan_ = index_beginscan(table.relation(), index_, must_see_ ? untracked(snapshot_) : snapshot_, nullptr, keys_, 0, SO_NONE);
  });
}

// For the reason that ~OwnScan() gives.
OwnIndexScan::~OwnIndexScan() {
  if (std::uncaught_exceptions() > 0) return;
  index_endscan(scan_);
  ExecDropSingleTupleTableSlot(slot_);
  index_close(index_, NoLock);
}

void OwnIndexScan::seek(ScanKey keys) { index_rescan(scan_, keys, keys_, nullptr, 0); }

TupleTableSlot *OwnIndexScan::next() {
  bool found = false;
  do found = index_getnext_slot(scan_, ForwardScanDirection, slot_);
  while (found && must_see_ && !sees(snapshot_, slot_));
  return found ? slot_ : nullptr;
}

void IndexKeeper::open(Relation table) {
  if (!table->rd_rel->relhasindex) return;
  state_ = CreateExecutorState();
  table_ = makeNode(ResultRelInfo);
  InitResultRelInfo(table_, table, 0, nullptr, 0);
  ExecOpenIndices(table_, false);
}

void IndexKeeper::add(TupleTableSlot *row) {
  if (table_ != nullptr) enter(row, 0);
}

// The primary key need not look whether another row has the key. It would look through all versions of this row that some snapshot
// still sees, and take longer with each.
void IndexKeeper::add_version(TupleTableSlot *row, bool only_summarizing) {
  if (table_ == nullptr) return;
  IndexInfo *primary = nullptr;
  for (int i = 0; i < table_->ri_NumIndices && !only_summarizing; i++) {
    Relation const index = table_->ri_IndexRelationDescs[i];
    if (!index->rd_index->indisprimary) continue;
    primary = table_->ri_IndexRelationInfo[i];
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    FormIndexDatum(primary, row, state_, values, nulls);
    bool const is_unchanged = true;
    index_insert(index, values, nulls, &row->tts_tid, table_->ri_RelationDesc, UNIQUE_CHECK_NO, is_unchanged, primary);
    primary->ii_ReadyForInserts = false;  // the server leaves it out below
  }
  enter(row, only_summarizing ? EIIT_ONLY_SUMMARIZING : 0);
  if (primary != nullptr) primary->ii_ReadyForInserts = true;
}

void IndexKeeper::enter(TupleTableSlot *row, int flags) {
  list_free(ExecInsertIndexTuples(table_, state_, flags, row, NIL, nullptr));
  ResetPerTupleExprContext(state_);
}

void IndexKeeper::close() {
  if (table_ == nullptr) return;
  ExecCloseIndices(table_);
  FreeExecutorState(state_);
}

void RowStore::open(const OwnTable &table) {
  table_ = table.relation();
  indexes_.open(table_);
  slot_ = MakeSingleTupleTableSlot(table.tuple_desc(), &TTSOpsHeapTuple);
}

void RowStore::insert(HeapTuple row) {
  simple_heap_insert(table_, row);
  ExecStoreHeapTuple(row, slot_, false);
  indexes_.add(slot_);
  ExecClearTuple(slot_);
}

void RowStore::update(const ItemPointerData &stored, HeapTuple row) {
  ItemPointerData tid = stored;
  TU_UpdateIndexes indexes = TU_All;
  simple_heap_update(table_, &tid, row, &indexes);
  if (indexes == TU_None) return;
  ExecStoreHeapTuple(row, slot_, false);
  indexes_.add_version(slot_, indexes == TU_Summarizing);
  ExecClearTuple(slot_);
}

void RowStore::remove(const ItemPointerData &stored) {
  ItemPointerData tid = stored;
  simple_heap_delete(table_, &tid);
}

void RowStore::close() {
  indexes_.close();
  ExecDropSingleTupleTableSlot(slot_);
}

BatchWriter::BatchWriter(Relation table) : table_(table) {
  pg([&] {
    indexes_.open(table_);
    context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report batch writer", ALLOCSET_DEFAULT_SIZES);
    rows_ = AllocSetContextCreate(context_, "reseller_report rows of a batch", ALLOCSET_DEFAULT_SIZES);
  });
}

TupleTableSlot *BatchWriter::next_slot() {
  MemoryContext const before = MemoryContextSwitchTo(context_);
  if (made_ == filled_) slots_[made_++] = MakeSingleTupleTableSlot(RelationGetDescr(table_), &TTSOpsVirtual);
  MemoryContextSwitchTo(before);
  TupleTableSlot *const slot = slots_[filled_++];
  ExecClearTuple(slot);
  memset(slot->tts_isnull, 1, sizeof(bool) * static_cast<size_t>(slot->tts_tupleDescriptor->natts));
  return slot;
}

void BatchWriter::write() {
  MemoryContext const before = MemoryContextSwitchTo(context_);
  // Without a bulk insert state, whose small ring of buffers would have us write out pages that are read next.
  heap_multi_insert(table_, slots_, filled_, GetCurrentCommandId(true), 0, nullptr);
  for (int i = 0; i < filled_; i++) indexes_.add(slots_[i]);
  for (int i = 0; i < filled_; i++) ExecClearTuple(slots_[i]);
  MemoryContextReset(rows_);
  MemoryContextSwitchTo(before);
  filled_ = 0;
}

void BatchWriter::finish() {
  pg([&] {
    if (filled_ > 0) write();
    indexes_.close();
    for (int i = 0; i < made_; i++) ExecDropSingleTupleTableSlot(slots_[i]);
    MemoryContextDelete(context_);
  });
}

void require_view(const char *name) {
  Oid const view = own_relation(name);
  AclResult allowed = ACLCHECK_NO_PRIV;
  Oid const role = GetUserId();
  pg([&] { allowed = pg_class_aclcheck(view, role, ACL_SELECT); });
  if (allowed != ACLCHECK_OK) throw Error(sqlstate::kNotPermitted, std::string("permission denied for view ") + name);
}

Oid extension_owner() {
  OwnTable const table("source", AccessShareLock);
  return table.relation()->rd_rel->relowner;
}

}  // namespace reseller_report
