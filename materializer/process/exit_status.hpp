// How the program ends.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace materializer {

enum class ExitStatus {
  kDone = 0,
  kFailed = 1,       // or interrupted before it was done
  kUsage = 2,        // must match RestartPreventExitStatus of reseller-materializer.service
  kDifferences = 3,  // `verify` found some
};

/// For --help.
inline constexpr char kExitStatusHelp[] = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 verify found differences.\n";

/// What the user got wrong, naming the option and where it was given. The program ends with ExitStatus::kUsage.
class UsageError : public std::exception {
 public:
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  const char *what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

}  // namespace materializer
