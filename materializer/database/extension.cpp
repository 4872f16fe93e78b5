#include "database/extension.hpp"

#include <algorithm>

namespace materializer {

const std::vector<std::string> kDifferenceColumns = {"source", "reseller_id", "company_id", "service", "item",
                                                     "bucket", "figure",      "raw",        "summary"};

std::unique_ptr<Extension> connect_to_ready(const Connect &connect, const Config &config) {
  std::unique_ptr<Extension> extension = connect(config);
  ServerState const state = extension->server_state();
  if (state.kind != ServerState::Kind::kReady) throw DatabaseError(state.detail, "", Remedy::kGiveUp);
  return extension;
}

std::vector<Source> tables_of(const std::vector<Feed> &feeds) {
  std::vector<Source> tables;
  // The server lists the services of a table one after the other.
  for (const Feed &feed : feeds)
    if (tables.empty() || tables.back().oid != feed.source.oid) tables.push_back(feed.source);
  return tables;
}

std::vector<Source> built_tables_of(const std::vector<Feed> &feeds) {
  std::vector<Source> tables = tables_of(feeds);
  auto const is_unbuilt = [&](const Source &table) {
    return std::any_of(feeds.begin(), feeds.end(),
                       [&](const Feed &feed) { return feed.source.oid == table.oid && !feed.is_built; });
  };
  tables.erase(std::remove_if(tables.begin(), tables.end(), is_unbuilt), tables.end());
  return tables;
}

const Source &find_source(const std::vector<Source> &sources, const TableName &name, const std::string &option) {
  auto const found =
      std::find_if(sources.begin(), sources.end(), [&](const Source &source) { return parse_table_name(source.name) == name; });
  if (found == sources.end())
    throw DatabaseError("--" + option + ": " + say_table_name(name) + " is not connected; `status` lists the connected tables",
                        "42704", Remedy::kGiveUp);
  return *found;
}

std::vector<Source> chosen_sources(Extension &extension, const Config &config) {
  std::vector<Source> sources = tables_of(extension.sources());
  if (config.sources.empty()) return sources;
  std::vector<Source> chosen;
  for (const TableName &name : config.sources) chosen.push_back(find_source(sources, name, option::kSource));
  return chosen;
}

}  // namespace materializer
