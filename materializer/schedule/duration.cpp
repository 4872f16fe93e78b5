#include "schedule/duration.hpp"

namespace materializer {
namespace {

struct Unit {
  char name;
  std::int64_t seconds;
};
constexpr Unit kUnits[] = {{'w', 604'800}, {'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}};
constexpr std::int64_t kLongest = std::int64_t{1000} * 366 * 86'400;

std::int64_t seconds_of(char unit) {
  for (const Unit &u : kUnits)
    if (u.name == unit) return u.seconds;
  return 0;
}

}  // namespace

std::optional<std::int64_t> parse_duration(const std::string &text) {
  std::int64_t total = 0;
  std::size_t at = 0;
  if (text.empty()) return std::nullopt;
  while (at < text.size()) {
    std::int64_t number = 0;
    std::size_t const begin = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; at++) {
      number = number * 10 + (text[at] - '0');
      if (number > kLongest) return std::nullopt;
    }
    std::int64_t const unit = at < text.size() ? seconds_of(text[at]) : 0;
    if (at == begin || unit == 0 || number > kLongest / unit) return std::nullopt;
    total += number * unit;
    if (total > kLongest) return std::nullopt;
    at++;
  }
  return total;
}

std::string say_duration(std::int64_t seconds) {
  std::string said;
  int units = 0;
  for (const Unit &unit : kUnits) {
    if (unit.name == 'w') continue;
    std::int64_t const count = seconds / unit.seconds;
    if (count > 0) {
      said += (said.empty() ? "" : " ") + std::to_string(count) + unit.name;
      seconds -= count * unit.seconds;
    }
    if (!said.empty() && ++units == 2) break;
  }
  return said.empty() ? "0s" : said;
}

}  // namespace materializer
