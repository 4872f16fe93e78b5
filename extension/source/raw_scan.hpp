// Reading usage from the raw tables.
#pragma once

#include <vector>

#include "source/registry.hpp"
#include "source/usage_reader.hpp"

namespace reseller_report {

/// Receives one usage event; may throw.
using UsageHandler = void (*)(void *state, const Usage &usage);

/// Decides by the company and the moment of a row whether the rest of it is read. Reading the rest may raise an error that shows
/// values of the row, and only a caller who may see the row may see that error. Must not throw.
struct RowFilter {
  bool (*wants)(const void *state, std::int64_t company, Time moment);
  const void *state;
};

/// Hands on the usage of `source` in `range`, in the active snapshot, reading as the table's owner. When `companies` is
/// given, only theirs; when there is a filter, only rows that it wants.
void read_raw(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, const RowFilter &filter,
              UsageHandler handler, void *state);

/// From the first to after the last moment of the raw rows of `source` in `range`; empty where there are none. Rows of infinite
/// moments do not count, but rows that are not usage do.
Range raw_extent(const Source &source, const Range &range);

template <typename F>
UsageHandler handler_of(F &) {
  return [](void *state, const Usage &usage) { (*static_cast<F *>(state))(usage); };
}

template <typename F>
void for_raw_usage(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, F &&f) {
  read_raw(source, range, companies, {}, handler_of(f), &f);
}

/// The same, but only of rows of which `wants(company, moment)` is true.
template <typename Wants, typename F>
void for_raw_usage(const Source &source, const Range &range, const std::vector<std::int64_t> *companies, const Wants &wants,
                   F &&f) {
  RowFilter const filter = {
      [](const void *state, std::int64_t company, Time moment) { return (*static_cast<const Wants *>(state))(company, moment); },
      &wants};
  read_raw(source, range, companies, filter, handler_of(f), &f);
}

}  // namespace reseller_report
