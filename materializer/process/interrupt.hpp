// The real process: its clocks, its signals and its watchdog. A thread of its own receives the signals: SIGTERM and SIGINT ask for
// a stop, SIGHUP for a reload. The unit of work that runs when a stop is asked for gets a moment to finish, then it is cancelled,
// then the process ends without it. That is safe because every unit is one transaction, which can simply run again.
#pragma once

#include <csignal>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

#include "process/exit_status.hpp"
#include "process/process.hpp"

namespace materializer {

class Interrupt final : public Process {
 public:
  /// Construct it before any other thread: it blocks the signals for the threads that are made after it. `when_stuck` is the exit
  /// status when a stop is asked for and the unit cannot even be cancelled, because the server does not answer. Without `reloads`
  /// SIGHUP keeps its usual meaning.
  Interrupt(ExitStatus when_stuck, bool reloads);
  ~Interrupt() override;

  std::int64_t now() const override;
  double seconds() const override;
  double chance() override;
  bool stop_requested() const override;
  bool take_reload() override;
  void sleep(double seconds) override;
  void alive_for(std::chrono::seconds allowance) override;
  bool is_alive() const override;
  void tell_systemd(const std::string &state) override;

  /// How to cancel the unit that runs. Holds until the next call.
  void set_canceller(std::function<void()> cancel);

 private:
  using Clock = std::chrono::steady_clock;

  void watch();
  void receive(int signal);
  void hurry_the_stop();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  bool reload_ = false;
  bool ended_ = false;
  bool cancelled_ = false;
  int stops_ = 0;
  Clock::time_point stop_at_;
  Clock::time_point alive_until_;
  std::function<void()> cancel_;
  std::mt19937_64 random_{std::random_device{}()};
  ExitStatus const when_stuck_;
  sigset_t const signals_;
  std::thread thread_;
};

}  // namespace materializer
