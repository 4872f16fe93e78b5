#include "text.hpp"

#include <algorithm>
#include <cstdio>

namespace materializer {
namespace {

// Characters, not bytes, of UTF-8.
std::size_t width_of(const std::string &text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string json_quote(const std::string &text) {
  std::string quoted = "\"";
  for (char const c : text) {
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
