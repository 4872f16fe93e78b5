#include "config/values.hpp"

#include "process/text.hpp"
#include "schedule/duration.hpp"

namespace materializer::values {
namespace {

bool is_number(const std::string &text, std::size_t most_digits) {
  return !text.empty() && text.size() <= most_digits && text.find_first_not_of("0123456789") == std::string::npos;
}

template <typename T>
T one_of(const std::string &text, std::initializer_list<std::pair<const char *, T>> choices) {
  std::string known;
  for (const auto &[word, value] : choices) {
    if (text == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  throw ValueError("'" + text + "' is none of " + known);
}

// Splits at commas, but not within double quotes, where names may hold them.
std::vector<std::string> split_rules(const std::string &text) {
  std::vector<std::string> rules;
  bool in_quotes = false;
  bool begins = true;
  for (char const c : text) {
    if (begins) rules.emplace_back();
    begins = c == ',' && !in_quotes;
    if (c == '"') in_quotes = !in_quotes;
    if (!begins) rules.back() += c;
  }
  return rules;
}

}  // namespace

std::int64_t duration(const std::string &text) {
  std::optional<std::int64_t> const seconds = parse_duration(text);
  if (!seconds || *seconds == 0) throw ValueError("'" + text + "' is not a duration such as 30s, 5m, 12h or 400d");
  return *seconds;
}

std::int64_t count(const std::string &text) {
  constexpr std::int64_t kMost = 1'000'000'000;
  std::int64_t const value = is_number(text, 10) ? std::stoll(text) : 0;
  if (value < 1 || value > kMost) throw ValueError("'" + text + "' is not a number from 1 to " + std::to_string(kMost));
  return value;
}

std::string month(const std::string &text) {
  bool const has_form = text.size() == 7 && text[4] == '-' && text.find_first_not_of("0123456789-") == std::string::npos;
  if (!has_form || !parse_moment(text + "-01")) throw ValueError("'" + text + "' is not a month, such as 2026-10");
  return text;
}

std::string reseller(const std::string &text) {
  std::size_t const sign = text.rfind('-', 0) == 0 ? 1 : 0;
  if (text.size() == sign || text.size() > 19 + sign || text.find_first_not_of("0123456789", sign) != std::string::npos)
    throw ValueError("'" + text + "' is not the number of a reseller");
  return text;
}

bool yes_or_no(const std::string &text) {
  if (text != "true" && text != "false") throw ValueError("'" + text + "' is neither true nor false");
  return text == "true";
}

LogFormat log_format(const std::string &text) {
  return one_of<LogFormat>(text, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});
}

LogLevel log_level(const std::string &text) {
  return one_of<LogLevel>(
      text, {{"error", LogLevel::kError}, {"warning", LogLevel::kWarning}, {"info", LogLevel::kInfo}, {"debug", LogLevel::kDebug}});
}

OutputFormat output_format(const std::string &text) {
  return one_of<OutputFormat>(text, {{"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}});
}

Schedule schedule(const std::string &text) {
  try {
    return Schedule::parse(text);
  } catch (const ScheduleError &error) {
    throw ValueError(std::string(error.what()) + "\n  " + text + "\n  " + std::string(error.at(), ' ') +
                     std::string(error.length(), '^'));
  }
}

Zone zone(const std::string &text) {
  std::optional<Zone> zone = Zone::named(text);
  if (!zone) throw ValueError("there is no time zone '" + text + "' on this machine (names are such as Europe/Berlin)");
  return *zone;
}

std::string listen_address(const std::string &text) {
  if (text.empty()) return text;
  std::size_t const colon = text.rfind(':');
  std::string const port = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (colon == 0 || !is_number(port, 5) || std::stoi(port) > 65535)
    throw ValueError("'" + text + "' is not ADDRESS:PORT, for example 127.0.0.1:9187");
  return text;
}

Retention retention(const std::string &text) {
  Retention result;
  for (const std::string &rule : split_rules(as_utf8(text))) {
    std::size_t const equals = rule.rfind('=');
    bool const is_for_others = equals == std::string::npos;
    std::optional<std::int64_t> const seconds = parse_duration(is_for_others ? rule : rule.substr(equals + 1));
    std::optional<TableName> const name = is_for_others ? std::nullopt : parse_table_name(rule.substr(0, equals));
    if (!seconds || *seconds == 0 || (!is_for_others && !name))
      throw ValueError("'" + rule + "' is neither a duration such as 400d nor SCHEMA.TABLE=400d");
    bool const is_new = is_for_others ? !result.others : result.named.count(*name) == 0;
    if (!is_new) throw ValueError("'" + rule + "' is a second rule for the same tables");
    (is_for_others ? result.others.emplace() : result.named[*name]) = *seconds;
  }
  return result;
}

TableName table(const std::string &text) {
  std::optional<TableName> const name = parse_table_name(as_utf8(text));
  if (!name) throw ValueError("'" + text + "' must be named with its schema, as in usage.text_message; `status` lists the names");
  return *name;
}

Moment moment(const std::string &text) {
  std::optional<Moment> const moment = parse_moment(text);
  if (!moment)
    throw ValueError("'" + text +
                     "' is not an ISO 8601 date or moment, such as 2026-10-01 or 2026-10-01T08:30:00+02:00 (without a zone: UTC), "
                     "nor infinity or -infinity");
  return *moment;
}

Moment to_after(const Moment &from, const std::string &text) {
  Moment const to = moment(text);
  if (!(from < to)) throw ValueError("the period must end after it begins, at " + say_moment(from));
  return to;
}

}  // namespace materializer::values
