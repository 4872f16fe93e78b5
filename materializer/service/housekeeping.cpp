#include "service/housekeeping.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace materializer {
namespace {

Subject subject(const Table &table) { return {table.oid, table.name}; }

// A name in an option as a subject. Its key equals no table's OID.
Subject subject(const TableName &name) { return {say_table_name(name), say_table_name(name)}; }

// How long raw usage of a table is kept, in seconds. Returns nothing where it is kept for ever.
std::optional<std::int64_t> kept_for(const Retention &retention, const Table &table) {
  std::optional<TableName> const name = parse_table_name(table.name);
  auto const named = name ? retention.named.find(*name) : retention.named.end();
  return named != retention.named.end() ? std::optional(named->second) : retention.others;
}

// A table's slices, as against finding out which they are.
Subject subject_of_slices(const Table &table) { return {table.oid, table.name, "slices"}; }

std::set<std::string> keys_of(const std::vector<Table> &tables) {
  std::set<std::string> keys;
  for (const Table &table : tables) keys.insert(subject(table).key);
  return keys;
}

bool is_finite(const Slice &slice) { return slice.from != "-infinity" && slice.to != "infinity"; }

// A row of verify() on one line.
std::string as_line(const Row &row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); i++) line += (i == 0 ? "" : " ") + kDifferenceColumns[i] + "=" + row[i].value_or("-");
  return line;
}

}  // namespace

void Housekeeping::keep(Extension &extension, const Config &config) {
  std::vector<Table> tables;
  if (!units_.complete(kSourcesDuty, {}, [&] { tables = tables_of(extension.sources()); })) return;
  end_failures_of_others(config, tables);
  end_unbuilt_of_others(tables);
  report_unknown_retention(config, tables);
  slices_.clear();
  for (const Table &table : tables) keep_table(extension, config, table);
}

void Housekeeping::end_failures_of_others(const Config &config, const std::vector<Table> &tables) {
  std::set<std::string> keys = keys_of(tables);
  for (const char *const duty : {kPartitionsDuty, kRebuildDuty}) units_.failures().keep_only(duty, keys);
  for (const auto &[name, seconds] : config.retention.named) keys.insert(subject(name).key);
  units_.failures().keep_only(kRetentionDuty, keys);
}

void Housekeeping::end_unbuilt_of_others(const std::vector<Table> &tables) {
  std::set<std::string> const keys = keys_of(tables);
  for (auto it = unbuilt_.begin(); it != unbuilt_.end();) {
    bool const stays = keys.count(it->first) > 0;
    if (!stays) log_.info("days are not asked for any more", {{"source", it->second}});
    it = stays ? std::next(it) : unbuilt_.erase(it);
  }
}

void Housekeeping::report_unknown_retention(const Config &config, const std::vector<Table> &tables) {
  for (const auto &rule : config.retention.named)
    (void)units_.complete(kRetentionDuty, subject(rule.first), [&] { (void)find_table(tables, rule.first, option::kRetention); });
}

void Housekeeping::keep_table(Extension &extension, const Config &config, const Table &table) {
  (void)units_.complete(kPartitionsDuty, subject(table), [&] {
    for (const Partition &made : extension.create_partitions(table, config.partitions_ahead))
      log_.info("partition made", {{"source", made.table.name}, {"from", made.from}, {"to", made.to}});
  });
  if (std::optional<std::int64_t> const seconds = kept_for(config.retention, table))
    (void)units_.complete(kRetentionDuty, subject(table), [&] {
      for (const Partition &dropped : extension.prune(table, *seconds))
        log_.info("usage dropped", {{"source", dropped.table.name}, {"from", dropped.from}, {"to", dropped.to}});
    });
  find_unbuilt(extension, table);
}

void Housekeeping::find_unbuilt(Extension &extension, const Table &table) {
  std::vector<Slice> unbuilt;
  if (units_.run(kRebuildDuty, subject(table), [&] { unbuilt = extension.rebuild_slices(table, kAllTime, true); })) return;
  if (unbuilt.empty()) return end_rebuild(table);
  slices_.add(unbuilt);
  bool const is_new = unbuilt_.insert_or_assign(table.oid, table.name).second;
  if (is_new) log_.info("days are not built", {{"source", table.name}, {"slices", unbuilt.size()}});
}

// Called when no day of a table is un-built any more.
void Housekeeping::end_rebuild(const Table &table) {
  units_.failures().end(kRebuildDuty, subject(table));
  if (unbuilt_.erase(table.oid) > 0) log_.info("days were built", {{"source", table.name}});
}

void Housekeeping::rebuild_next(Extension &extension) {
  Slice const slice = slices_.next();
  if (auto const error = units_.run(kRebuildDuty, subject(slice.table), [&] { extension.rebuild_slice(slice); })) {
    slices_.fail_next(*error);
    return;
  }
  slices_.finish_next();
  metrics_.count_slice();
  log_.debug("slice rebuilt", {{"source", slice.table.name}, {"from", slice.from}, {"to", slice.to}});
  if (!slices_.holds(slice.table)) end_rebuild(slice.table);
}

void Housekeeping::look_at_statements(Extension &extension) {
  (void)units_.complete(kCorrectionsDuty, {}, [&] { metrics_.set_open_corrections(extension.open_corrections()); });
}

void Housekeeping::verify(Extension &extension) {
  std::vector<Source> sources;
  if (!units_.complete(kSourcesDuty, {}, [&] { sources = extension.sources(); })) return;
  end_doubts_of_others(tables_of(sources));
  if (!doubts_.empty()) verify_again(extension);
  verify_random(extension, built_tables_of(sources));
}

void Housekeeping::end_doubts_of_others(const std::vector<Table> &tables) {
  std::set<std::string> const keys = keys_of(tables);
  units_.failures().keep_only(kVerifyDuty, keys);
  auto const gone = std::stable_partition(doubts_.begin(), doubts_.end(),
                                          [&](const Doubt &doubt) { return keys.count(doubt.slice.table.oid) > 0; });
  std::for_each(gone, doubts_.end(), [&](const Doubt &doubt) { tell_not_asked(doubt); });
  doubts_.erase(gone, doubts_.end());
}

void Housekeeping::tell_not_asked(const Doubt &doubt) {
  const Slice &slice = doubt.slice;
  if (doubt.differs)
    log_.info("verify is not asked for any more", {{"source", slice.table.name}, {"from", slice.from}, {"to", slice.to}});
}

// What was pruned is not compared any more, nor is what is not built until it is: neither tells that nothing differs.
void Housekeeping::verify_again(Extension &extension) {
  Doubt const doubt = doubts_.front();
  const Slice &slice = doubt.slice;
  auto const from = parse_moment(slice.from);
  auto const to = parse_moment(slice.to);
  if (from && to) {
    std::vector<Slice> kept;
    std::vector<Slice> unbuilt;
    bool const well = units_.complete(kVerifyDuty, subject(slice.table), [&] {
      kept = extension.rebuild_slices(slice.table, {*from, *to}, false);
      unbuilt = extension.rebuild_slices(slice.table, {*from, *to}, true);
    });
    if (!well || kept.empty() || !unbuilt.empty()) {
      doubts_.pop_front();
      if (well && kept.empty()) {
        tell_not_asked(doubt);
        end_failure(slice.table);
      } else {
        doubts_.push_back(doubt);
      }
      return;
    }
  }
  verify_slice(extension, slice);
}

void Housekeeping::verify_random(Extension &extension, const std::vector<Table> &tables) {
  if (tables.empty()) return;
  const Table &table = tables[random_index(tables.size())];
  std::vector<Slice> slices;
  if (!units_.complete(kVerifyDuty, subject(table), [&] { slices = extension.rebuild_slices(table, kAllTime, false); })) return;
  slices.erase(std::remove_if(slices.begin(), slices.end(), [](const Slice &slice) { return !is_finite(slice); }), slices.end());
  if (!slices.empty()) verify_slice(extension, slices[random_index(slices.size())]);
}

void Housekeeping::verify_slice(Extension &extension, const Slice &slice) {
  Rows differences;
  bool const well =
      !units_.run(kVerifyDuty, subject_of_slices(slice.table), [&] { differences = extension.verify(slice, std::nullopt); });
  auto const known = std::find_if(doubts_.begin(), doubts_.end(), [&](const Doubt &doubt) {
    return doubt.slice.table.oid == slice.table.oid && doubt.slice.from == slice.from && doubt.slice.to == slice.to;
  });
  bool const differed = known != doubts_.end() && known->differs;
  if (known != doubts_.end()) doubts_.erase(known);
  if (well) report_verification(slice, differences, differed);
  bool const differs = well ? !differences.empty() : differed;
  // Of those that fail, one of a table tells when that ends.
  if (differs || (!well && !has_failing_slice(slice.table))) doubts_.push_back({slice, differs, !well});
  if (well) end_failure(slice.table);
}

bool Housekeeping::has_failing_slice(const Table &table) const {
  return std::any_of(doubts_.begin(), doubts_.end(),
                     [&](const Doubt &doubt) { return doubt.fails && doubt.slice.table.oid == table.oid; });
}

void Housekeeping::end_failure(const Table &table) {
  if (!has_failing_slice(table)) units_.failures().end(kVerifyDuty, subject_of_slices(table));
}

// `differed` tells whether differences of the slice were reported before.
void Housekeeping::report_verification(const Slice &slice, const Rows &differences, bool differed) {
  metrics_.count_verification(static_cast<double>(differences.size()));
  if (differences.empty()) {
    log_.debug("verified", {{"source", slice.table.name}, {"from", slice.from}, {"to", slice.to}});
    if (differed)
      log_.info("verify finds no differences any more", {{"source", slice.table.name}, {"from", slice.from}, {"to", slice.to}});
    return;
  }
  if (differed) return;
  log_.error("verify found differences", {{"source", slice.table.name},
                                          {"from", slice.from},
                                          {"to", slice.to},
                                          {"differences", differences.size()},
                                          {"first", as_line(differences.front())}});
}

std::size_t Housekeeping::random_index(std::size_t size) {
  return std::min(static_cast<std::size_t>(process_.chance() * static_cast<double>(size)), size - 1);
}

}  // namespace materializer
