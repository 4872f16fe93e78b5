// What Prometheus reads, and what asks whether the service is alive and ready. Only this file knows prometheus-cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "database/extension.hpp"

namespace materializer {

class Metrics {
 public:
  /// `is_alive` tells whether the service goes on with its work. Other threads call it.
  explicit Metrics(std::function<bool()> is_alive);
  ~Metrics();
  Metrics(const Metrics &) = delete;
  Metrics &operator=(const Metrics &) = delete;

  /// Serves /metrics, /healthz and /readyz at `address`, or nowhere where it is empty. Throws std::exception where the address
  /// cannot be listened at; then they stay where they were served before.
  void listen(const std::string &address);

  /// A round of folds ended well.
  void count_round(double seconds);
  void count_failure(const std::string &duty);
  void count_fold(double deltas, double summary_rows);
  void count_slice();
  void count_verification(double differences);
  void set_connected(bool connected);

  /// Whether the service is connected to a server with which it can work, and its state for people.
  void set_ready(bool ready, const std::string &state);
  void set_leading(bool leading);
  void set_state(const State &state);
  void set_open_corrections(const Corrections &corrections);
  void set_replications(const std::vector<Replication> &replications);

  /// This instance does not lead, so it does not know the state of the database: its gauges are NaN, and of replication there are
  /// none.
  void forget_state();

 private:
  struct Registered;
  std::unique_ptr<Registered> registered_;
};

}  // namespace materializer
