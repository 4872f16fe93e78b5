// What people write and read: moments in ISO 8601, names of tables, UTF-8, words of a shell.
#include <doctest/doctest.h>

#include <cstdio>
#include <random>
#include <string>

#include "process/name.hpp"
#include "process/text.hpp"
#include "schedule/moment.hpp"

using namespace materializer;

TEST_CASE("moments are ISO 8601, and UTC where no zone is named") {
  struct Case {
    const char *text;
    const char *means;
  };
  Case const cases[] = {{"2026-10-01", "2026-10-01T00:00:00Z"},
                        {"2024-02-29", "2024-02-29T00:00:00Z"},
                        {"2026-10-01T08:30", "2026-10-01T08:30:00Z"},
                        {"2026-10-01 08:30", "2026-10-01T08:30:00Z"},
                        {"2026-10-01 08:30:15", "2026-10-01T08:30:15Z"},
                        {"2026-10-01 00:00:00+00", "2026-10-01T00:00:00Z"},  // as the server prints it
                        {"2026-10-01T08:30:15Z", "2026-10-01T08:30:15Z"},
                        {"2026-10-01T08:30:15.5Z", "2026-10-01T08:30:15.500000Z"},
                        {"2026-10-01T08:30:15,000001", "2026-10-01T08:30:15.000001Z"},
                        {"2026-10-01T00:30+02", "2026-09-30T22:30:00Z"},
                        {"2026-10-01T00:30+0545", "2026-09-30T18:45:00Z"},
                        {"2026-10-01T00:30-09:30", "2026-10-01T10:00:00Z"},
                        {"2026-10-01T00:30-00:00", "2026-10-01T00:30:00Z"},
                        {"0001-01-01", "0001-01-01T00:00:00Z"},
                        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
                        {"infinity", "infinity"},
                        {"-infinity", "-infinity"}};
  for (const Case &c : cases) {
    INFO(c.text);
    std::optional<Moment> const moment = parse_moment(c.text);
    REQUIRE(moment);
    CHECK_EQ(say_moment(*moment), c.means);
  }
}

TEST_CASE("anything else is no moment, however plausible") {
  for (const char *const text : {"",
                                 " ",
                                 "01.10.2026",
                                 "1.10.2026",
                                 "10/01/2026",
                                 "01/10/26",
                                 "2026/10/01",
                                 "2026.10.01",
                                 "2026-10",
                                 "2026",
                                 "20261001",
                                 "2026-274",
                                 "2026-W40-4",
                                 "26-10-01",
                                 "02026-10-01",
                                 "12026-10-01",
                                 "2026-10-1",
                                 "2026-1-01",
                                 "2026-13-01",
                                 "2026-00-01",
                                 "2026-10-00",
                                 "2026-10-32",
                                 "2026-02-29",
                                 "2100-02-29",
                                 "0000-01-01",
                                 "-2026-10-01",
                                 "2026-10-01T",
                                 "2026-10-01 ",
                                 " 2026-10-01",
                                 "2026-10-01  08:30",
                                 "2026-10-01T8:30",
                                 "2026-10-01T08",
                                 "2026-10-01T0830",
                                 "2026-10-01T24:00",
                                 "2026-10-01T23:60",
                                 "2026-10-01T23:59:60",
                                 "2026-10-01T08:30:15.",
                                 "2026-10-01T08:30:15.1234567",
                                 "2026-10-01T08:30.5",
                                 "2026-10-01Z",
                                 "2026-10-01+02",
                                 "2026-10-01T08:30 +02",
                                 "2026-10-01T08:30z",
                                 "2026-10-01t08:30",
                                 "2026-10-01T08:30+2",
                                 "2026-10-01T08:30+16",
                                 "2026-10-01T08:30+02:60",
                                 "2026-10-01T08:30+02:0",
                                 "2026-10-01T08:30+02:",
                                 "2026-10-01T08:30+020",
                                 "2026-10-01T08:30+02:00:30",
                                 "2026-10-01T08:30 Europe/Berlin",
                                 "2026-10-01T08:30 CET",
                                 "2026-10-01T08:30 BC",
                                 "0001-01-01T00:00+01",
                                 "9999-12-31T23:30-01",
                                 "Infinity",
                                 "+infinity",
                                 "inf",
                                 "now",
                                 "today",
                                 "yesterday",
                                 "epoch",
                                 "1 October 2026",
                                 "Oct 1 2026",
                                 "\xd9\xa2"
                                 "026-10-01"}) {
    INFO(text);
    CHECK_FALSE(parse_moment(text));
  }
}

TEST_CASE("a moment that was said is read as the same, and moments are ordered") {
  std::mt19937_64 random(11);
  Moment before{0, 0, -1};
  for (int i = 0; i < 10'000; i++) {
    Moment const moment{static_cast<Time>(random() % 315'537'897'600ULL) - 62'135'596'800, static_cast<int>(random() % 1'000'000),
                        0};
    std::string const said = say_moment(moment);
    INFO(said);
    std::optional<Moment> const again = parse_moment(said);
    REQUIRE(again);
    REQUIRE_FALSE(*again < moment);
    REQUIRE_FALSE(moment < *again);
    // Text of one length sorts as moments do.
    if (before.end == 0 && moment.microseconds != 0 && before.microseconds != 0)
      REQUIRE_EQ(before < moment, say_moment(before) < said);
    before = moment;
  }
  CHECK(Moment{0, 0, -1} < Moment{0, 0, 0});
  CHECK(Moment{0, 0, 0} < Moment{0, 1, 0});
  CHECK(Moment{5, 0, 0} < Moment{0, 0, 1});
}

TEST_CASE("a moment as a zone's clocks show it") {
  CHECK_EQ(say_local(0, 0), "1970-01-01T00:00:00Z");
  CHECK_EQ(say_local(0, 2 * kHour), "1970-01-01T02:00:00+02:00");
  CHECK_EQ(say_local(0, -(9 * kHour + 30 * kMinute)), "1969-12-31T14:30:00-09:30");
}

TEST_CASE("names of tables are read as SQL reads them") {
  struct Case {
    const char *text;
    const char *schema;
    const char *table;
  };
  Case const cases[] = {{"usage.text_message", "usage", "text_message"},
                        {"Usage.TEXT_message", "usage", "text_message"},
                        {"usage.\"Text Message\"", "usage", "Text Message"},
                        {"\"a.b\".\"c\"\"d\"", "a.b", "c\"d"},
                        {"usage.сообщения", "usage", "сообщения"},
                        {"usage.\"сообщения\"", "usage", "сообщения"},
                        {"\"Größe\".\"通話\"", "Größe", "通話"},
                        {"a.b=c, d", "a", "b=c, d"}};
  for (const Case &c : cases) {
    INFO(c.text);
    std::optional<TableName> const name = parse_table_name(c.text);
    REQUIRE(name);
    CHECK_EQ(name->schema, c.schema);
    CHECK_EQ(name->table, c.table);
    CHECK(parse_table_name(say_table_name(*name)) == name);
  }
  for (const char *const text :
       {"", "a", "a.", ".a", "a.b.c", "\"a\"", "\"a.b", "\"\".a", "a.\"\"", "\"a\"b.c", "a\"b\".c", "a.b\"c\""}) {
    INFO(text);
    CHECK_FALSE(parse_table_name(text));
  }
}

TEST_CASE("names of tables are said as the server prints them") {
  CHECK_EQ(say_table_name({"usage", "text_message_2026"}), "usage.text_message_2026");
  CHECK_EQ(say_table_name({"Usage", "2026"}), "\"Usage\".\"2026\"");
  CHECK_EQ(say_table_name({"größe", "a\"b"}), "\"größe\".\"a\"\"b\"");
}

TEST_CASE("what is no UTF-8 is shown byte by byte, and all else stays as it is") {
  struct Case {
    std::string text;
    std::string becomes;
  };
  Case const cases[] = {{"plain", "plain"},
                        {"сообщение, Größe, 通話, \xF0\x9F\x98\x80", "сообщение, Größe, 通話, \xF0\x9F\x98\x80"},
                        {"caf\xE9", "caf\\xe9"},
                        {"\xE9t\xE9", "\\xe9t\\xe9"},
                        {"\xC3", "\\xc3"},
                        {"\xC3(", "\\xc3("},
                        {"\xE2\x82", "\\xe2\\x82"},
                        {"\xC0\xAF", "\\xc0\\xaf"},           // overlong
                        {"\xE0\x80\xAF", "\\xe0\\x80\\xaf"},  // overlong
                        {"\xED\xA0\x80", "\\xed\\xa0\\x80"},  // half of a pair
                        {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
                        {"\xF5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
                        {"\xFF", "\\xff"}};
  for (const Case &c : cases) {
    INFO(c.becomes);
    CHECK_EQ(as_utf8(c.text), c.becomes);
  }
  CHECK_EQ(json_quote("caf\xE9 \"x\"\n\t"), "\"caf\\\\xe9 \\\"x\\\"\\n\\u0009\"");
}

TEST_CASE("a quoted word reaches a program as it was") {
  for (const std::string text :
       {"plain", "usage.text_message", "usage.\"Text Message\"", "it's", "$(ls) `ls` \\ \"", "", "a\nb", "Größe", "*"}) {
    INFO(text);
    std::FILE *const pipe = popen(("printf %s " + shell_quote(text)).c_str(), "r");
    REQUIRE(pipe);
    std::string got;
    for (int c = std::getc(pipe); c != EOF; c = std::getc(pipe)) got += static_cast<char>(c);
    pclose(pipe);
    CHECK_EQ(got, text);
  }
  CHECK_EQ(shell_quote("2026-10-01T00:00:00Z"), "2026-10-01T00:00:00Z");
}
