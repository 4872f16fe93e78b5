// Reading usage from the raw tables.
#pragma once

#include <vector>

#include "row.hpp"
#include "source.hpp"
#include "sql.hpp"

namespace reseller_report {

/// Receives one usage event; may throw.
using UsageHandler = void (*)(void *state, const Usage &usage);

/// Hands on the usage of `source` in `range`, in the active snapshot, reading as the table's owner. When `companies` is
/// given, only theirs; a caller that passes none filters itself.
void read_raw(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, UsageHandler handler,
              void *state);

template <typename F>
void for_raw_usage(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, F &&f) {
  read_raw(
      source, range, companies, [](void *state, const Usage &usage) { (*static_cast<F *>(state))(usage); }, &f);
}

}  // namespace reseller_report
