#include "refresh.hpp"

namespace materializer {

bool refresh(Session &session, const Interrupt &interrupt, std::int64_t max_deltas, bool only_what_pays,
             const std::function<void(const Folded &)> &on_fold) {
  while (!interrupt.stop_requested()) {
    Row const row = session
                        .unit(
                            "SELECT deltas, summary_rows FROM reseller_report.materialize(max_deltas => $1::int, only_what_pays => "
                            "$2::boolean)",
                            {std::to_string(max_deltas), only_what_pays ? "true" : "false"})
                        .front();
    Folded const folded{std::stoll(*row[0]), std::stoll(*row[1])};
    on_fold(folded);
    if (folded.deltas < max_deltas) return true;
  }
  return false;
}

int run_once(const Config &config, Interrupt &interrupt, Log &log) {
  Session session(config, interrupt, log);
  expect_ready(session);
  Folded total;
  bool const everything = refresh(session, interrupt, config.max_deltas, false, [&](const Folded &folded) {
    total.deltas += folded.deltas;
    total.summary_rows += folded.summary_rows;
  });
  log.info(everything ? "folded" : "stopped before everything was folded",
           {{"deltas", total.deltas}, {"summary_rows", total.summary_rows}});
  return everything ? 0 : 1;
}

}  // namespace materializer
