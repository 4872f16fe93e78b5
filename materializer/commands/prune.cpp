#include <cstdio>

#include "commands/commands.hpp"
#include "commands/each_table.hpp"

namespace materializer {

ExitStatus run_prune(const Config &config, const Connect &connect, const Process &process, Log &log) {
  std::unique_ptr<Extension> const extension = connect_to_ready(connect, config);
  std::size_t count = 0;
  bool const well = for_each_table(chosen_tables(*extension, config), process, log, "not pruned", [&](const Table &table) {
    std::vector<Partition> const partitions =
        config.dry_run ? extension->prunable(table, config.older_than) : extension->prune(table, config.older_than);
    for (const Partition &partition : partitions)
      std::printf("%s %s: %s to %s\n", config.dry_run ? "would drop" : "dropped", partition.table.name.c_str(),
                  partition.from.c_str(), partition.to.c_str());
    count += partitions.size();
  });
  bool const stopped = !well && process.stop_requested();
  log.info(config.dry_run ? "nothing was dropped: dry run"
           : stopped      ? "stopped before everything was pruned"
                          : "pruned",
           {{"partitions", count}});
  return well ? ExitStatus::kDone : ExitStatus::kFailed;
}

}  // namespace materializer
