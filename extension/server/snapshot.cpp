#include "server/snapshot.hpp"

#include <algorithm>
#include <tuple>

namespace reseller_report {

View::View(Snapshot snapshot) {
  if (snapshot->snapshot_type != SNAPSHOT_MVCC) return;
  transaction_ = local_transaction();
  savepoint_ = GetCurrentSubTransactionId();
  command_ = snapshot->curcid;
  xmin_ = snapshot->xmin;
  xmax_ = snapshot->xmax;
  running_.assign(snapshot->xip, snapshot->xip + snapshot->xcnt);
  // Where there were too many savepoints to list, a copy of a snapshot has none of the list, but keeps its length. What began in
  // savepoints is then told by pg_subtrans alone.
  if (!snapshot->suboverflowed || snapshot->takenDuringRecovery)
    running_.insert(running_.end(), snapshot->subxip, snapshot->subxip + std::max(snapshot->subxcnt, 0));
  is_overflowed_ = snapshot->suboverflowed;
  is_of_standby_ = snapshot->takenDuringRecovery;
}

bool View::operator==(const View &other) const {
  auto const all = [](const View &view) {
    return std::tie(view.transaction_, view.savepoint_, view.command_, view.xmin_, view.xmax_, view.running_, view.is_overflowed_,
                    view.is_of_standby_);
  };
  return transaction_ != InvalidLocalTransactionId && all(*this) == all(other);
}

Snapshot ActiveSnapshot::fresh() {
  Snapshot snapshot = nullptr;
  pg([&] { snapshot = GetTransactionSnapshot(); });
  return snapshot;
}

}  // namespace reseller_report
