// What a leader does for each connected table besides folding: it makes partitions, drops old usage, builds days that are not
// built, and verifies.
#pragma once

#include "config/config.hpp"
#include "database/extension.hpp"
#include "database/slice_queue.hpp"
#include "service/units.hpp"

namespace materializer {

class Housekeeping {
 public:
  Housekeeping(Process &process, Log &log, Metrics &metrics, Units &units)
      : process_(process), log_(log), metrics_(metrics), units_(units) {}

  /// Makes partitions, drops old usage, and looks for days that are not built, table by table.
  void keep(Extension &extension, const Config &config);

  /// Whether keep() found slices to rebuild that are still waiting.
  bool has_slices() const { return !slices_.empty(); }
  void rebuild_next(Extension &extension);
  void forget_slices() { slices_.clear(); }

  /// Looks what of statements is to be corrected.
  void look_at_statements(Extension &extension);

  /// Verifies a random slice of a random table that is built.
  void verify(Extension &extension);

 private:
  void keep_table(Extension &extension, const Config &config, const Table &table);
  void end_failures_of_others(const Config &config, const std::vector<Table> &tables);
  void report_unknown_retention(const Config &config, const std::vector<Table> &tables);
  void find_unbuilt(Extension &extension, const Table &table);
  void report_verification(const Slice &slice, const Rows &differences);
  std::size_t random_index(std::size_t size);

  Process &process_;
  Log &log_;
  Metrics &metrics_;
  Units &units_;
  SliceQueue slices_;
};

}  // namespace materializer
