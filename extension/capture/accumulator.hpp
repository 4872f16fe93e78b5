// The changes of this transaction that are not yet in usage_delta: a stack of tables, one a subtransaction level, so that
// a rolled back savepoint takes its changes with it.
#pragma once

#include "core/change.hpp"
#include "server/boundary.hpp"

namespace reseller_report::accumulator {

/// Adds `sign` times `counters` at the current level. Past the cap the level is flushed.
void change(const UsageKey &key, const Counters &counters, int sign);

/// Whether changes of an enclosing subtransaction or transaction wait unflushed.
bool parents_have_changes();

/// Whether what is captured so far may differ from what `snapshot` sees: then summary + delta do not answer for it.
bool is_ahead_of(Snapshot snapshot);

using Visitor = void (*)(void *state, const UsageKey &key, const Counters &counters);
void visit(Visitor visitor, void *state);

/// Hands each unflushed change to `f(key, counters)`; a key may come once a level.
template <typename F>
void for_each(F &&f) {
  visit([](void *state, const UsageKey &key, const Counters &counters) { (*static_cast<F *>(state))(key, counters); }, &f);
}

/// Registers the transaction callbacks; called once, when the library is loaded.
void initialize();

}  // namespace reseller_report::accumulator
