#include "source/unseen.hpp"

#include <optional>

#include "locks/lease.hpp"
#include "server/acting_as.hpp"
#include "server/own_ddl.hpp"
#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/subtransaction.hpp"
#include "source/follow_leaves.hpp"
#include "source/location.hpp"

namespace reseller_report {
namespace {

void follow_at_once(const Source &source) {
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  owner.set("lock_timeout", "1ms");
  follow_leaves(source.id, source.relid, Leaves::kUnseen);
}

}  // namespace

void follow_strangers(const std::vector<Source> &sources) {
  for (const Source &source : sources) {
    if (!source.has_strangers) continue;
    Subtransaction const attempt;
    try {
      follow_at_once(source);
      attempt.release();
    } catch (const PgError &error) {
      attempt.roll_back();
      if (error.data->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE) throw;
    } catch (...) {
      attempt.roll_back();
      throw;
    }
  }
}

void follow_unseen() {
  std::vector<Source> sources;
  Patience patience;
  for (const SourceState &state : source_states()) {
    auto const lock = [&](Oid table) { return patience.lock({table, AccessShareLock}); };
    if (std::optional<Source> source = try_source(state.id, lock)) sources.push_back(std::move(*source));
  }
  follow_strangers(sources);
  if (!is_registry_stale()) return;
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  for (const RegistryRow &row : registry_now())
    if (is_noted(row.id) && !OidIsValid(table_of(row))) forget_source(row);
  execute("SELECT reseller_report._follow_names()", {});
}

}  // namespace reseller_report
