// Text for people and programs: UTF-8, JSON strings, words of a shell, and tables on standard output. Pure but for the last.
#pragma once

#include <string>
#include <vector>

namespace materializer {

/// The text as UTF-8: bytes that are not, as a database of encoding SQL_ASCII may have them in names, become \xe4 and the like.
std::string as_utf8(const std::string &text);

/// Always of valid UTF-8.
std::string json_quote(const std::string &text);

/// As a shell reads it as one word.
std::string shell_quote(const std::string &text);

/// Prints rows in columns as wide as their widest cell; the first row is the heading.
void print_table(const std::vector<std::vector<std::string>> &rows);

}  // namespace materializer
