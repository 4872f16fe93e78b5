#include "process/name.hpp"

namespace materializer {
namespace {

bool read_quoted(const std::string &text, std::size_t &at, std::string &part) {
  for (at++; at < text.size(); at++) {
    if (text[at] == '"') {
      at++;
      if (at == text.size() || text[at] != '"') return !part.empty();
    }
    part += text[at];
  }
  return false;
}

// Only ASCII letters become lower case. The server does the same in multi-byte encodings.
bool read_plain(const std::string &text, std::size_t &at, std::string &part) {
  for (; at < text.size() && text[at] != '.'; at++) {
    char const c = text[at];
    if (c == '"') return false;
    part += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return !part.empty();
}

bool read_part(const std::string &text, std::size_t &at, std::string &part) {
  return at < text.size() && text[at] == '"' ? read_quoted(text, at, part) : read_plain(text, at, part);
}

std::string quoted(const std::string &part) {
  constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
  bool const is_plain = part.find_first_not_of(kPlain) == std::string::npos && (part[0] < '0' || part[0] > '9');
  if (is_plain) return part;
  std::string result = "\"";
  for (char const c : part) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

}  // namespace

std::string say_table_name(const TableName &name) { return quoted(name.schema) + "." + quoted(name.table); }

std::optional<TableName> parse_table_name(const std::string &text) {
  TableName name;
  std::size_t at = 0;
  bool const has_schema = read_part(text, at, name.schema) && at < text.size() && text[at++] == '.';
  if (!has_schema || !read_part(text, at, name.table) || at != text.size()) return std::nullopt;
  return name;
}

}  // namespace materializer
