// Reads the configuration, runs the command, and maps the outcome to the exit status: 0 done, 1 failed, 2 usage, 3 differences.

#include <unistd.h>

#include <cstdio>
#include <exception>

#include "commands/rebuild.hpp"
#include "commands/status.hpp"
#include "config/config.hpp"
#include "service/housekeeping.hpp"
#include "service/refresh.hpp"
#include "service/service.hpp"

namespace materializer {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

Config configuration(int argc, char **argv) {
  Config config = read_config(argc, argv, environ);
  if (std::optional<std::string> const problem = problem_of(config.dsn)) throw UsageError("--dsn: " + *problem);
  return config;
}

int run_command(int argc, char **argv, const Config &config, Interrupt &interrupt, Log &log) {
  switch (config.command) {
    case Command::kRun:
      return Service(
                 config, [argc, argv] { return configuration(argc, argv); }, interrupt, log)
          .run();
    case Command::kOnce:
      return run_once(config, interrupt, log);
    case Command::kStatus:
      return run_status(config, interrupt, log);
    case Command::kRebuild:
      return run_rebuild(config, interrupt, log);
    case Command::kVerify:
      return run_verify(config, interrupt, log);
    case Command::kPrune:
      return run_prune(config, interrupt, log);
    case Command::kHelp:
    case Command::kVersion:
      break;
  }
  return kDone;
}

int tell_usage(const UsageError &error) {
  std::fprintf(stderr, "reseller-materializer: %s\nTry: reseller-materializer --help\n", error.what());
  return kUsage;
}

int run(int argc, char **argv) {
  Config config;
  try {
    config = configuration(argc, argv);
  } catch (const UsageError &error) {
    return tell_usage(error);
  }
  if (config.command == Command::kHelp) return std::fputs(config.help.c_str(), stdout) < 0 ? kFailed : kDone;
  if (config.command == Command::kVersion) return std::puts("reseller-materializer " RESELLER_REPORT_VERSION) < 0 ? kFailed : kDone;
  bool const is_service = config.command == Command::kRun;
  Interrupt interrupt(is_service ? kDone : kFailed, is_service);
  Log log(config.log_format, config.log_level);
  for (const std::string &warning : config.warnings) log.warning(warning);
  try {
    return run_command(argc, argv, config, interrupt, log);
  } catch (const UsageError &error) {
    return tell_usage(error);
  } catch (const DatabaseError &error) {
    log.error("failed", {{"reason", error.what()}, {"sqlstate", error.sqlstate()}});
  } catch (const std::exception &error) {
    log.error("failed", {{"reason", error.what()}});
  }
  return kFailed;
}

}  // namespace
}  // namespace materializer

int main(int argc, char **argv) { return materializer::run(argc, argv); }
