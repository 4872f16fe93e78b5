// What the service and the commands ask of the extension in the database: every call that they make, behind one interface, so that
// tests bring a fake. Each call is one statement, and so one transaction. Every call may throw DatabaseError.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "database/database.hpp"

namespace materializer {

/// Whether the server at the other end of a connection is ready to be worked with.
struct ServerState {
  enum class Kind { kReady, kStandby, kNoExtension, kWrongVersion };
  Kind kind = Kind::kReady;
  std::string detail;             // for people; empty when ready
  std::string extension_version;  // empty where there is no extension
  bool versions_agree = true;     // of the extension, also on a standby, and this program
};

/// The instance that holds the leader's lock.
struct Leader {
  std::string name;   // its application_name
  std::string pid;    // its server process
  std::string since;  // when its session began; empty where the caller may not see it
};

/// A connected table. Calls name it by its OID: to find it by its name, the caller would need USAGE on its schema.
struct Table {
  std::string name;  // with its schema, as the server prints it
  std::string oid;
};

/// A connected table together with one service that it feeds: a row of sources().
struct Source {
  Table table;
  std::string service;
  std::string attached_at;
  bool is_built = false;
  std::string unbuilt_reasons;  // empty where it is built
  std::string horizon;
};

/// Days of a table that are built in one transaction. Bounds are in UTC, as the server prints them.
struct Slice {
  Table table;
  std::string from;
  std::string to;
};

/// A partition of a table: the period of its rows, with bounds as those of a Slice.
struct Partition {
  Table table;
  std::string from;
  std::string to;
};

/// A reseller and a month on its clock. Bounds are as the server prints them.
struct Bill {
  std::string reseller;
  std::string from;
  std::string to;
  std::string number;  // of the statement of this period that is in force; empty where there is none
};

/// What open_corrections says of all resellers with statements: how many rows, and the sum of their differences of price_to_twin,
/// each without its sign.
struct Corrections {
  double rows = 0;
  double price_to_twin = 0;
};

/// How much was done of what waits. A change that is folded, and then merged, counts twice.
struct Materialized {
  std::int64_t deltas = 0;
  std::int64_t summary_rows = 0;

  Materialized &operator+=(const Materialized &more) {
    deltas += more.deltas;
    summary_rows += more.summary_rows;
    return *this;
  }
};

/// The row of materializer_state, with that of health(). Ages are in seconds.
struct State {
  double pending_deltas = 0;
  double oldest_pending_age = 0;
  double unmerged_entries = 0;
  double oldest_unmerged_age = 0;
  double unbuilt_sources = 0;
  double dead_deltas = 0;
  double oldest_xmin_age = 0;
  bool is_restoring = false;
  std::optional<std::string> last_fold_at;  // nothing, like what follows, where there was no fold yet
  std::optional<std::string> last_fold_age;
  std::optional<std::string> last_fold_deltas;
  std::optional<std::string> last_fold_seconds;
};

/// A row of freshness: a subscription, or a standby's replay. Where something is not known, there is nothing. Ages are in seconds.
struct Replication {
  std::string kind;
  std::string name;
  std::optional<std::string> complete_through;
  std::optional<std::string> complete_through_age;
  std::optional<std::string> received_lsn;
  std::optional<std::string> applied_lsn;
  std::optional<std::string> lag_bytes;
  std::optional<std::string> lag;
  std::string state;

  /// Whether somebody has to look at it.
  bool is_stopped() const;
};

class Extension {
 public:
  Extension() = default;
  Extension(const Extension &) = delete;
  Extension &operator=(const Extension &) = delete;
  virtual ~Extension() = default;

  virtual ServerState server_state() = 0;

  /// Takes the leader's lock if nobody holds it. It is held until the connection ends, so a leader must not ask again. The lock
  /// keeps several instances from doing the same work. Summaries do not depend on it: folds take the lease in the database.
  virtual bool try_to_lead() = 0;

  /// Returns nothing where no instance leads.
  virtual std::optional<Leader> leader() = 0;

  virtual State state() = 0;
  virtual std::vector<Replication> freshness() = 0;
  virtual std::vector<Source> sources() = 0;

  /// Folds at most `max_deltas` changes and returns how many. Where it takes fewer, none is left.
  virtual std::int64_t fold(std::int64_t max_deltas) = 0;

  /// Folds and merges at most `max_deltas` changes. Where it takes fewer, none is left; with `only_what_pays`, none that pays.
  virtual Materialized materialize(std::int64_t max_deltas, bool only_what_pays) = 0;

  /// Makes the monthly partitions of a table that are missing until `ahead` seconds from now.
  virtual std::vector<Partition> create_partitions(const Table &table, std::int64_t ahead) = 0;

  /// Drops the partitions of a table whose usage is older than so many seconds; returns them.
  virtual std::vector<Partition> prune(const Table &table, std::int64_t older_than) = 0;

  /// The partitions that prune() would drop.
  virtual std::vector<Partition> prunable(const Table &table, std::int64_t older_than) = 0;

  /// The slices to rebuild in a period, those that are not built first.
  virtual std::vector<Slice> rebuild_slices(const Table &table, const Period &period, bool only_unbuilt) = 0;
  virtual void rebuild_slice(const Slice &slice) = 0;

  /// Compares raw usage with the summaries of a slice, for one service or, without a name, for all. Returns a row with the columns
  /// kDifferenceColumns for each figure that differs.
  virtual Rows verify(const Slice &slice, const std::optional<std::string> &service) = 0;

  /// The bills of a month, YYYY-MM: one for each reseller that the role may read, or for the one that is named.
  virtual std::vector<Bill> bills(const std::string &month, const std::string &reseller) = 0;

  /// Issues a statement and returns its number; nothing where `only_with_usage` and the reseller had none.
  virtual std::optional<std::string> issue_statement(const Bill &bill, bool only_with_usage) = 0;

  /// Of the resellers whose statements the role may read.
  virtual Corrections open_corrections() = 0;
};

/// The columns of verify(), in order.
extern const std::vector<std::string> kDifferenceColumns;

/// Connects as a configuration says. Throws DatabaseError.
using Connect = std::function<std::unique_ptr<Extension>(const Config &config)>;

/// Connects and checks that the extension is ready, for commands that do one thing and end. Throws DatabaseError.
std::unique_ptr<Extension> connect_to_ready(const Connect &connect, const Config &config);

/// The tables of sources(), each once, whatever number of services it feeds.
std::vector<Table> tables_of(const std::vector<Source> &sources);

/// Those tables of sources() that are built for all services that they feed.
std::vector<Table> built_tables_of(const std::vector<Source> &sources);

/// The table of this name. Throws a DatabaseError that tells which option gave the name.
const Table &find_table(const std::vector<Table> &tables, const TableName &name, const std::string &option);

/// The tables that --source names; all where it names none.
std::vector<Table> chosen_tables(Extension &extension, const Config &config);

}  // namespace materializer
