// What Prometheus reads. Only this file knows prometheus-cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "database/extension.hpp"

namespace materializer {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics &) = delete;
  Metrics &operator=(const Metrics &) = delete;

  /// Serves the metrics at `address`, or nowhere where it is empty. Throws std::exception where the address cannot be listened at;
  /// then they stay where they were served before.
  void listen(const std::string &address);

  /// A round of folds ended well.
  void count_round(double seconds);
  void count_failure(const std::string &duty);
  void count_fold(double deltas, double summary_rows);
  void count_slice();
  void count_verification(double differences);
  void set_connected(bool connected);
  void set_leading(bool leading);
  void set_state(const State &state);
  void set_replications(const std::vector<Replication> &replications);

  /// This instance does not lead, so it does not know the state of the database: its gauges are NaN, and of replication there are
  /// none.
  void forget_state();

 private:
  struct Registered;
  std::unique_ptr<Registered> registered_;
};

}  // namespace materializer
