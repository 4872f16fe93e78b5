#include "service/housekeeping.hpp"

#include <algorithm>

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
  report_unknown_retention(config, tables);
  bool const had_slices = has_slices();
  slices_.clear();
  for (const Table &table : tables) keep_table(extension, config, table);
  if (has_slices() && !had_slices) log_.info("days are not built", {{"slices", slices_.size()}});
}

void Housekeeping::end_failures_of_others(const Config &config, const std::vector<Table> &tables) {
  std::set<std::string> keys;
  for (const Table &table : tables) keys.insert(table.oid);
  for (const char *const duty : {kPartitionsDuty, kRebuildDuty, kVerifyDuty}) units_.failures().keep_only(duty, keys);
  for (const auto &[name, seconds] : config.retention.named) keys.insert(subject(name).key);
  units_.failures().keep_only(kRetentionDuty, keys);
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
  auto const error = units_.run(kRebuildDuty, subject(table), [&] { unbuilt = extension.rebuild_slices(table, kAllTime, true); });
  if (!error && unbuilt.empty()) units_.failures().end(kRebuildDuty, subject(table));
  slices_.add(unbuilt);
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
  if (!slices_.holds(slice.table)) units_.failures().end(kRebuildDuty, subject(slice.table));
  if (!has_slices()) log_.info("days were built");
}

void Housekeeping::look_at_statements(Extension &extension) {
  (void)units_.complete(kCorrectionsDuty, {}, [&] { metrics_.set_open_corrections(extension.open_corrections()); });
}

void Housekeeping::verify(Extension &extension) {
  std::vector<Table> tables;
  (void)units_.complete(kVerifyDuty, {}, [&] { tables = built_tables_of(extension.sources()); });
  if (tables.empty()) return;
  const Table &table = tables[random_index(tables.size())];
  std::vector<Slice> slices;
  if (units_.run(kVerifyDuty, subject(table), [&] { slices = extension.rebuild_slices(table, kAllTime, false); })) return;
  slices.erase(std::remove_if(slices.begin(), slices.end(), [](const Slice &slice) { return !is_finite(slice); }), slices.end());
  if (slices.empty()) return units_.failures().end(kVerifyDuty, subject(table));
  const Slice &slice = slices[random_index(slices.size())];
  (void)units_.complete(kVerifyDuty, subject(table), [&] { report_verification(slice, extension.verify(slice, std::nullopt)); });
}

void Housekeeping::report_verification(const Slice &slice, const Rows &differences) {
  metrics_.count_verification(static_cast<double>(differences.size()));
  if (differences.empty()) {
    log_.debug("verified", {{"source", slice.table.name}, {"from", slice.from}, {"to", slice.to}});
    return;
  }
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
