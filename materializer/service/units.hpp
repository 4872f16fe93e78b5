// How a leader runs its units of work: failures are recorded, and a stop ends everything at once.
#pragma once

#include <optional>
#include <string>

#include "process/process.hpp"
#include "service/failures.hpp"
#include "service/metrics.hpp"

namespace materializer {

/// A stop was requested. It is thrown between two units, so that no further unit is begun or reported.
struct Stopped {};

class Units {
 public:
  Units(const Process &process, Log &log, Metrics &metrics) : process_(process), metrics_(metrics), failures_(log) {}

  /// Runs a unit, which may be a part of its duty. Returns the error where it fails, after recording it. Throws Stopped where a
  /// stop was requested before the unit or cancelled it, and DatabaseError where the connection is lost.
  template <typename Work>
  std::optional<DatabaseError> run(const std::string &duty, const Subject &subject, Work &&work) {
    require_no_stop();
    try {
      work();
      return std::nullopt;
    } catch (const DatabaseError &error) {
      if (error.is_loss()) throw;
      require_no_stop();
      metrics_.count_failure(duty);
      failures_.meet(duty, subject, error);
      return error;
    }
  }

  /// The same with a unit that is the whole of its duty, or the last part: where it succeeds, a failure ends. Tells whether it did.
  template <typename Work>
  bool complete(const std::string &duty, const Subject &subject, Work &&work) {
    bool const well = !run(duty, subject, work);
    if (well) failures_.end(duty, subject);
    return well;
  }

  Failures &failures() { return failures_; }

 private:
  void require_no_stop() const {
    if (process_.stop_requested()) throw Stopped{};
  }

  const Process &process_;
  Metrics &metrics_;
  Failures failures_;
};

}  // namespace materializer
