#include "schedule/moment.hpp"

#include <cstdio>
#include <cstdlib>
#include <tuple>

namespace materializer {
namespace {

constexpr int kMicrosecondsDigits = 6;
constexpr int kMostOffsetHours = 15;  // as in PostgreSQL

/// Reads a text from left to right.
class Reader {
 public:
  explicit Reader(const std::string &text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    at_++;
    return true;
  }

  // A number from `low` to `high`, of exactly so many digits.
  bool number(std::size_t digits, int low, int high, int &value) {
    value = 0;
    if (text_.size() - at_ < digits) return false;
    for (std::size_t i = 0; i < digits; i++, at_++) {
      if (!is_digit()) return false;
      value = value * 10 + (text_[at_] - '0');
    }
    return value >= low && value <= high;
  }

  // What follows a decimal point: one to six digits, in millionths.
  bool decimals(int &value) {
    int digits = 0;
    for (value = 0; !at_end() && is_digit() && digits < kMicrosecondsDigits; at_++, digits++)
      value = value * 10 + (text_[at_] - '0');
    for (int i = digits; i < kMicrosecondsDigits; i++) value *= 10;
    return digits > 0;
  }

 private:
  bool is_digit() const { return text_[at_] >= '0' && text_[at_] <= '9'; }

  const std::string &text_;
  std::size_t at_ = 0;
};

int days_in(int year, int month) {
  Date const next = month == 12 ? Date{year + 1, 1, 1} : Date{year, month + 1, 1};
  return static_cast<int>(days_of(next) - days_of({year, month, 1}));
}

bool read_date(Reader &reader, Time &days) {
  Date date{};
  if (!reader.number(4, 1, 9999, date.year) || !reader.take('-') || !reader.number(2, 1, 12, date.month) || !reader.take('-') ||
      !reader.number(2, 1, days_in(date.year, date.month), date.day))
    return false;
  days = days_of(date);
  return true;
}

// hh:mm, hh:mm:ss or hh:mm:ss.ffffff. Neither a leap second, 23:59:60, nor the end of a day, 24:00, is accepted.
bool read_clock(Reader &reader, Moment &moment) {
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  if (!reader.number(2, 0, 23, hours) || !reader.take(':') || !reader.number(2, 0, 59, minutes)) return false;
  if (reader.take(':')) {
    if (!reader.number(2, 0, 59, seconds)) return false;
    if ((reader.take('.') || reader.take(',')) && !reader.decimals(moment.microseconds)) return false;
  }
  moment.seconds += hours * kHour + minutes * kMinute + seconds;
  return true;
}

// Z, +hh, +hhmm or +hh:mm, or UTC where the text ends.
bool read_zone(Reader &reader, Moment &moment) {
  if (reader.at_end() || reader.take('Z')) return true;
  Time const sign = reader.take('-') ? -1 : 1;
  if (sign > 0 && !reader.take('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!reader.number(2, 0, kMostOffsetHours, hours)) return false;
  if (!reader.at_end()) {
    reader.take(':');
    if (!reader.number(2, 0, 59, minutes)) return false;
  }
  moment.seconds -= sign * (hours * kHour + minutes * kMinute);
  return true;
}

}  // namespace

bool Moment::operator<(const Moment &other) const {
  return std::tie(end, seconds, microseconds) < std::tie(other.end, other.seconds, other.microseconds);
}

std::optional<Moment> parse_moment(const std::string &text) {
  if (text == "infinity" || text == "-infinity") return Moment{0, 0, text[0] == '-' ? -1 : 1};
  Reader reader(text);
  Moment moment;
  if (!read_date(reader, moment.seconds)) return std::nullopt;
  moment.seconds *= kDay;
  if (reader.at_end()) return moment;
  bool const well = (reader.take('T') || reader.take(' ')) && read_clock(reader, moment) && read_zone(reader, moment);
  // The zone may have moved a moment of the first or last day out of the years that are allowed.
  int const year = date_of(floor_div(moment.seconds, kDay)).year;
  return well && reader.at_end() && year >= 1 && year <= 9999 ? std::optional(moment) : std::nullopt;
}

std::string say_local(Time moment, Time offset) {
  Time const local = moment + offset;
  Time const day = floor_div(local, kDay);
  Time const clock = local - day * kDay;
  Date const date = date_of(day);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month, date.day,
                static_cast<int>(clock / kHour), static_cast<int>(clock / kMinute % 60), static_cast<int>(clock % kMinute));
  if (offset == 0) return std::string(text) + "Z";
  char zone[40];
  Time const east = std::abs(offset);
  std::snprintf(zone, sizeof zone, "%c%02d:%02d", offset < 0 ? '-' : '+', static_cast<int>(east / kHour),
                static_cast<int>(east / kMinute % 60));
  return std::string(text) + zone;
}

std::string say_moment(const Moment &moment) {
  if (moment.end != 0) return moment.end < 0 ? "-infinity" : "infinity";
  std::string said = say_local(moment.seconds, 0);
  if (moment.microseconds == 0) return said;
  char decimals[16];
  std::snprintf(decimals, sizeof decimals, ".%06d", moment.microseconds);
  return said.insert(said.size() - 1, decimals);
}

}  // namespace materializer
