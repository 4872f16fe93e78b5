// The tables that make up a source: itself, and its partitions of all levels.
#pragma once

#include <vector>

#include "source.hpp"

namespace reseller_report {

/// A table that holds rows or partitions of a source, and the days that its
/// rows may be of.
struct Leaf {
  Oid relid;
  Range days;
};

/// All tables of a source, as of now, the table itself first. The caller has
/// locked that.
std::vector<Leaf> leaves_of(const Source &source);

/// Locks partitions that came since the source was locked, after a look at its
/// marks. A partition is seen, and its mark, a moment before the server tells
/// sessions of it, whose queries go on without it until then: two of one report
/// could differ. Who attached it holds it until it has told.
void lock_what_came(const Source &source);

}  // namespace reseller_report
