#include "process/text.hpp"

#include <algorithm>
#include <cstdio>

namespace materializer {
namespace {

// The number of characters in UTF-8 text: all bytes but those that continue a character.
std::size_t width_of(const std::string &text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

unsigned byte_at(const std::string &text, std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0; }

// How many bytes the UTF-8 character at `at` takes. 0 where the bytes there are no character: overlong forms, surrogates and
// numbers beyond Unicode are none.
std::size_t character_at(const std::string &text, std::size_t at) {
  unsigned const first = byte_at(text, at);
  unsigned const second = byte_at(text, at + 1);
  if (first < 0x80) return 1;
  std::size_t const length = first >= 0xC2 && first <= 0xDF   ? 2
                             : (first & 0xF0) == 0xE0         ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  for (std::size_t i = 1; i < length; i++)
    if ((byte_at(text, at + i) & 0xC0) != 0x80) return 0;
  bool const is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  bool const is_beyond = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return is_overlong || is_beyond ? 0 : length;
}

}  // namespace

std::string as_utf8(const std::string &text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const length = character_at(text, at);
    if (length > 0) {
      result.append(text, at, length);
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte_at(text, at));
      result += escape;
    }
    at += std::max<std::size_t>(length, 1);
  }
  return result;
}

std::string json_quote(const std::string &text) {
  std::string quoted = "\"";
  for (char const c : as_utf8(text)) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      quoted += c == '\n' ? "\\n" : escape;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string shell_quote(const std::string &text) {
  constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:=+-/@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (char const c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void print_table(const std::vector<std::vector<std::string>> &rows) {
  std::vector<std::size_t> widths;
  for (const auto &row : rows)
    for (std::size_t i = 0; i < row.size(); i++) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  for (const auto &row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); i++)
      line += row[i] + (i + 1 < row.size() ? std::string(widths[i] - width_of(row[i]) + 2, ' ') : "");
    std::puts(line.c_str());
  }
}

}  // namespace materializer
