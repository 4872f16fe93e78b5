#include "schedule/zone.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace materializer {
namespace {

/// Reads bytes from left to right. Every read tells whether the bytes there were what it reads.
class Reader {
 public:
  explicit Reader(const std::string &bytes) : bytes_(bytes) {}

  bool skip(std::size_t count) {
    if (count > bytes_.size() - at_) return false;
    at_ += count;
    return true;
  }
  bool take(char c) { return at_ < bytes_.size() && bytes_[at_] == c && skip(1); }
  bool at_end() const { return at_ == bytes_.size(); }
  char peek() const { return at_end() ? '\0' : bytes_[at_]; }

  // A signed big-endian number of `width` bytes.
  bool number(int width, std::int64_t &value) {
    if (static_cast<std::size_t>(width) > bytes_.size() - at_) return false;
    std::uint64_t bits = (static_cast<unsigned char>(bytes_[at_]) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (int i = 0; i < width; i++) bits = bits << 8 | static_cast<unsigned char>(bytes_[at_++]);
    value = static_cast<std::int64_t>(bits);
    return true;
  }

  bool digits(Time &value) {
    if (peek() < '0' || peek() > '9') return false;
    for (value = 0; peek() >= '0' && peek() <= '9' && value < 100'000; at_++) value = value * 10 + (peek() - '0');
    return true;
  }

  std::string rest() const { return bytes_.substr(at_); }

 private:
  const std::string &bytes_;
  std::size_t at_ = 0;
};

// [+-]h[:m[:s]], in seconds.
bool read_clock(Reader &reader, Time &seconds) {
  Time const sign = reader.take('-') ? -1 : 1;
  if (sign > 0) reader.take('+');
  Time hours = 0;
  Time minutes = 0;
  Time rest = 0;
  if (!reader.digits(hours)) return false;
  if (reader.take(':') && !reader.digits(minutes)) return false;
  if (reader.take(':') && !reader.digits(rest)) return false;
  seconds = sign * (hours * kHour + minutes * kMinute + rest);
  return true;
}

bool skip_name(Reader &reader) {
  if (reader.take('<')) {
    while (reader.peek() != '>')
      if (!reader.skip(1)) return false;
    return reader.take('>');
  }
  auto const is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  if (!is_letter(reader.peek())) return false;
  while (is_letter(reader.peek())) reader.skip(1);
  return true;
}

// Mm.w.d[/clock]. Zone files use no other form of date.
bool read_yearly(Reader &reader, YearlyMoment &moment) {
  Time month = 0;
  Time week = 0;
  Time weekday = 0;
  if (!reader.take('M') || !reader.digits(month) || !reader.take('.') || !reader.digits(week) || !reader.take('.') ||
      !reader.digits(weekday))
    return false;
  moment = {static_cast<int>(month), static_cast<int>(week), static_cast<int>(weekday), 2 * kHour};
  if (month < 1 || month > 12 || week < 1 || week > 5 || weekday > 6) return false;
  return !reader.take('/') || read_clock(reader, moment.seconds);
}

// The last line of a zone file. It has the form of POSIX's TZ, in which offsets count to the west.
bool read_rule(const std::string &text, ZoneRule &rule) {
  Reader reader(text);
  Time west = 0;
  if (!skip_name(reader) || !read_clock(reader, west)) return false;
  rule.standard = -west;
  if (reader.at_end()) return true;
  rule.has_summer = true;
  if (!skip_name(reader)) return false;
  rule.summer = rule.standard + kHour;
  if (reader.peek() != ',') {
    if (!read_clock(reader, west)) return false;
    rule.summer = -west;
  }
  return reader.take(',') && read_yearly(reader, rule.begins) && reader.take(',') && read_yearly(reader, rule.ends) &&
         reader.at_end();
}

// The local time of a yearly moment, in seconds.
Time in_year(const YearlyMoment &moment, int year) {
  std::int64_t const first = days_of({year, moment.month, 1});
  std::int64_t const next = days_of({moment.month == 12 ? year + 1 : year, moment.month == 12 ? 1 : moment.month + 1, 1});
  std::int64_t day = first + (moment.weekday - weekday_of(first) + 7) % 7 + std::int64_t{7} * (moment.week - 1);
  while (day >= next) day -= 7;
  return day * kDay + moment.seconds;
}

Time offset_by(const ZoneRule &rule, Time moment) {
  if (!rule.has_summer) return rule.standard;
  int const year = date_of(floor_div(moment + rule.standard, kDay)).year;
  Time const begins = in_year(rule.begins, year) - rule.standard;
  Time const ends = in_year(rule.ends, year) - rule.summer;
  bool const is_summer = begins < ends ? begins <= moment && moment < ends : !(ends <= moment && moment < begins);
  return is_summer ? rule.summer : rule.standard;
}

struct Header {
  std::int64_t version, utc, standard, leaps, times, types, letters;
};

bool read_header(Reader &reader, Header &header) {
  for (char const c : {'T', 'Z', 'i', 'f'})
    if (!reader.take(c)) return false;
  return reader.number(1, header.version) && reader.skip(15) && reader.number(4, header.utc) && reader.number(4, header.standard) &&
         reader.number(4, header.leaps) && reader.number(4, header.times) && reader.number(4, header.types) &&
         reader.number(4, header.letters) && header.types > 0;
}

}  // namespace

std::optional<Zone> Zone::from_tzif(const std::string &bytes) {
  Reader reader(bytes);
  Header header{};
  // A zone file has everything twice: first with moments in 32 bits, which is skipped, then in 64.
  if (!read_header(reader, header) || header.version < '2' ||
      !reader.skip(static_cast<std::size_t>(header.times * 5 + header.types * 6 + header.letters + header.leaps * 8 +
                                            header.standard + header.utc)) ||
      !read_header(reader, header))
    return std::nullopt;
  Zone zone;
  std::vector<std::int64_t> kinds;
  for (std::int64_t i = 0, at = 0; i < header.times; i++) {
    if (!reader.number(8, at)) return std::nullopt;
    zone.changes_.push_back({at, 0});
  }
  for (std::int64_t i = 0, kind = 0; i < header.times; i++) {
    if (!reader.number(1, kind) || kind < 0 || kind >= header.types) return std::nullopt;
    kinds.push_back(kind);
  }
  std::vector<Time> offsets;
  for (std::int64_t i = 0, offset = 0; i < header.types; i++) {
    if (!reader.number(4, offset) || !reader.skip(2)) return std::nullopt;
    offsets.push_back(offset);
  }
  for (std::size_t i = 0; i < kinds.size(); i++) zone.changes_[i].offset = offsets[static_cast<std::size_t>(kinds[i])];
  zone.first_offset_ = offsets.front();
  if (!reader.skip(static_cast<std::size_t>(header.letters + header.leaps * 12 + header.standard + header.utc)) ||
      !reader.take('\n'))
    return std::nullopt;
  std::string const rule = reader.rest();
  if (rule.empty() || rule.back() != '\n' || !read_rule(rule.substr(0, rule.size() - 1), zone.rule_)) return std::nullopt;
  return zone;
}

std::optional<Zone> Zone::named(const std::string &name) {
  if (name == "UTC") return Zone();
  if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos) return std::nullopt;
  const char *const folder = std::getenv("TZDIR");
  std::ifstream file(std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + "/" + name, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();  // reads nothing where the name is that of a folder
  return from_tzif(bytes.str());
}

Time Zone::offset_at(Time moment) const {
  if (changes_.empty() || moment >= changes_.back().at) return offset_by(rule_, moment);
  auto const after = std::upper_bound(changes_.begin(), changes_.end(), moment, [](Time t, const Change &c) { return t < c.at; });
  return after == changes_.begin() ? first_offset_ : std::prev(after)->offset;
}

Time Zone::moment_of(Time local) const {
  // Every offset is less than a day. So one of these holds before, and the other after, any change that comes near `local`.
  Time const before = offset_at(local - kDay);
  Time const after = offset_at(local + kDay);
  Time const earlier = local - std::max(before, after);
  Time const later = local - std::min(before, after);
  for (Time const moment : {earlier, later})
    if (moment + offset_at(moment) == local) return moment;
  Time still = earlier;
  Time changed = later;
  while (changed - still > 1) {
    Time const middle = still + (changed - still) / 2;
    (offset_at(middle) == before ? still : changed) = middle;
  }
  return changed;
}

}  // namespace materializer
