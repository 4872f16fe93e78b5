// The event that an event trigger function is called for.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include <commands/event_trigger.h>
}

namespace reseller_report {

/// Raises 39P03 where the function was called by hand.
inline const EventTriggerData &event_of(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
    throw Error(sqlstate::kWrongEventTriggerCall, "an event trigger function of reseller_report was called by hand");
  return *reinterpret_cast<const EventTriggerData *>(fcinfo->context);
}

}  // namespace reseller_report
