// What keeps the house besides folding: partitions made ahead, old ones pruned, slices rebuilt and verified. Each function is one
// or more units of work; when to do what is decided elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session.hpp"

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

/// Makes the monthly partitions of a source that are missing until `ahead` seconds from now. One source a transaction, for it holds
/// the table against everybody.
std::vector<Slice> make_partitions(Session &session, const Source &source, std::int64_t ahead);

/// All sources, or those named in `only`; an unknown one throws DatabaseError that names the option it was given in.
std::vector<Source> sources(Session &session, const std::vector<std::string> &only, const char *option = "source");

/// Drops the partitions of a source that are older than `seconds`, or only tells which.
std::vector<Slice> prune(Session &session, const Source &source, std::int64_t seconds, bool dry_run);

/// What a rebuild of the period takes, days that are not built first.
std::vector<Slice> rebuild_slices(Session &session, const Source &source, const std::string &from, const std::string &to,
                                  bool only_unbuilt);

/// What is not built in any source.
std::vector<Slice> unbuilt_slices(Session &session);

void rebuild(Session &session, const Slice &slice);

/// A random built day that raw usage is compared on; nothing where there is no finite one.
struct Verification {
  Slice slice;
  Rows differences;
};
std::optional<Verification> verify_random_slice(Session &session);

/// The columns of verify(), in order.
extern const std::vector<std::string> kDifferenceColumns;
Rows verify(Session &session, const std::string &from, const std::string &to, const Param &service);

/// The commands `verify` and `prune`.
int run_verify(const Config &config, Interrupt &interrupt, Log &log);
int run_prune(const Config &config, Interrupt &interrupt, Log &log);

}  // namespace materializer
