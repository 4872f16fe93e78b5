// The tables that a source is made of, as the catalogs have them now.
#pragma once

#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// A connected table itself, one of its partitions of any level, or one of its inheritance children.
struct Member {
  Oid relid;
  NameData schema;
  NameData table;
  char kind;             ///< as pg_class.relkind has it
  bool can_be_captured;  ///< whether the capture trigger sees every change of its rows
};

/// The root comes first.
std::vector<Member> members_of(Oid root);

/// Whether a relation of this kind and persistence fires its triggers on every change of its rows. Writes to a foreign table may be
/// made elsewhere, and a crash empties an unlogged table. A partitioned table holds no rows itself, so its persistence does
/// not matter.
bool fires_on_every_change(char kind, char persistence);

}  // namespace reseller_report
