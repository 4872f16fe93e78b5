// Folding what is pending.
#pragma once

#include <cstdint>

#include "database/session.hpp"

namespace materializer {

struct Folded {
  std::int64_t deltas = 0;
  std::int64_t summary_rows = 0;

  Folded &operator+=(const Folded &more) {
    deltas += more.deltas;
    summary_rows += more.summary_rows;
    return *this;
  }
};

/// One fold, a transaction of its own. One that takes less than `max_deltas` has left nothing, or nothing that pays.
Folded fold(Session &session, std::int64_t max_deltas, bool only_what_pays);

/// The command `once`.
int run_once(const Config &config, Interrupt &interrupt, Log &log);

}  // namespace materializer
