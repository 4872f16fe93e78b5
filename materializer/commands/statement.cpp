#include <cstdio>

#include "commands/commands.hpp"

namespace materializer {
namespace {

// The number of the statement that bills the same; empty where there is none.
std::string number_in_force(Extension &extension, const Config &config, const Bill &bill) {
  std::vector<Bill> const now = extension.bills(config.month, bill.reseller);
  return now.empty() ? "" : now.front().number;
}

// Another run may have issued the statement since the bills were listed. Then it is left as it is.
std::string issue(Extension &extension, const Config &config, const Bill &bill) {
  try {
    std::optional<std::string> const number = extension.issue_statement(bill, config.reseller.empty());
    return number ? "issued statement " + *number : "";
  } catch (const DatabaseError &error) {
    std::string const number = error.sqlstate() == "23P01" ? number_in_force(extension, config, bill) : "";
    if (number.empty()) throw;
    return "statement " + number + " was issued already";
  }
}

}  // namespace

ExitStatus run_statement(const Config &config, const Connect &connect, const Process &process, Log &log) {
  std::unique_ptr<Extension> const extension = connect_to_ready(connect, config);
  ExitStatus status = ExitStatus::kDone;
  for (const Bill &bill : extension->bills(config.month, config.reseller)) {
    if (process.stop_requested()) return ExitStatus::kFailed;
    try {
      std::string const done =
          bill.number.empty() ? issue(*extension, config, bill) : "statement " + bill.number + " was issued already";
      if (!done.empty())
        std::printf("reseller %s, %s to %s: %s\n", bill.reseller.c_str(), bill.from.c_str(), bill.to.c_str(), done.c_str());
    } catch (const DatabaseError &error) {
      if (error.is_loss() || process.stop_requested()) throw;
      log.error("not issued", {{"reseller", bill.reseller}, {"reason", error.what()}, {"sqlstate", error.sqlstate()}});
      status = ExitStatus::kFailed;
    }
  }
  return status;
}

}  // namespace materializer
