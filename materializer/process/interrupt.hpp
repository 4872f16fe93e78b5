// Signals and the watchdog. One thread receives the signals of the process; SIGTERM and SIGINT stop it, SIGHUP asks for a reload.
// A unit of work in hand is given a moment to finish, then cancelled, then left behind: every unit can simply run again.
#pragma once

#include <chrono>
#include <csignal>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace materializer {

using Clock = std::chrono::steady_clock;

class Interrupt {
 public:
  /// Construct it before any other thread, for signals are blocked in threads that are made later. When the work cannot even be
  /// cancelled, for the server is gone, the process ends with `status_when_stuck`.
  /// Without `reloads`, SIGHUP keeps its usual meaning.
  Interrupt(int status_when_stuck, bool reloads);
  ~Interrupt();
  Interrupt(const Interrupt &) = delete;
  Interrupt &operator=(const Interrupt &) = delete;

  bool stop_requested() const;

  /// Whether SIGHUP came since the last call.
  bool take_reload();

  /// Sleeps, but not on when a signal comes.
  void sleep_until(Clock::time_point when);

  /// Tells the watchdog that the work is alive, and within which time it will tell so again.
  void alive_for(std::chrono::seconds allowance);

  /// How to cancel the unit in hand; lasts until the next call.
  void set_canceller(std::function<void()> cancel);

  /// Tells systemd, if it started this process.
  static void tell_systemd(const std::string &state);

 private:
  void watch();
  void receive(int signal);
  void hurry_the_stop();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  bool reload_ = false;
  bool done_ = false;
  bool cancelled_ = false;
  int stops_ = 0;
  Clock::time_point stop_at_;
  Clock::time_point alive_until_;
  std::function<void()> cancel_;
  int const status_when_stuck_;
  sigset_t const signals_;
  std::thread thread_;
};

}  // namespace materializer
