// The steps that a series goes in, on a local clock. How a clock's time and UTC belong together is the zone's matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/period.hpp"

namespace reseller_report {

enum class Step : int { kHour, kDay, kWeek, kMonth, kQuarter, kYear };
inline constexpr int kSteps = 6;

/// A series has no more steps than this.
inline constexpr std::size_t kMostSeriesSteps = 100'000;

const char *step_name(Step step);

/// What a local clock shows, in the scale of Time. Infinite beyond the years that a timestamp can have.
using LocalTime = Time;

/// Where the step begins that holds a time. A week begins on Monday.
LocalTime step_start(Step step, LocalTime shown);

/// Where the step begins that is `count` steps after the one that begins at `start`; before it when `count` is negative.
LocalTime steps_after(Step step, LocalTime start, std::int64_t count);

}  // namespace reseller_report
