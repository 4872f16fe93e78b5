// Groups of the tables of usage: GROUP BY, aggregates and DISTINCT, without rows where none are needed.
//
// A bucket and item belong to a class: the values that the keys about them have, what filters let pass, and the arguments of min
// and max. Neighbouring buckets of the same classes are read as one where no rows are counted, so that a year by month reads
// months, and a year as a whole the year. A group is a class's keys and those of a company. Where the groups exceed the memory that
// hashing may take, they are found in several passes over the usage, each of which finds a part of them.

#include <map>

#include "tables/group_aggregate.hpp"
#include "tables/usage_scan.hpp"

namespace reseller_report {
namespace {

/// A part of all groups: those whose hash, divided by `parts`, leaves `part`.
struct Pass {
  std::uint64_t parts;
  std::uint64_t part;

  bool has(std::uint64_t hash) const { return hash % parts == part; }
};

/// What buckets and items have in common whose rows need not be told apart.
struct UsageClass {
  int keys;                 ///< the number of the keys' values
  std::vector<int> passes;  ///< of each aggregate
  std::vector<int> bests;
};

/// Numbers for lists of numbers.
class Numbered {
 public:
  int number(const std::vector<int> &list) {
    auto const [known, is_new] = numbers_.emplace(list, static_cast<int>(lists_.size()));
    if (is_new) lists_.push_back(list);
    return known->second;
  }
  const std::vector<int> &list(int number) const { return lists_[static_cast<std::size_t>(number)]; }
  int count() const { return static_cast<int>(lists_.size()); }
  void clear() {
    numbers_.clear();
    lists_.clear();
  }

 private:
  std::map<std::vector<int>, int> numbers_;
  std::vector<std::vector<int>> lists_;
};

/// The keys and aggregates of a plan.
struct GroupOrder {
  std::vector<GroupKey> keys;
  std::vector<GroupAggregate> aggregates;
  std::vector<int> targets;  // as kGroupTargets says
  bool is_plain;
};

GroupOrder group_order(const ScanOrder &order, List *grouping) {
  GroupOrder result;
  auto *const keys = static_cast<List *>(list_nth(grouping, kGroupKeys));
  auto *const operators = static_cast<List *>(list_nth(grouping, kGroupOperators));
  auto *const aggregates = static_cast<List *>(list_nth(grouping, kGroupAggregates));
  auto *const targets = static_cast<List *>(list_nth(grouping, kGroupTargets));
  result.keys.resize(static_cast<std::size_t>(list_length(keys)));
  result.aggregates.resize(static_cast<std::size_t>(list_length(aggregates)));
  pg([&] {
    for (int i = 0; i < list_length(keys); i++)
      result.keys[static_cast<std::size_t>(i)].open(order.node, static_cast<Expr *>(list_nth(keys, i)), list_nth_oid(operators, i),
                                                    order.relid, *order.shape);
    for (int i = 0; i < list_length(aggregates); i++)
      result.aggregates[static_cast<std::size_t>(i)].open(order.node, static_cast<List *>(list_nth(aggregates, i)), order.relid,
                                                          *order.shape);
  });
  for (int i = 0; i < list_length(targets); i++) result.targets.push_back(list_nth_int(targets, i));
  result.is_plain = intVal(list_nth(grouping, kGroupIsPlain)) != 0;
  return result;
}

class UsageGroups : public UsageScan {
 public:
  UsageGroups(const ScanOrder &order, GroupOrder &&groups)
      : UsageScan(order, manner_of(order, groups)), order_(std::move(groups)), by_company_(manner_of(order, order_).by_company) {
    for (const GroupKey &key : order_.keys) {
      (key.subject() == Subject::kCompany ? company_keys_ : head_keys_).push_back(static_cast<int>(of_key_.size()));
      of_key_.emplace_back(key.columns());
    }
    for (const GroupAggregate &aggregate : order_.aggregates) of_aggregate_.emplace_back(aggregate.columns());
    for (int const key : head_keys_) knows_item_ = knows_item_ || of_key_[static_cast<std::size_t>(key)].names_item();
    for (const PerHead &head : of_aggregate_) knows_item_ = knows_item_ || head.names_item();
    pg([&] {
      memory_ = AllocSetContextCreate(node_->ss.ps.state->es_query_cxt, "reseller_report group keys", ALLOCSET_DEFAULT_SIZES);
    });
  }

  void next(TupleTableSlot *slot) override {
    if (begin()) begin_all();
    while (next_group_ == groups_.size()) {
      if (passes_.empty()) return;
      read_pass();
    }
    store(slot, next_group_++);
    set_handed_out();
  }

 protected:
  bool classes_know_item() const override { return knows_item_; }
  int class_now(const UsageBucket &bucket, Item item) override;
  void forget() override { begin_groups(); }

 private:
  static Manner manner_of(const ScanOrder &order, const GroupOrder &groups);

  void begin_all();
  void begin_reseller();
  void clear_groups();
  void begin_groups();
  void read_pass();
  void take_block(std::size_t block);
  int company_keys(int position);
  int company_number(int position);
  AggregateState *group(int keys, int company_keys);
  void take(AggregateState *states, const UsageClass &of, const WideCounters &figures, int company);
  void keep_within_memory();
  void store(TupleTableSlot *slot, std::size_t group);

  static std::uint64_t hash_of(std::uint64_t name) { return mix(name * 0x9e3779b97f4a7c15ULL + 1); }

  GroupOrder order_;
  bool by_company_;
  bool knows_item_ = false;
  std::vector<int> head_keys_;  // places in order_.keys
  std::vector<int> company_keys_;
  std::vector<PerHead> of_key_;
  std::vector<PerHead> of_aggregate_;
  MemoryContext memory_ = nullptr;  // of the keys' values

  Numbered head_values_;     // lists of the head keys' values
  Numbered company_values_;  // and of the company keys'
  int no_company_keys_ = -1;
  Numbered class_numbers_;
  std::vector<UsageClass> classes_;
  std::unordered_map<std::int64_t, int> company_numbers_;

  // Of the reseller: by position of the company among the dependents; -1 where it is not known yet.
  std::vector<int> keys_of_company_;
  std::vector<int> number_of_company_;
  std::int64_t reseller_ = 0;
  Time bucket_ = 0;
  bool is_in_reseller_ = false;

  std::vector<Pass> passes_;
  Pass pass_ = {1, 0};
  std::unordered_map<std::uint64_t, std::size_t> group_numbers_;
  std::vector<std::uint64_t> groups_;   // each the number of its head keys, and below that of its company keys
  std::vector<AggregateState> states_;  // of each group and aggregate
  std::size_t next_group_ = 0;
};

UsageScan::Manner UsageGroups::manner_of(const ScanOrder &order, const GroupOrder &groups) {
  bool by_company = list_nth(order.expressions, static_cast<int>(Subject::kCompany)) != nullptr;
  bool counts_rows = false;
  FigureSet figures = 0;
  for (const GroupKey &key : groups.keys) by_company = by_company || key.subject() == Subject::kCompany;
  for (const GroupAggregate &aggregate : groups.aggregates) {
    figures |= aggregate.figures();
    counts_rows = counts_rows || aggregate.counts_rows();
    by_company = by_company || aggregate.kind() == AggregateKind::kCompanies;
  }
  return {figures, by_company || counts_rows, !counts_rows, get_hash_memory_limit()};
}

void UsageGroups::begin_all() {
  for (GroupKey &key : order_.keys) key.clear();
  for (GroupAggregate &aggregate : order_.aggregates)
    if (aggregate.kind() == AggregateKind::kBest) aggregate.argument().clear();
  head_values_.clear();
  company_values_.clear();
  class_numbers_.clear();
  classes_.clear();
  company_numbers_.clear();
  pg([&] { MemoryContextReset(memory_); });
  clear_groups();
  passes_ = {{1, 0}};
}

void UsageGroups::clear_groups() {
  group_numbers_.clear();
  groups_.clear();
  states_.clear();
  next_group_ = 0;
  is_in_reseller_ = false;
}

void UsageGroups::begin_groups() {
  clear_groups();
  no_company_keys_ = company_keys_.empty() ? company_values_.number({}) : -1;
  if (order_.is_plain) (void)group(head_values_.number({}), no_company_keys_);
}

void UsageGroups::begin_reseller() {
  if (is_in_reseller_ && reseller_ == reseller().id) return;
  is_in_reseller_ = true;
  reseller_ = reseller().id;
  bucket_ = kInfinity;
  if (by_company_) {
    keys_of_company_.assign(companies().ids.size(), -1);
    number_of_company_.assign(companies().ids.size(), -1);
  }
  for (PerHead &head : of_key_) head.clear();
  for (PerHead &head : of_aggregate_) head.clear();
}

int UsageGroups::class_now(const UsageBucket &bucket, Item item) {
  begin_reseller();
  bool const is_new = bucket_ != bucket.range.from;
  bucket_ = bucket.range.from;
  auto const number = static_cast<int>(item);
  std::vector<int> values;
  for (int const key : head_keys_)
    values.push_back(of_key_[static_cast<std::size_t>(key)].get(
        is_new, number, [&] { return order_.keys[static_cast<std::size_t>(key)].number_now(probe_, memory_); }));
  std::vector<int> features = {head_values_.number(values)};
  std::vector<int> passes;
  std::vector<int> bests;
  for (std::size_t i = 0; i < order_.aggregates.size(); i++) {
    GroupAggregate &aggregate = order_.aggregates[i];
    int const passes_now = of_aggregate_[i].get(is_new, number, [&] {
      int const its = aggregate.passes_now(probe_);
      if (aggregate.kind() != AggregateKind::kBest || its != 3) return its;
      return its + 4 * (1 + aggregate.argument().number_now(probe_, memory_));
    });
    passes.push_back(passes_now & 3);
    bests.push_back(passes_now / 4 - 1);
    features.push_back(passes_now);
  }
  int const found = class_numbers_.number(features);
  if (static_cast<std::size_t>(found) == classes_.size()) classes_.push_back({features[0], passes, bests});
  return found;
}

int UsageGroups::company_number(int position) {
  int &known = number_of_company_[static_cast<std::size_t>(position)];
  if (known < 0) {
    std::int64_t const id = companies().ids[static_cast<std::size_t>(position)];
    known = company_numbers_.emplace(id, static_cast<int>(company_numbers_.size())).first->second;
  }
  return known;
}

int UsageGroups::company_keys(int position) {
  int &known = keys_of_company_[static_cast<std::size_t>(position)];
  if (known >= 0) return known;
  probe_.set(Column::kCompany, Int64GetDatum(companies().ids[static_cast<std::size_t>(position)]));
  probe_.set(Column::kCompanyName, companies().name(position));
  std::vector<int> values;
  for (int const key : company_keys_) values.push_back(order_.keys[static_cast<std::size_t>(key)].number_now(probe_, memory_));
  // One key's values have numbers already.
  return known = values.size() == 1 ? values[0] - GroupKey::kNull : company_values_.number(values);
}

// The states of a group; nullptr where it is not of this pass.
AggregateState *UsageGroups::group(int keys, int company_keys) {
  std::uint64_t const name = static_cast<std::uint64_t>(keys) << 32 | static_cast<std::uint64_t>(company_keys);
  if (!order_.is_plain && !pass_.has(hash_of(name))) return nullptr;
  std::size_t const aggregates = order_.aggregates.size();
  auto const [known, is_new] = group_numbers_.emplace(name, groups_.size());
  if (is_new) {
    groups_.push_back(name);
    states_.resize(groups_.size() * aggregates);
  }
  return states_.data() + known->second * aggregates;
}

void UsageGroups::take(AggregateState *states, const UsageClass &of, const WideCounters &figures, int company) {
  for (std::size_t i = 0; i < order_.aggregates.size(); i++)
    order_.aggregates[i].take(states[i], figures, of.passes[i], of.bests[i], company);
}

void UsageGroups::take_block(std::size_t block) {
  int const number = class_of(block);
  if (number < 0) return;
  const UsageClass &of = classes_[static_cast<std::size_t>(number)];
  if (!by_company_) {
    const WideCounters &total = blocks().total(block);
    if (total[Figure::kEvents] == 0) return;
    if (AggregateState *const states = group(of.keys, no_company_keys_)) take(states, of, total, 0);
    return;
  }
  CompanyFigures found;
  for (std::size_t cell = 0; blocks().cells(block).next(cell, found);) {
    AggregateState *const states = group(of.keys, company_keys_.empty() ? no_company_keys_ : company_keys(found.company));
    if (states != nullptr) take(states, of, found.figures, company_number(found.company));
  }
}

// Where groups take more than they may, leaves half of them to another pass.
void UsageGroups::keep_within_memory() {
  std::size_t const of_group = 80 + order_.aggregates.size() * sizeof(AggregateState);
  std::size_t memory = groups_.size() * of_group;
  for (const AggregateState &state : states_) memory += state.companies.capacity() / 8;
  if (memory <= get_hash_memory_limit() || groups_.size() < 64 || pass_.parts > std::uint64_t{1} << 40) return;
  passes_.push_back({2 * pass_.parts, pass_.part + pass_.parts});
  pass_.parts *= 2;
  std::vector<std::uint64_t> names;
  std::vector<AggregateState> states;
  names.swap(groups_);
  states.swap(states_);
  group_numbers_.clear();
  std::size_t const aggregates = order_.aggregates.size();
  for (std::size_t i = 0; i < names.size(); i++) {
    AggregateState *const kept = group(static_cast<int>(names[i] >> 32), static_cast<int>(names[i] & 0xffffffffU));
    if (kept == nullptr) continue;
    for (std::size_t a = 0; a < aggregates; a++) kept[a] = std::move(states[i * aggregates + a]);
  }
}

void UsageGroups::read_pass() {
  begin_groups();
  pass_ = passes_.back();
  passes_.pop_back();
  rewind_usage();
  while (next_chunk()) {
    begin_reseller();
    for (std::size_t block = 0; block < blocks().count(); block++) {
      pg([] { CHECK_FOR_INTERRUPTS(); });
      take_block(block);
    }
    keep_within_memory();
  }
}

void UsageGroups::store(TupleTableSlot *slot, std::size_t group) {
  std::uint64_t const name = groups_[group];
  const std::vector<int> &of_head = head_values_.list(static_cast<int>(name >> 32));
  auto const number = static_cast<int>(name & 0xffffffffU);
  std::vector<int> const of_company =
      company_keys_.size() == 1 ? std::vector<int>{number + GroupKey::kNull} : company_values_.list(number);
  const AggregateState *const states = states_.data() + group * order_.aggregates.size();
  pg([&] {
    for (std::size_t i = 0; i < order_.targets.size(); i++) {
      int const target = order_.targets[i];
      bool &is_null = slot->tts_isnull[i];
      if (target < 0) {
        auto const aggregate = static_cast<std::size_t>(-1 - target);
        slot->tts_values[i] = order_.aggregates[aggregate].result(states[aggregate], is_null);
        continue;
      }
      const GroupKey &key = order_.keys[static_cast<std::size_t>(target)];
      bool const is_of_company = key.subject() == Subject::kCompany;
      const std::vector<int> &keys = is_of_company ? company_keys_ : head_keys_;
      std::size_t const place = static_cast<std::size_t>(std::find(keys.begin(), keys.end(), target) - keys.begin());
      slot->tts_values[i] = key.value(is_of_company ? of_company[place] : of_head[place], is_null);
    }
    ExecStoreVirtualTuple(slot);
  });
}

}  // namespace

std::unique_ptr<TableScan> scan_of_groups(const ScanOrder &order, List *grouping) {
  return std::make_unique<UsageGroups>(order, group_order(order, grouping));
}

}  // namespace reseller_report
