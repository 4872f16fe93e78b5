// What is pending, who leads, and the state of the sources: for the command `status` and for the metrics.
#pragma once

#include "database/session.hpp"

namespace materializer {

/// The figures that metrics show; ages in seconds.
struct Figures {
  double pending_deltas = 0;
  double oldest_pending_age = 0;
  double unbuilt_sources = 0;
  double dead_deltas = 0;
  double oldest_xmin_age = 0;
};
Figures figures(Session &session);

/// The command `status`.
int run_status(const Config &config, Interrupt &interrupt, Log &log);

}  // namespace materializer
