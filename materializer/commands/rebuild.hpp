// The command `rebuild`.
#pragma once

#include "database/session.hpp"

namespace materializer {

/// Rebuilds slice by slice, showing how far it has come. A lost connection is made again, and the rebuild goes on where it was.
int run_rebuild(const Config &config, Interrupt &interrupt, Log &log);

}  // namespace materializer
