// The process as its work sees it: the clocks, chance, and the wishes of whoever started it. An interface, so that tests bring
// clocks of their own and ask for a stop at any moment; Interrupt is the real one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace materializer {

class Process {
 public:
  Process() = default;
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;
  virtual ~Process() = default;

  /// Seconds since 1970 by the system's clock, which schedules are kept by. It may be set back.
  virtual std::int64_t now() const = 0;

  /// Seconds by a clock that is never set, to measure how long something takes.
  virtual double seconds() const = 0;

  /// A random number from [0, 1).
  virtual double chance() = 0;

  virtual bool stop_requested() const = 0;

  /// Whether somebody asked, since the last call, that the configuration be read again.
  virtual bool take_reload() = 0;

  /// Sleeps so long, but no longer than until a stop or a reload is asked for.
  virtual void sleep(double seconds) = 0;

  /// Tells the watchdog that the work is alive, and that it will say so again within `allowance`.
  virtual void alive_for(std::chrono::seconds allowance) = 0;

  /// Whether the work has said so in time, as alive_for() has promised it. Other threads may ask.
  virtual bool is_alive() const = 0;

  /// Tells systemd, if it started this process.
  virtual void tell_systemd(const std::string &state) = 0;
};

}  // namespace materializer
