// A point of failure before every call that the extension makes to the server: linked into a test build of the library by
// tests/fault/build-points, whose stubs come through here. The SQL functions of schema fault count calls by call site, and choose
// the one at which something happens.
#include <csignal>
#include <cstdint>
#include <unistd.h>

#include "server/boundary.hpp"

namespace {

enum class Fault { kOff, kCount, kError, kFatal, kKill, kImmediate, kPostmaster };

struct Site {
  const void *caller;  // where the call returns to; null: not used
  const char *callee;
  std::int64_t calls;
};

constexpr std::size_t kSites = 8192;  // a power of two, several times what the library has
Site sites[kSites];
Fault mode = Fault::kOff;
std::int64_t chosen_site = 0;
std::int64_t calls_to_go = 0;
bool happened = false;

const char *base() { return reinterpret_cast<const char *>(&sites); }

// An ERROR is raised only where the server itself could raise one.
bool can_fail() { return IsTransactionState() && CritSectionCount == 0; }

void count(const void *caller, const char *callee) {
  for (std::size_t i = reinterpret_cast<std::uintptr_t>(caller) * 0x9e3779b97f4a7c15ULL >> 51;; i++) {
    Site &site = sites[i % kSites];
    if (site.caller == nullptr) site = {caller, callee, 0};
    if (site.caller != caller) continue;
    site.calls++;
    return;
  }
}

void happen(const char *callee) {
  Fault const what = mode;
  mode = Fault::kOff;
  happened = true;
  if (what == Fault::kError || what == Fault::kFatal)
    ereport(what == Fault::kError ? ERROR : FATAL, (errmsg("%s failed at a chosen point", callee)));
  if (what == Fault::kImmediate) kill(PostmasterPid, SIGQUIT);
  if (what == Fault::kPostmaster) kill(PostmasterPid, SIGKILL);
  if (what != Fault::kImmediate) kill(getpid(), SIGKILL);
  for (;;) pause();
}

}  // namespace

extern "C" void reseller_report_fault_point(const char *callee, const char *caller) {
  if (mode == Fault::kOff) return;
  if (mode == Fault::kCount) {
    if (can_fail()) count(caller, callee);
  } else if (caller - base() == chosen_site && can_fail() && --calls_to_go == 0) {
    happen(callee);
  }
}

/// fault.count(): begins to count.
RESELLER_REPORT_FUNCTION(fault_count) {
  for (Site &site : sites) site = {};
  mode = Fault::kCount;
  return Datum{0};
}

/// fault.sites(): ends counting; the call sites reached since, with what they call and how often.
RESELLER_REPORT_FUNCTION(fault_sites) {
  mode = Fault::kOff;
  InitMaterializedSRF(fcinfo, 0);
  auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
  for (const Site &site : sites) {
    if (site.caller == nullptr) continue;
    Datum values[] = {Int64GetDatum(static_cast<const char *>(site.caller) - base()), CStringGetTextDatum(site.callee),
                      Int64GetDatum(site.calls)};
    bool nulls[] = {false, false, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  }
  return Datum{0};
}

/// fault.arm(mode, site, call): at that call of that site, once, what mode says.
RESELLER_REPORT_FUNCTION(fault_arm) {
  chosen_site = PG_GETARG_INT64(1);
  calls_to_go = PG_GETARG_INT64(2);
  happened = false;
  mode = static_cast<Fault>(PG_GETARG_INT32(0));
  return Datum{0};
}

/// fault.disarm(): whether it happened.
RESELLER_REPORT_FUNCTION(fault_disarm) {
  mode = Fault::kOff;
  PG_RETURN_BOOL(happened);
}
