// The changes of this transaction that are not in usage_delta yet. They are kept in a stack of tables, one for each
// subtransaction that captures, so that a savepoint that is rolled back takes its changes with it.
#pragma once

#include "core/change.hpp"
#include "server/boundary.hpp"

namespace reseller_report::accumulator {

/// Adds `sign` times `counters` in the current subtransaction. Past the cap its table is flushed.
void change(const UsageKey &key, const Counters &counters, int sign);

/// Whether changes of an enclosing subtransaction or transaction wait unflushed.
bool parents_have_changes();

/// Whether this transaction may have captured changes that `snapshot` does not see. Then summaries and deltas do not match that
/// snapshot.
bool is_ahead_of(Snapshot snapshot);

using Visitor = void (*)(void *state, const UsageKey &key, const Counters &counters);
void visit(Visitor visitor, void *state);

/// Hands each unflushed change to `f(key, counters)`. A key may come several times, once from each subtransaction.
template <typename F>
void for_each(F &&f) {
  visit([](void *state, const UsageKey &key, const Counters &counters) { (*static_cast<F *>(state))(key, counters); }, &f);
}

/// Registers the transaction callbacks; called once, when the library is loaded.
void initialize();

}  // namespace reseller_report::accumulator
