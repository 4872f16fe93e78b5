// Who leads: whoever holds the session advisory lock. The lock only keeps several instances from doing the same work; the data
// are safe without it, for folds take the lease in the database.
#pragma once

#include <optional>
#include <string>

#include "database/session.hpp"

namespace materializer {

/// Takes the lock if nobody holds it. It lasts as long as the session, so only a session that does not lead may try.
bool try_to_lead(Session &session);

struct Leader {
  std::string name;   // its application_name
  std::string pid;    // its server process
  std::string since;  // when its session began; empty where the caller may not see it
};
std::optional<Leader> current_leader(Session &session);

}  // namespace materializer
