#include "commands/progress.hpp"

#include <cmath>

#include "schedule/duration.hpp"

namespace materializer {
namespace {

constexpr std::size_t kBarWidth = 30;

}  // namespace

double Progress::remaining(double now) const {
  if (done_ == 0) return -1;
  return (now - begun_) / static_cast<double>(done_) * static_cast<double>(total_ - done_);
}

std::string Progress::line(double now) const {
  std::size_t const percent = total_ == 0 ? 100 : done_ * 100 / total_;
  double const left = remaining(now);
  return std::to_string(done_) + " of " + std::to_string(total_) + " slices, " + std::to_string(percent) + "%" +
         (left < 0 || done_ == total_ ? "" : ", " + say_duration(std::llround(left)) + " left");
}

std::string Progress::bar(double now) const {
  std::size_t const filled = total_ == 0 ? kBarWidth : done_ * kBarWidth / total_;
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "] " + line(now);
}

}  // namespace materializer
