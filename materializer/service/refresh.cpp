#include "service/refresh.hpp"

namespace materializer {

Folded fold(Session &session, std::int64_t max_deltas, bool only_what_pays) {
  Row const row = session
                      .unit(
                          "SELECT deltas, summary_rows FROM reseller_report.materialize(max_deltas => $1::int, only_what_pays => "
                          "$2::boolean)",
                          {std::to_string(max_deltas), only_what_pays ? "true" : "false"})
                      .front();
  return {std::stoll(*row[0]), std::stoll(*row[1])};
}

int run_once(const Config &config, Interrupt &interrupt, Log &log) {
  Session session(config, interrupt, log);
  expect_ready(session);
  Folded total;
  bool everything = false;
  while (!everything && !interrupt.stop_requested()) {
    Folded const folded = fold(session, config.max_deltas, false);
    total += folded;
    everything = folded.deltas < config.max_deltas;
  }
  log.info(everything ? "folded" : "stopped before everything was folded",
           {{"deltas", total.deltas}, {"summary_rows", total.summary_rows}});
  return everything ? 0 : 1;
}

}  // namespace materializer
