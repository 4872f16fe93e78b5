#include "commands/commands.hpp"

namespace materializer {

ExitStatus run_once(const Config &config, const Connect &connect, const Process &process, Log &log) {
  std::unique_ptr<Extension> const extension = connect_to_ready(connect, config);
  Materialized total;
  bool everything = false;
  while (!everything && !process.stop_requested()) {
    Materialized const folded = extension->materialize(config.max_deltas, false);
    total += folded;
    everything = folded.deltas < config.max_deltas;
  }
  log.info(everything ? "folded" : "stopped before everything was folded",
           {{"deltas", total.deltas}, {"summary_rows", total.summary_rows}});
  return everything ? ExitStatus::kDone : ExitStatus::kFailed;
}

}  // namespace materializer
