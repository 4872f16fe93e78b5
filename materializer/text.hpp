// Text for people and programs: JSON strings, and tables on standard output.
#pragma once

#include <string>
#include <vector>

namespace materializer {

std::string json_quote(const std::string &text);

/// Prints rows in columns as wide as their widest cell; the first row is the heading.
void print_table(const std::vector<std::vector<std::string>> &rows);

}  // namespace materializer
