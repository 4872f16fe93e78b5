// The extension at the other end of a real connection. All SQL that calls it is in server_extension.cpp.
#pragma once

#include "database/extension.hpp"
#include "database/session.hpp"

namespace materializer {

class ServerExtension final : public Extension {
 public:
  /// Connects. Throws DatabaseError.
  ServerExtension(const Config &config, Interrupt &interrupt, Log &log) : session_(config, interrupt, log) {}

  ServerState server_state() override;
  bool try_to_lead() override;
  std::optional<Leader> leader() override;
  State state() override;
  std::vector<Replication> freshness() override;
  std::vector<Source> sources() override;
  std::int64_t fold(std::int64_t max_deltas) override;
  Materialized materialize(std::int64_t max_deltas, bool only_what_pays) override;
  std::vector<Partition> create_partitions(const Table &table, std::int64_t ahead) override;
  std::vector<Partition> prune(const Table &table, std::int64_t older_than) override;
  std::vector<Partition> prunable(const Table &table, std::int64_t older_than) override;
  std::vector<Slice> rebuild_slices(const Table &table, const Period &period, bool only_unbuilt) override;
  void rebuild_slice(const Slice &slice) override;
  Rows verify(const Slice &slice, const std::optional<std::string> &service) override;
  std::vector<Bill> bills(const std::string &month, const std::string &reseller) override;
  std::optional<std::string> issue_statement(const Bill &bill, bool only_with_usage) override;
  Corrections open_corrections() override;

 private:
  Session session_;
};

}  // namespace materializer
