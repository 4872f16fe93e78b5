// What a leader does for each connected table besides folding: it makes partitions, drops old usage, builds days that are not
// built, and verifies.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

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

  /// Verifies a random slice of a random table that is built. Before it, verifies again a slice that failed or differed when it was
  /// last verified, so that its end is noticed soon.
  void verify(Extension &extension);

 private:
  /// A slice that failed or differed when it was last verified.
  struct Doubt {
    Slice slice;
    bool differs;
    bool fails;
  };

  void keep_table(Extension &extension, const Config &config, const Table &table);
  void end_failures_of_others(const Config &config, const std::vector<Table> &tables);
  void end_unbuilt_of_others(const std::vector<Table> &tables);
  void end_doubts_of_others(const std::vector<Table> &tables);
  void report_unknown_retention(const Config &config, const std::vector<Table> &tables);
  void find_unbuilt(Extension &extension, const Table &table);
  void end_rebuild(const Table &table);
  void tell_not_asked(const Doubt &doubt);
  void verify_again(Extension &extension);
  void verify_random(Extension &extension, const std::vector<Table> &tables);
  void verify_slice(Extension &extension, const Slice &slice);
  bool has_failing_slice(const Table &table) const;
  void end_failure(const Table &table);
  void report_verification(const Slice &slice, const Rows &differences, bool differed);
  std::size_t random_index(std::size_t size);

  Process &process_;
  Log &log_;
  Metrics &metrics_;
  Units &units_;
  SliceQueue slices_;
  std::map<std::string, std::string> unbuilt_;  // names by OID of the tables that were told to have days that are not built
  std::deque<Doubt> doubts_;                    // the one that has waited longest is first
};

}  // namespace materializer
