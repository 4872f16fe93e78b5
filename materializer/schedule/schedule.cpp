#include "schedule/schedule.hpp"

#include <algorithm>
#include <vector>

#include "schedule/duration.hpp"

namespace materializer {
namespace {

struct Word {
  std::string text;
  std::size_t at;
};

std::vector<Word> split(const std::string &text, const char *separators, std::size_t offset, bool keep_empty) {
  std::vector<Word> words;
  std::size_t begin = 0;
  for (;;) {
    std::size_t const end = std::min(text.find_first_of(separators, begin), text.size());
    if (end > begin || keep_empty) words.push_back({text.substr(begin, end - begin), offset + begin});
    if (end == text.size()) return words;
    begin = end + 1;
  }
}

/// A field of an expression: the values and names that it may hold.
struct FieldKind {
  const char *name;
  int low;
  int high;
  std::vector<const char *> names;                              // for low, low + 1, ...
  int count() const { return high == 7 ? 7 : high - low + 1; }  // 0 and 7 are both Sunday
};

const FieldKind kFields[] = {{"minute", 0, 59, {}},
                             {"hour", 0, 23, {}},
                             {"day of month", 1, 31, {}},
                             {"month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
                             {"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
constexpr std::size_t kFieldCount = 5;

[[noreturn]] void fail(const FieldKind &kind, const std::string &problem, const Word &word) {
  throw ScheduleError(std::string(kind.name) + ": " + problem, word.at, std::max<std::size_t>(word.text.size(), 1));
}

bool is_number(const std::string &text) {
  return !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

int value_of(const FieldKind &kind, const Word &word) {
  auto const name = std::find(kind.names.begin(), kind.names.end(), lower(word.text));
  if (name != kind.names.end()) return kind.low + static_cast<int>(name - kind.names.begin());
  std::string const range = std::to_string(kind.low) + " to " + std::to_string(kind.high);
  if (word.text == "?") fail(kind, "'?' is not known here; write *", word);
  if (!is_number(word.text))
    fail(kind, "'" + word.text + "' is not a number" + (kind.names.empty() ? "" : " or a name") + " (" + range + ")", word);
  int const value = std::stoi(word.text);
  if (value < kind.low || value > kind.high) fail(kind, word.text + " is out of range (" + range + ")", word);
  return value;
}

// A step that is longer than the field would leave only its first value: */90 would run every hour.
int step_of(const FieldKind &kind, const Word &step, const Word &item) {
  if (!is_number(step.text) || std::stoi(step.text) == 0) fail(kind, "the step '" + step.text + "' is not a positive number", item);
  int const value = std::stoi(step.text);
  if (value <= kind.count()) return value;
  char const unit = &kind == &kFields[0] ? 'm' : &kind == &kFields[1] ? 'h' : '\0';
  fail(kind,
       "the step " + step.text + " is longer than the field, at most " + std::to_string(kind.count()) +
           (unit == '\0' ? "" : "; write @every " + step.text + unit),
       item);
}

// One item of a list, for example 5, mon-fri, */15 or 8-18/2.
void add_item(const FieldKind &kind, const Word &item, std::vector<bool> &values) {
  std::vector<Word> const parts = split(item.text, "/", item.at, true);
  if (parts.size() > 2) fail(kind, "more than one step in '" + item.text + "'", item);
  std::vector<Word> const bounds = split(parts[0].text, "-", parts[0].at, true);
  if (bounds.size() > 2) fail(kind, "'" + parts[0].text + "' is not a range", item);
  int low = kind.low;
  int high = kind.high;
  bool const is_range = parts[0].text == "*" || bounds.size() == 2;
  if (parts[0].text != "*") {
    low = value_of(kind, bounds[0]);
    high = value_of(kind, bounds.back());
    // A range may end with Sunday, as in fri-sun.
    if (kind.high == 7 && high == 0 && low > 0) high = 7;
  }
  if (low > high) fail(kind, "the range " + parts[0].text + " runs backwards", item);
  int step = 1;
  if (parts.size() == 2) {
    if (!is_range) fail(kind, "a step needs a range or *, as in */" + parts[1].text, item);
    step = step_of(kind, parts[1], item);
  }
  for (int value = low; value <= high; value += step) values[static_cast<std::size_t>(value)] = true;
}

std::vector<bool> values_of(const FieldKind &kind, const Word &field) {
  std::vector<bool> values(static_cast<std::size_t>(kind.high) + 1);
  for (const Word &item : split(field.text, ",", field.at, true)) {
    if (item.text.empty())
      fail(kind, "an item of the list is empty", {item.text, std::min(item.at, field.at + field.text.size() - 1)});
    add_item(kind, item, values);
  }
  return values;
}

template <std::size_t n>
std::bitset<n> bits_of(const std::vector<bool> &values) {
  std::bitset<n> bits;
  for (std::size_t i = 0; i < values.size(); i++)
    if (values[i]) bits.set(i % n);
  return bits;
}

struct Macro {
  const char *name;
  const char *meaning;
};
constexpr Macro kMacros[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
                             {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
                             {"@hourly", "0 * * * *"}};

Time parse_every(const std::vector<Word> &words) {
  if (words.size() != 2)
    throw ScheduleError("@every needs one duration, as in @every 30s", words[0].at,
                        words.size() < 2 ? words[0].text.size() : words.back().at + words.back().text.size() - words[0].at);
  std::optional<std::int64_t> const every = parse_duration(words[1].text);
  if (!every || *every == 0)
    throw ScheduleError("'" + words[1].text + "' is not a duration such as 30s, 5m or 1h30m", words[1].at, words[1].text.size());
  return *every;
}

constexpr int kLongestMonth[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

bool ever_comes(const std::bitset<32> &days, const std::bitset<13> &months) {
  for (std::size_t month = 1; month <= 12; month++)
    for (int day = 1; day <= kLongestMonth[month]; day++)
      if (months[month] && days[static_cast<std::size_t>(day)]) return true;
  return false;
}

// Throws where an expression is of a form that only other programs know, and tells which form or option means the same here.
void refuse_foreign_forms(const std::vector<Word> &words) {
  const Word &first = words[0];
  std::size_t const equals = first.text.find('=');
  std::string const variable = lower(first.text.substr(0, std::min(equals, first.text.size())));
  if (equals != std::string::npos && (variable == "cron_tz" || variable == "tz")) {
    std::string const zone = first.text.substr(equals + 1);
    throw ScheduleError("the zone of cron expressions is given by --time-zone" + (zone.empty() ? "" : " " + zone), first.at,
                        first.text.size());
  }
  std::size_t const end = words.back().at + words.back().text.size();
  std::string const unit = words.size() == 2 ? lower(words[1].text) : "";
  for (const char *const known : {"second", "minute", "hour", "day", "week"})
    if (is_number(first.text) && (unit == known || unit == std::string(known) + "s"))
      throw ScheduleError("an interval is written @every " + first.text + known[0], first.at, end - first.at);
  bool const says_every = words.size() == 2 && lower(first.text) == "every";
  const Word &length = says_every ? words[1] : first;
  if ((says_every || words.size() == 1) && parse_duration(length.text))
    throw ScheduleError("an interval is written @every " + length.text, first.at, end - first.at);
  if (words.size() > kFieldCount)
    throw ScheduleError("more than five fields; there are no seconds, but @every 30s, and no year", words[kFieldCount].at,
                        words[kFieldCount].text.size());
}

}  // namespace

Schedule Schedule::parse(const std::string &text) {
  std::vector<Word> words = split(text, " \t", 0, false);
  if (words.empty()) throw ScheduleError("the expression is empty", 0, 1);
  Schedule schedule;
  if (lower(words[0].text) == "@every") {
    schedule.every_ = parse_every(words);
    return schedule;
  }
  if (words[0].text[0] == '@') {
    std::string const name = lower(words[0].text);
    if (words.size() > 1) throw ScheduleError("nothing may follow " + name, words[1].at, words[1].text.size());
    if (name == "@never") {
      schedule.never_ = true;
      return schedule;
    }
    for (const Macro &macro : kMacros)
      if (name == macro.name) return parse(macro.meaning);
    throw ScheduleError("there is no " + name + "; known are @every, @hourly, @daily, @weekly, @monthly, @yearly and @never",
                        words[0].at, words[0].text.size());
  }
  refuse_foreign_forms(words);
  if (words.size() < kFieldCount)
    throw ScheduleError(std::string("the field ") + kFields[words.size()].name + " is missing; five are needed", text.size(), 1);
  schedule.minutes_ = bits_of<60>(values_of(kFields[0], words[0]));
  schedule.hours_ = bits_of<24>(values_of(kFields[1], words[1]));
  schedule.days_ = bits_of<32>(values_of(kFields[2], words[2]));
  schedule.months_ = bits_of<13>(values_of(kFields[3], words[3]));
  schedule.weekdays_ = bits_of<7>(values_of(kFields[4], words[4]));
  schedule.any_day_ = words[2].text[0] == '*';
  schedule.any_weekday_ = words[4].text[0] == '*';
  if (schedule.any_weekday_ && !ever_comes(schedule.days_, schedule.months_))
    throw ScheduleError("day of month: no such day in any of the months", words[2].at, words[2].text.size());
  return schedule;
}

bool Schedule::is_due_on(std::int64_t day) const {
  Date const date = date_of(day);
  if (!months_[static_cast<std::size_t>(date.month)]) return false;
  bool const by_day = days_[static_cast<std::size_t>(date.day)];
  bool const by_weekday = weekdays_[static_cast<std::size_t>(weekday_of(day))];
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<Time> Schedule::next(Time after, const Zone &zone) const {
  if (never_) return std::nullopt;
  if (every_ > 0) return (floor_div(after, every_) + 1) * every_;
  return hours_.all() ? next_by_real_time(after, zone) : next_by_clock(after, zone);
}

namespace {
// How far ahead the next day is looked for. 29 February may be eight years away, and 29 February on a given weekday forty.
constexpr std::int64_t kDaysAhead = std::int64_t{41} * 366;
// By how much days that do not match are passed over. Clocks change only at whole quarter hours UTC.
constexpr Time kQuarter = 900;
}  // namespace

std::optional<Time> Schedule::next_by_real_time(Time after, const Zone &zone) const {
  Time const last = after + kDaysAhead * kDay;
  for (Time t = (floor_div(after, kMinute) + 1) * kMinute; t < last;) {
    Time const local = t + zone.offset_at(t);
    std::int64_t const day = floor_div(local, kDay);
    if (!is_due_on(day)) {
      t = (floor_div(t, kQuarter) + 1) * kQuarter;
      continue;
    }
    if (minutes_[static_cast<std::size_t>((local - day * kDay) / kMinute % 60)]) return t;
    t += kMinute;
  }
  return std::nullopt;
}

std::optional<Time> Schedule::next_by_clock(Time after, const Zone &zone) const {
  std::int64_t const today = floor_div(after + zone.offset_at(after), kDay);
  for (std::int64_t day = today - 1; day < today + kDaysAhead; day++) {
    if (!is_due_on(day)) continue;
    for (Time hour = 0; hour < 24; hour++) {
      if (!hours_[static_cast<std::size_t>(hour)]) continue;
      for (Time minute = 0; minute < 60; minute++) {
        if (!minutes_[static_cast<std::size_t>(minute)]) continue;
        Time const moment = zone.moment_of(day * kDay + hour * kHour + minute * kMinute);
        if (moment > after) return moment;
      }
    }
  }
  return std::nullopt;
}

double Backoff::next(double chance) {
  double const pause = pause_;
  pause_ = std::min(pause_ * 2, kLongest);
  return pause * (0.5 + chance / 2);
}

}  // namespace materializer
