// Lengths of time as options write them: 30s, 5m, 12h, 400d, 2w, 1h30m.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace materializer {

/// The seconds of a duration. Nothing where the text is none, or is longer than a thousand years.
std::optional<std::int64_t> parse_duration(const std::string &text);

/// A duration in its two largest units, rounded down: 2d 3h, 1m 5s, 0s.
std::string say_duration(std::int64_t seconds);

}  // namespace materializer
