// Names of tables as SQL writes them. Pure.
#pragma once

#include <optional>
#include <string>

namespace materializer {

struct TableName {
  std::string schema;
  std::string table;

  bool operator==(const TableName &other) const { return schema == other.schema && table == other.table; }
  bool operator<(const TableName &other) const { return schema < other.schema || (schema == other.schema && table < other.table); }
};

/// Reads SCHEMA.TABLE: a part in double quotes is taken as it is, "" in it being one quote; others are folded to lower case as the
/// server folds them. Nothing where the text is not just that.
std::optional<TableName> parse_table_name(const std::string &text);

/// As the server prints it and parse_table_name reads it.
std::string say_table_name(const TableName &name);

}  // namespace materializer
