// What keeps the house besides folding: partitions made ahead, old ones pruned, slices rebuilt and verified. Each function is one
// or more units of work; when to do what is decided elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "database/session.hpp"

namespace materializer {

/// A connected table. Functions get it by number: by name it could only be found with USAGE on its schema.
struct Source {
  std::string name;  // as the server prints it, with its schema
  std::string oid;
};

/// A part of a source: a partition, or a slice that is built in one go. Bounds are as the server prints them, in UTC.
struct Slice {
  Source source;
  std::string from;
  std::string to;
};

struct Period {
  Moment from;
  Moment to;
};
inline constexpr Period kAllTime = {{0, 0, -1}, {0, 0, 1}};

/// All connected tables, each once, however many services it feeds.
std::vector<Source> sources(Session &session);

/// The one of a name; throws DatabaseError that names the option which the name was given in.
const Source &find(const std::vector<Source> &all, const TableName &name, const char *option);

/// Those that --source names; all where it names none.
std::vector<Source> chosen_sources(Session &session, const Config &config);

/// How long raw usage of a table is kept; nothing: for ever.
std::optional<std::int64_t> kept_for(const Retention &retention, const Source &source);

/// Makes the monthly partitions of a source that are missing until `ahead` seconds from now. One source a transaction, for it holds
/// the table against everybody.
std::vector<Slice> make_partitions(Session &session, const Source &source, std::int64_t ahead);

/// Drops the partitions of a source that are older than `seconds`, or only tells which.
std::vector<Slice> prune(Session &session, const Source &source, std::int64_t seconds, bool dry_run);

/// What a rebuild of the period takes, days that are not built first.
std::vector<Slice> rebuild_slices(Session &session, const Source &source, const Period &period, bool only_unbuilt);

void rebuild(Session &session, const Slice &slice);

/// Whether an error is about rows of one slice, so that the table's other slices may well be built.
bool is_about_rows(const DatabaseError &error);

/// A random table that is built; nothing where there is none.
std::optional<Source> random_built_source(Session &session);

/// A random day of a built table that raw usage is compared on; nothing where there is no finite one.
struct Verification {
  Slice slice;
  Rows differences;
};
std::optional<Verification> verify_random_slice(Session &session, const Source &source);

/// The columns of verify(), in order.
extern const std::vector<std::string> kDifferenceColumns;

/// The commands `verify` and `prune`.
int run_verify(const Config &config, Interrupt &interrupt, Log &log);
int run_prune(const Config &config, Interrupt &interrupt, Log &log);

}  // namespace materializer
