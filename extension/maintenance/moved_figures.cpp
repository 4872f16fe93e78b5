#include "maintenance/moved_figures.hpp"

namespace reseller_report {

void write_moves(const UsageKey &key, const WideCounters &counters, const std::vector<Move> &moves, Time now, RunWriter &writer) {
  for (const Move &move : moves) {
    if (!move.range.contains(key.bucket)) continue;
    Change change = {{{{key.source, move.reseller, key.item}, key.bucket}, key.company}, {}};
    WideCounters rest = counters;
    for (change.counters = rest.take(move.sign); !change.counters.is_zero(); change.counters = rest.take(move.sign))
      writer.add(change, now);
  }
}

}  // namespace reseller_report
