#include "commands/commands.hpp"
#include "commands/each_table.hpp"
#include "process/text.hpp"

namespace materializer {
namespace {

void print(const Rows &differences) {
  std::vector<std::vector<std::string>> table{kDifferenceColumns};
  for (const Row &row : differences) {
    table.emplace_back();
    for (const auto &value : row) table.back().push_back(value.value_or("-"));
  }
  print_table(table);
}

// Only the extension knows which services there are. It refuses the name of any other, whatever the table.
Rows verify(Extension &extension, const Slice &slice, const std::string &service) {
  if (service.empty()) return extension.verify(slice, std::nullopt);
  try {
    return extension.verify(slice, service);
  } catch (const DatabaseError &error) {
    if (error.is_invalid_parameter()) throw UsageError(std::string("--") + option::kService + ": " + error.what());
    throw;
  }
}

}  // namespace

ExitStatus run_verify(const Config &config, const Connect &connect, const Process &process, Log &log) {
  std::unique_ptr<Extension> const extension = connect_to_ready(connect, config);
  std::string const from = say_moment(config.period.from);
  std::string const to = say_moment(config.period.to);
  log.info("period", {{"from", from}, {"to", to}});
  Rows differences;
  bool const well = for_each_table(tables_of(extension->sources()), process, log, "not verified", [&](const Table &table) {
    Rows const found = verify(*extension, {table, from, to}, config.service);
    differences.insert(differences.end(), found.begin(), found.end());
  });
  if (!differences.empty()) print(differences);
  if (differences.empty() && !well) return ExitStatus::kFailed;
  log.info(differences.empty() ? "raw usage and summaries agree" : "raw usage and summaries differ",
           {{"differences", differences.size()}});
  return differences.empty() ? ExitStatus::kDone : ExitStatus::kDifferences;
}

}  // namespace materializer
