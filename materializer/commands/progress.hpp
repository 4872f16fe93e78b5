// How far a long command has come, in words and as a bar. Reads no clock: every function is given the time.
#pragma once

#include <cstddef>
#include <string>

namespace materializer {

class Progress {
 public:
  /// `begun` and later times are in seconds of any clock.
  Progress(std::size_t total, double begun) : total_(total), begun_(begun) {}

  void advance() { done_++; }

  /// The seconds that the rest will take if it goes on at the same pace. Negative before the first slice.
  double remaining(double now) const;

  /// For a log: `12 of 80 slices, 15%, 2m 5s left`.
  std::string line(double now) const;

  /// For a terminal: a bar before the line.
  std::string bar(double now) const;

 private:
  std::size_t total_;
  std::size_t done_ = 0;
  double begun_;
};

}  // namespace materializer
