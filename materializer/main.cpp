// Reads the configuration, runs the command, and ends the program with the command's exit status.

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <iostream>

#include "commands/commands.hpp"
#include "config/config.hpp"
#include "database/server_extension.hpp"
#include "process/exit_status.hpp"
#include "process/interrupt.hpp"
#include "process/log.hpp"
#include "service/service.hpp"

namespace materializer {
namespace {

Config configuration(int argc, char **argv) {
  Config config = read_config(argc, argv, environ);
  if (std::optional<std::string> const problem = problem_of(config.dsn))
    throw UsageError(std::string("--") + option::kDsn + ": " + *problem);
  return config;
}

ExitStatus run_command(int argc, char **argv, const Config &config, Interrupt &interrupt, Log &log) {
  Connect const connect = [&](const Config &current) { return std::make_unique<ServerExtension>(current, interrupt, log); };
  switch (config.command) {
    case Command::kRun:
      return Service(
                 config, [argc, argv] { return configuration(argc, argv); }, connect, interrupt, log)
          .run();
    case Command::kOnce:
      return run_once(config, connect, interrupt, log);
    case Command::kStatus:
      return run_status(config, connect);
    case Command::kRebuild:
      return run_rebuild(config, connect, interrupt, log);
    case Command::kVerify:
      return run_verify(config, connect, interrupt, log);
    case Command::kPrune:
      return run_prune(config, connect, interrupt, log);
    case Command::kStatement:
      return run_statement(config, connect, interrupt, log);
    case Command::kHelp:
    case Command::kVersion:
      break;
  }
  return ExitStatus::kDone;
}

ExitStatus print_usage_error(const UsageError &error) {
  std::fprintf(stderr, "reseller-materializer: %s\nTry: reseller-materializer --help\n", error.what());
  return ExitStatus::kUsage;
}

ExitStatus print(const std::string &text) { return std::fputs(text.c_str(), stdout) < 0 ? ExitStatus::kFailed : ExitStatus::kDone; }

ExitStatus run(int argc, char **argv) {
  Config config;
  try {
    config = configuration(argc, argv);
  } catch (const UsageError &error) {
    return print_usage_error(error);
  }
  if (config.command == Command::kHelp) return print(config.help);
  if (config.command == Command::kVersion) return print("reseller-materializer " RESELLER_REPORT_VERSION "\n");
  bool const is_service = config.command == Command::kRun;
  // A stop may be asked for while a unit of work runs that cannot be cancelled, because the server does not answer. Then the
  // process ends without it. For the service that is no failure: the unit is one transaction, which can run again later. For a
  // command it is one, because it has not done what it was called for.
  Interrupt interrupt(is_service ? ExitStatus::kDone : ExitStatus::kFailed, is_service);
  Log log(std::cerr, config.log_format, config.log_level);
  for (const std::string &warning : config.warnings) log.warning(warning);
  try {
    return run_command(argc, argv, config, interrupt, log);
  } catch (const UsageError &error) {
    return print_usage_error(error);
  } catch (const DatabaseError &error) {
    log.error("failed", {{"reason", error.what()}, {"sqlstate", error.sqlstate()}});
  } catch (const std::exception &error) {
    log.error("failed", {{"reason", error.what()}});
  }
  return ExitStatus::kFailed;
}

}  // namespace
}  // namespace materializer

int main(int argc, char **argv) { return static_cast<int>(materializer::run(argc, argv)); }
