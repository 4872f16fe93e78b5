// What Prometheus reads. The only room that knows prometheus-cpp.
#pragma once

#include <memory>
#include <string>

#include "commands/status.hpp"

namespace materializer {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics &) = delete;
  Metrics &operator=(const Metrics &) = delete;

  /// Serves them at `address`, or nowhere where it is empty. Throws std::exception when the address cannot be had; what was
  /// served before still is.
  void listen(const std::string &address);

  void count_run(double seconds);
  void count_failure(const std::string &task);
  void count_fold(double deltas, double summary_rows);
  void count_slice();
  void count_verification(double differences);
  void set_connected(bool connected);
  void set_leading(bool leading);
  void set_figures(const Figures &figures);

  /// The figures are no longer known: this instance does not lead.
  void forget_figures();

 private:
  struct Registered;
  std::unique_ptr<Registered> registered_;
};

}  // namespace materializer
