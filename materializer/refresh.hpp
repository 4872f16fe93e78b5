// Folding what is pending.
#pragma once

#include <cstdint>
#include <functional>

#include "session.hpp"

namespace materializer {

struct Folded {
  std::int64_t deltas = 0;
  std::int64_t summary_rows = 0;
};

/// Folds, a transaction at a time, until what was pending is folded or a stop is requested; tells whether it is folded. A fold that
/// takes less than it may has taken all, so writers that never pause cannot keep this from ending.
bool refresh(Session &session, const Interrupt &interrupt, std::int64_t max_deltas, bool only_what_pays,
             const std::function<void(const Folded &)> &on_fold);

/// The command `once`.
int run_once(const Config &config, Interrupt &interrupt, Log &log);

}  // namespace materializer
