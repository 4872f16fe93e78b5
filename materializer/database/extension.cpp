#include "database/extension.hpp"

#include <algorithm>

namespace materializer {

bool Replication::is_stopped() const {
  std::string const word = state.substr(0, state.find(':'));
  return word == "disabled" || word == "disconnected" || word == "blocked" || word == "paused";
}

const std::vector<std::string> kDifferenceColumns = {"source", "reseller_id", "company_id", "service", "item",
                                                     "bucket", "figure",      "raw",        "summary"};

std::unique_ptr<Extension> connect_to_ready(const Connect &connect, const Config &config) {
  std::unique_ptr<Extension> extension = connect(config);
  ServerState const state = extension->server_state();
  if (state.kind != ServerState::Kind::kReady) throw DatabaseError(state.detail, "", Remedy::kGiveUp);
  return extension;
}

std::vector<Table> tables_of(const std::vector<Source> &sources) {
  std::vector<Table> tables;
  // The server lists the services of a table one after the other.
  for (const Source &source : sources)
    if (tables.empty() || tables.back().oid != source.table.oid) tables.push_back(source.table);
  return tables;
}

std::vector<Table> built_tables_of(const std::vector<Source> &sources) {
  std::vector<Table> tables = tables_of(sources);
  auto const is_unbuilt = [&](const Table &table) {
    return std::any_of(sources.begin(), sources.end(),
                       [&](const Source &source) { return source.table.oid == table.oid && !source.is_built; });
  };
  tables.erase(std::remove_if(tables.begin(), tables.end(), is_unbuilt), tables.end());
  return tables;
}

const Table &find_table(const std::vector<Table> &tables, const TableName &name, const std::string &option) {
  auto const found =
      std::find_if(tables.begin(), tables.end(), [&](const Table &table) { return parse_table_name(table.name) == name; });
  if (found == tables.end())
    throw DatabaseError("--" + option + ": " + say_table_name(name) + " is not connected; `status` lists the connected tables",
                        "42704", Remedy::kGiveUp);
  return *found;
}

std::vector<Table> chosen_tables(Extension &extension, const Config &config) {
  std::vector<Table> tables = tables_of(extension.sources());
  if (config.tables.empty()) return tables;
  std::vector<Table> chosen;
  for (const TableName &name : config.tables) chosen.push_back(find_table(tables, name, option::kSource));
  return chosen;
}

}  // namespace materializer
