// The loop of commands that do something with each connected table.
#pragma once

#include <string>
#include <vector>

#include "database/extension.hpp"
#include "process/log.hpp"
#include "process/process.hpp"

namespace materializer {

/// Does something with each table. One with which it fails is logged as `failed` and stops no other. Tells whether all went well:
/// they did not where a stop was requested before the last. Throws where the connection is lost or a stop cancelled the work.
template <typename Work>
bool for_each_table(const std::vector<Table> &tables, const Process &process, Log &log, const std::string &failed, Work &&work) {
  bool well = true;
  for (const Table &table : tables) {
    if (process.stop_requested()) return false;
    try {
      work(table);
    } catch (const DatabaseError &error) {
      if (error.is_loss() || process.stop_requested()) throw;
      log.error(failed, {{"source", table.name}, {"reason", error.what()}, {"sqlstate", error.sqlstate()}});
      well = false;
    }
  }
  return well;
}

}  // namespace materializer
