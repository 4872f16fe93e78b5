// For tests: a session that loads this sleeps in its commits, after others see what it did and before the server tells them of it.
#include <climits>

extern "C" {
#include <postgres.h>

#include <access/xact.h>
#include <fmgr.h>
#include <utils/guc.h>

PG_MODULE_MAGIC;

#if PG_VERSION_NUM < 160000
__attribute__((visibility("default"))) void _PG_init();
#endif
}

namespace {

int milliseconds = 0;

void on_end(XactEvent event, void *) {
  if (event == XACT_EVENT_COMMIT && milliseconds > 0) pg_usleep(milliseconds * 1000L);
}

}  // namespace

void _PG_init() {
  DefineCustomIntVariable("slow_commit.milliseconds", "How long a commit sleeps.", nullptr, &milliseconds, 0, 0, INT_MAX / 1000,
                          PGC_USERSET, 0, nullptr, nullptr, nullptr);
  RegisterXactCallback(on_end, nullptr);
}
