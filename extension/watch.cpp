#include "watch.hpp"

#include "sql.hpp"

extern "C" {
#include <commands/event_trigger.h>
}

namespace reseller_report {

int OwnDdl::depth_ = 0;

RESELLER_REPORT_FUNCTION(reseller_report_ddl_command_end) {
  if (!CALLED_AS_EVENT_TRIGGER(fcinfo)) throw Error("39P03", "reseller_report._ddl_command_end must be called as an event trigger");
  if (OwnDdl::under_way() || !OidIsValid(own_relation("source"))) return PointerGetDatum(nullptr);
  auto const *const data = reinterpret_cast<const EventTriggerData *>(fcinfo->context);
  SqlParameters parameters;
  pg([&] { parameters.add(TEXTOID, CStringGetTextDatum(GetCommandTagName(data->tag))); });
  OwnDdl const guard;
  ActingAs const owner(extension_owner());
  execute("SELECT reseller_report._follow_ddl($1)", parameters);
  return PointerGetDatum(nullptr);
}

}  // namespace reseller_report
