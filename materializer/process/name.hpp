// Names of tables as SQL writes them.
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

/// Reads SCHEMA.TABLE as the server would: a part in double quotes is taken as it is, with "" for one double quote; letters of any
/// other part become lower case. Returns nothing where the text is not a name of this form.
std::optional<TableName> parse_table_name(const std::string &text);

/// Writes a name so that parse_table_name reads it again: as the server prints it, except that the server also quotes SQL's
/// keywords.
std::string say_table_name(const TableName &name);

}  // namespace materializer
