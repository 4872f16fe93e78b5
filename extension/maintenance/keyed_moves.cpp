#include "maintenance/keyed_moves.hpp"

namespace reseller_report {

void write_moves(const UsageKey &key, const WideCounters &counters, const std::vector<Move> &moves, Time now, DeltaWriter &writer) {
  Delta delta = {};
  static_cast<UsageKey &>(delta) = key;
  delta.keyed = true;
  delta.recorded_at = now;
  for (const Move &move : moves) {
    if (!move.range.contains(delta.bucket)) continue;
    delta.reseller = move.reseller;
    WideCounters rest = counters;
    for (delta.counters = rest.take(move.sign); !delta.counters.is_zero(); delta.counters = rest.take(move.sign))
      writer.write(delta);
  }
}

}  // namespace reseller_report
