#include "server/snapshot.hpp"

namespace reseller_report {

Snapshot ActiveSnapshot::fresh() {
  Snapshot snapshot = nullptr;
  pg([&] { snapshot = GetTransactionSnapshot(); });
  return snapshot;
}

}  // namespace reseller_report
