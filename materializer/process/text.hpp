// Text for people and programs: UTF-8, JSON strings, words of a shell, and tables on standard output.
#pragma once

#include <string>
#include <vector>

namespace materializer {

/// The text with every byte that is not UTF-8 written as \xe4 and the like. Names in a database of encoding SQL_ASCII may hold such
/// bytes.
std::string as_utf8(const std::string &text);

/// The text as a JSON string, in valid UTF-8.
std::string json_quote(const std::string &text);

/// The text quoted so that a shell reads it as one word.
std::string shell_quote(const std::string &text);

/// Prints rows in columns as wide as their widest cell; the first row is the heading.
void print_table(const std::vector<std::vector<std::string>> &rows);

}  // namespace materializer
