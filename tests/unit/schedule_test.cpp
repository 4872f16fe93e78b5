// Schedules, zones, durations and progress, without a clock: against brute force, and against glibc's own zones.
#include "schedule/schedule.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "commands/progress.hpp"
#include "schedule/duration.hpp"

using namespace materializer;

namespace {

Time utc(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) {
  return days_of({year, month, day}) * kDay + hour * kHour + minute * kMinute + second;
}

Zone zone(const char *name) {
  std::optional<Zone> const found = Zone::named(name);
  REQUIRE_MESSAGE(found, name);
  return *found;
}

Time next(const char *expression, Time after, const Zone &in = Zone()) {
  std::optional<Time> const due = Schedule::parse(expression).next(after, in);
  REQUIRE_MESSAGE(due, expression);
  return *due;
}

/// What clocks of a zone show, by glibc: the independent witness.
class GlibcZone {
 public:
  explicit GlibcZone(const std::string &name) {
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
  }
  std::tm at(Time moment) const {
    std::tm local{};
    localtime_r(&moment, &local);
    return local;
  }
};

Time local_of(const std::tm &t) { return utc(t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec); }

/// A random expression, and by itself what it means.
struct Expression {
  std::string text;
  std::vector<bool> minutes, hours, days, months, weekdays;
  bool starred;  // days of the month or of the week begin with *

  bool every_hour() const {
    for (bool const hour : hours)
      if (!hour) return false;
    return true;
  }
  bool matches(Time local) const {
    std::int64_t const day = floor_div(local, kDay);
    Date const date = date_of(day);
    if (!months[date.month] || !minutes[local % kHour / kMinute] || !hours[(local - day * kDay) / kHour]) return false;
    bool const by_day = days[date.day], by_weekday = weekdays[weekday_of(day)];
    return starred ? by_day && by_weekday : by_day || by_weekday;
  }
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}
  int upto(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  std::string field(int low, int high, std::vector<bool> &set) {
    set.assign(high + 1, false);
    if (upto(2) == 0) {
      for (int i = low; i <= high; i++) set[i] = true;
      return "*";
    }
    if (upto(4) == 0) {
      int const step = 1 + upto(7);
      for (int i = low; i <= high; i += step) set[i] = true;
      return "*/" + std::to_string(step);
    }
    std::string text;
    for (int items = 1 + upto(3); items > 0; items--) {
      int const a = low + upto(high - low + 1), b = a + upto(high - a + 1), step = 1 + upto(4);
      bool const stepped = upto(3) == 0, single = upto(2) == 0;
      for (int i = a; i <= (single ? a : b); i += stepped && !single ? step : 1) set[i] = true;
      text += (text.empty() ? "" : ",") + std::to_string(a) +
              (single ? "" : "-" + std::to_string(b) + (stepped ? "/" + std::to_string(step) : ""));
    }
    return text;
  }

  Expression expression() {
    Expression e;
    e.text = field(0, 59, e.minutes) + " " + field(0, 23, e.hours);
    std::string const day = field(1, 31, e.days), month = field(1, 12, e.months), weekday = field(0, 6, e.weekdays);
    e.starred = day[0] == '*' || weekday[0] == '*';
    e.text += " " + day + " " + month + " " + weekday;
    return e;
  }

 private:
  std::mt19937 random_;
};

// Walks a span minute by minute. Clocks that jump show a later minute than the one after the last: what they skipped is due then.
std::vector<Time> brute_force(const Expression &e, const GlibcZone &clocks, Time from, Time to) {
  std::vector<Time> due;
  Time latest = local_of(clocks.at(from - kDay * 3));
  for (Time t = from - kDay * 3 + kMinute; t < to; t += kMinute) {
    Time const local = local_of(clocks.at(t));
    bool is_due = false;
    if (e.every_hour()) {
      is_due = e.matches(local);
    } else {
      for (Time shown = latest + kMinute; shown <= local; shown += kMinute) is_due |= e.matches(shown);
    }
    latest = std::max(latest, local);
    if (is_due && t > from) due.push_back(t);
  }
  return due;
}

void compare(const std::string &zone_name, Time from, Time to, unsigned seed) {
  Generator generator(seed);
  Zone const in = zone(zone_name.c_str());
  GlibcZone const clocks(zone_name);
  for (int round = 0; round < 60; round++) {
    Expression const e = generator.expression();
    INFO(zone_name, " ", e.text, " seed ", seed, " round ", round);
    std::optional<Schedule> schedule;
    try {
      schedule = Schedule::parse(e.text);
    } catch (const ScheduleError &error) {
      REQUIRE(std::string(error.what()).find("no such day") != std::string::npos);
      continue;
    }
    std::vector<Time> const expected = brute_force(e, clocks, from, to);
    Time at = from;
    for (Time const due : expected) {
      std::optional<Time> const got = schedule->next(at, in);
      REQUIRE(got);
      REQUIRE_EQ(*got, due);
      at = due;
    }
    std::optional<Time> const beyond = schedule->next(at, in);
    REQUIRE((!beyond || *beyond >= to));
  }
}

}  // namespace

TEST_CASE("cron expressions agree with brute force over both ends of summer time") {
  compare("UTC", utc(2024, 2, 27), utc(2024, 3, 2), 1);
  compare("Europe/Berlin", utc(2026, 3, 28), utc(2026, 3, 31), 2);
  compare("Europe/Berlin", utc(2026, 10, 24), utc(2026, 10, 27), 3);
  compare("America/New_York", utc(2026, 3, 7), utc(2026, 3, 10), 4);
  compare("America/New_York", utc(2026, 10, 31), utc(2026, 11, 3), 5);
  compare("Australia/Lord_Howe", utc(2026, 4, 3), utc(2026, 4, 6), 6);  // half an hour
  compare("Australia/Lord_Howe", utc(2026, 10, 2), utc(2026, 10, 5), 7);
  compare("Asia/Kathmandu", utc(2026, 6, 29), utc(2026, 7, 2), 8);  // +05:45
  compare("America/Nuuk", utc(2026, 3, 27), utc(2026, 3, 30), 9);   // changes on the evening before
  compare("Asia/Beirut", utc(2026, 3, 27), utc(2026, 3, 30), 10);   // changes at midnight
  compare("America/Santiago", utc(2026, 4, 3), utc(2026, 4, 6), 11);
  compare("Pacific/Apia", utc(2011, 12, 28), utc(2012, 1, 1), 12);  // skipped a whole day
  compare("Africa/Casablanca", utc(2026, 2, 13), utc(2026, 2, 17), 13);
  compare("Europe/Berlin", utc(2090, 3, 25), utc(2090, 3, 28), 14);  // beyond the listed changes
}

TEST_CASE("the first moment of summer time, and the hour that comes twice") {
  Zone const berlin = zone("Europe/Berlin");
  // 29 March 2026: 02:00 to 03:00 are skipped at 01:00 UTC.
  CHECK_EQ(next("30 2 * * *", utc(2026, 3, 28, 12), berlin), utc(2026, 3, 29, 1));
  CHECK_EQ(next("30 2 * * *", utc(2026, 3, 29, 1), berlin), utc(2026, 3, 30, 0, 30));
  CHECK_EQ(next("*/20 2 * * *", utc(2026, 3, 29, 0, 59), berlin), utc(2026, 3, 29, 1));
  CHECK_EQ(next("*/20 2 * * *", utc(2026, 3, 29, 1), berlin), utc(2026, 3, 30, 0));
  // 25 October 2026: 02:30 comes at 00:30 and at 01:30 UTC.
  CHECK_EQ(next("30 2 * * *", utc(2026, 10, 24, 12), berlin), utc(2026, 10, 25, 0, 30));
  CHECK_EQ(next("30 2 * * *", utc(2026, 10, 25, 0, 30), berlin), utc(2026, 10, 26, 1, 30));
  CHECK_EQ(next("30 * * * *", utc(2026, 10, 25, 0, 30), berlin), utc(2026, 10, 25, 1, 30));
}

TEST_CASE("dates that come seldom") {
  CHECK_EQ(next("0 0 29 2 *", utc(2096, 3, 1)), utc(2104, 2, 29));
  CHECK_EQ(next("0 0 1 jan *", utc(2026, 1, 1)), utc(2027, 1, 1));
  CHECK_EQ(next("0 12 31 * *", utc(2026, 1, 31, 12)), utc(2026, 3, 31, 12));
  CHECK_EQ(next("* * 29 FEB *", utc(2096, 3, 1)), utc(2104, 2, 29));
}

TEST_CASE("day of month and day of week: either, where neither begins with a star") {
  CHECK_EQ(next("0 0 13 * fri", utc(2026, 11, 1)), utc(2026, 11, 6));
  CHECK_EQ(next("0 0 13 * FRI", utc(2026, 11, 7)), utc(2026, 11, 13));
  CHECK_EQ(next("0 0 * * 7", utc(2026, 11, 24)), utc(2026, 11, 29));
  CHECK_EQ(next("0 0 * * fri-sun", utc(2026, 11, 28)), utc(2026, 11, 29));
}

// 2026-11-01 is a Sunday. What crond of Debian's cron 3.0pl1 and of cronie do.
TEST_CASE("day of month and day of week: both, where one of them begins with a star, as in Vixie's cron") {
  struct Case {
    const char *text;
    std::vector<int> days;  // of November 2026
  };
  Case const cases[] = {{"0 16 */2 * SAT", {7, 21}},                     // odd days that are Saturdays
                        {"0 16 1-31/2 * SAT", {1, 3, 5, 7, 9, 11, 13}},  // no star: odd days, or Saturdays
                        {"0 16 1 * */3", {1}},                           // the first, if a Sunday, Wednesday or Saturday
                        {"0 16 2 * */3", {}},                            // the second is a Monday
                        {"0 16 *,1 * mon", {2, 9, 16, 23, 30}},          // a star is a star, also in a list
                        {"0 16 1,* * mon", {1, 2, 3, 4, 5, 6, 7}},  // but one that begins no field restricts nothing and is none
                        {"0 16 */10 * */2", {1, 21}}};
  for (const Case &c : cases) {
    INFO(c.text);
    Time at = utc(2026, 11, 1);
    Schedule const schedule = Schedule::parse(c.text);
    for (int const day : c.days) {
      std::optional<Time> const due = schedule.next(at, Zone());
      REQUIRE(due);
      CHECK_EQ(*due, utc(2026, 11, day, 16));
      at = *due;
    }
    if (c.days.empty()) CHECK_GE(*schedule.next(at, Zone()), utc(2026, 12, 1));
  }
}

TEST_CASE("steps up to the whole field, Sunday by both its numbers, and names in ranges") {
  CHECK_EQ(next("*/60 * * * *", utc(2026, 11, 1, 3, 1)), utc(2026, 11, 1, 4));
  CHECK_EQ(next("0 */24 * * *", utc(2026, 11, 1, 3)), utc(2026, 11, 2));
  CHECK_EQ(next("0 0 */31 * *", utc(2026, 11, 2)), utc(2026, 12, 1));
  CHECK_EQ(next("0 0 1 */12 *", utc(2026, 11, 2)), utc(2027, 1, 1));
  CHECK_EQ(next("0 0 * * */7", utc(2026, 11, 2)), utc(2026, 11, 8));
  CHECK_EQ(next("0 0 * * 5-7", utc(2026, 11, 1)), utc(2026, 11, 6));
  CHECK_EQ(next("0 0 * * 0-7", utc(2026, 11, 1)), utc(2026, 11, 2));
  CHECK_EQ(next("0 0 * jan-Mar Sat-sun", utc(2026, 11, 1)), utc(2027, 1, 2));
}

TEST_CASE("macros and intervals") {
  CHECK_EQ(next("@hourly", utc(2026, 11, 24, 10)), utc(2026, 11, 24, 11));
  CHECK_EQ(next("@daily", utc(2026, 11, 24, 10)), utc(2026, 11, 25));
  CHECK_EQ(next("@weekly", utc(2026, 11, 24, 10)), utc(2026, 11, 29));
  CHECK_EQ(next("@monthly", utc(2026, 11, 24, 10)), utc(2026, 12, 1));
  CHECK_EQ(next("@yearly", utc(2026, 11, 24, 10)), utc(2027, 1, 1));
  CHECK_EQ(next("@every 30s", utc(2026, 11, 24, 10, 0, 29)), utc(2026, 11, 24, 10, 0, 30));
  CHECK_EQ(next("@every 30s", utc(2026, 11, 24, 10, 0, 30)), utc(2026, 11, 24, 10, 1));
  CHECK_EQ(next("@EVERY 1h30m", utc(1970, 1, 1, 1)), utc(1970, 1, 1, 1, 30));
  CHECK_FALSE(Schedule::parse("@never").next(0, Zone()));
}

TEST_CASE("a run that takes longer than the interval skips what fell due meanwhile") {
  Time const ended = utc(2026, 11, 24, 10, 3, 17);  // begun at 10:00, with @every 60s
  CHECK_EQ(next("@every 60s", ended), utc(2026, 11, 24, 10, 4));
  CHECK_EQ(next("* * * * *", ended), utc(2026, 11, 24, 10, 4));
}

TEST_CASE("a wrong expression points at the wrong field") {
  struct Case {
    const char *text;
    const char *marked;
    const char *says;
  };
  Case const cases[] = {
      {"61 * * * *", "61", "minute: 61 is out of range (0 to 59)"},
      {"* 24 * * *", "24", "hour: 24 is out of range (0 to 23)"},
      {"* * 0 * *", "0", "day of month: 0 is out of range (1 to 31)"},
      {"* * * 13 *", "13", "month: 13 is out of range (1 to 12)"},
      {"* * * foo *", "foo", "month: 'foo' is not a number or a name (1 to 12)"},
      {"* * * * mon-xyz", "xyz", "day of week: 'xyz' is not a number or a name (0 to 7)"},
      {"* * * * 8", "8", "day of week: 8 is out of range (0 to 7)"},
      {"5,,6 * * * *", ",", "minute: an item of the list is empty"},
      {"*/0 * * * *", "*/0", "minute: the step '0' is not a positive number"},
      {"5/15 * * * *", "5/15", "minute: a step needs a range or *, as in */15"},
      {"30-10 * * * *", "30-10", "minute: the range 30-10 runs backwards"},
      {"1-2-3 * * * *", "1-2-3", "minute: '1-2-3' is not a range"},
      {"-5 * * * *", "", "minute: '' is not a number (0 to 59)"},
      {"0 0 30 feb *", "30", "day of month: no such day in any of the months"},
      {"* * * * * *", "*", "more than five fields; there are no seconds, but @every 30s, and no year"},
      {"0 0 12 * * ? 2026", "?", "more than five fields; there are no seconds, but @every 30s, and no year"},
      {"*/90 * * * *", "*/90", "minute: the step 90 is longer than the field, at most 60; write @every 90m"},
      {"5-50/61 * * * *", "5-50/61", "minute: the step 61 is longer than the field, at most 60; write @every 61m"},
      {"0 */36 * * *", "*/36", "hour: the step 36 is longer than the field, at most 24; write @every 36h"},
      {"0 0 */32 * *", "*/32", "day of month: the step 32 is longer than the field, at most 31"},
      {"0 0 1 */13 *", "*/13", "month: the step 13 is longer than the field, at most 12"},
      {"0 0 * * */8", "*/8", "day of week: the step 8 is longer than the field, at most 7"},
      {"*/9999 * * * *", "*/9999", "minute: the step 9999 is longer than the field, at most 60; write @every 9999m"},
      {"*/-5 * * * *", "*/-5", "minute: the step '-5' is not a positive number"},
      {"0 0 * * */fri", "*/fri", "day of week: the step 'fri' is not a positive number"},
      {"0 0 * * fri-mon", "fri-mon", "day of week: the range fri-mon runs backwards"},
      {"0 0 * mar-jan *", "mar-jan", "month: the range mar-jan runs backwards"},
      {"0 0 ? * mon", "?", "day of month: '?' is not known here; write *"},
      {"0 0 L * *", "L", "day of month: 'L' is not a number (1 to 31)"},
      {"0 0 15W * *", "15W", "day of month: '15W' is not a number (1 to 31)"},
      {"0 0 * * 5#2", "5#2", "day of week: '5#2' is not a number or a name (0 to 7)"},
      {"*5 * * * *", "*5", "minute: '*5' is not a number (0 to 59)"},
      {"CRON_TZ=Europe/Berlin 0 5 * * *", "CRON_TZ=Europe/Berlin",
       "the zone of cron expressions is given by --time-zone Europe/Berlin"},
      {"TZ= 0 5 * * *", "TZ=", "the zone of cron expressions is given by --time-zone"},
      {"30 seconds", "30 seconds", "an interval is written @every 30s"},
      {"1 hour", "1 hour", "an interval is written @every 1h"},
      {"5m", "5m", "an interval is written @every 5m"},
      {"every 5m", "every 5m", "an interval is written @every 5m"},
      {"@every 500ms", "500ms", "'500ms' is not a duration such as 30s, 5m or 1h30m"},
      {"@every 5 minutes", "@every 5 minutes", "@every needs one duration, as in @every 30s"},
      {"@hourly now", "now", "nothing may follow @hourly"},
      {"@reboot", "@reboot", "there is no @reboot; known are @every, @hourly, @daily, @weekly, @monthly, @yearly and @never"},
      {"@every", "@every", "@every needs one duration, as in @every 30s"},
      {"@every 0s", "0s", "'0s' is not a duration such as 30s, 5m or 1h30m"},
      {"@every fortnight", "fortnight", "'fortnight' is not a duration such as 30s, 5m or 1h30m"}};
  for (const Case &c : cases) {
    INFO(c.text);
    try {
      Schedule::parse(c.text);
      FAIL_CHECK("was accepted");
    } catch (const ScheduleError &error) {
      CHECK_EQ(std::string(error.what()), c.says);
      CHECK_EQ(std::string(c.text).substr(error.at(), std::string(c.marked).size()), c.marked);
    }
  }
  for (const char *const text : {"", "  ", "* * * *", "*"}) CHECK_THROWS_AS(Schedule::parse(text), ScheduleError);
}

TEST_CASE("offsets agree with glibc in every zone") {
  std::ifstream list("/usr/share/zoneinfo/zone1970.tab");
  REQUIRE(list);
  std::mt19937_64 random(7);
  int zones = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string country, place, name;
    words >> country >> place >> name;
    INFO(name);
    Zone const in = zone(name.c_str());
    GlibcZone const clocks(name);
    zones++;
    for (int i = 0; i < 300; i++) {
      Time const moment = static_cast<Time>(random() % static_cast<std::uint64_t>(utc(2150, 1, 1)));
      REQUIRE_EQ(in.offset_at(moment), clocks.at(moment).tm_gmtoff);
    }
  }
  CHECK_GT(zones, 300);
}

TEST_CASE("zones that are not") {
  for (const char *const name : {"", "Mars/Base", "/etc/passwd", "../zoneinfo/UTC", "zone1970.tab", "Europe"})
    CHECK_FALSE(Zone::named(name));
  CHECK_FALSE(Zone::from_tzif("TZif2"));
}

TEST_CASE("durations") {
  CHECK_EQ(parse_duration("30s"), 30);
  CHECK_EQ(parse_duration("1h30m"), 5400);
  CHECK_EQ(parse_duration("400d"), 400 * kDay);
  CHECK_EQ(parse_duration("2w"), 14 * kDay);
  for (const char *const text : {"", "5", "s", "5x", "-5s", "5 s", "1.5h", "99999999999999999999s", "9999999d"})
    CHECK_FALSE(parse_duration(text));
  CHECK_EQ(say_duration(0), "0s");
  CHECK_EQ(say_duration(65), "1m 5s");
  CHECK_EQ(say_duration(2 * kDay + 3 * kHour + 59), "2d 3h");
}

TEST_CASE("pauses between attempts grow, are shortened by chance, and stay short") {
  Backoff backoff;
  CHECK_EQ(backoff.next(0.999), doctest::Approx(0.1).epsilon(0.01));
  CHECK_EQ(backoff.next(0), doctest::Approx(0.1));
  for (int i = 0; i < 50; i++) CHECK_LE(backoff.next(0.999), Backoff::kLongest);
  CHECK_GE(backoff.next(0), Backoff::kLongest / 2);
  backoff.reset();
  CHECK_LE(backoff.next(0.999), 0.1);
}

TEST_CASE("progress tells the share done and the time left") {
  Progress progress(4, 100);
  CHECK_EQ(progress.line(100), "0 of 4 slices, 0%");
  progress.advance();
  CHECK_EQ(progress.line(130), "1 of 4 slices, 25%, 1m 30s left");
  CHECK_EQ(progress.bar(130), "[#######.......................] 1 of 4 slices, 25%, 1m 30s left");
  for (int i = 0; i < 3; i++) progress.advance();
  CHECK_EQ(progress.line(200), "4 of 4 slices, 100%");
  CHECK_EQ(Progress(0, 0).line(1), "0 of 0 slices, 100%");
}
