// Troubles are logged when they begin, once for each reason that is new, and when they end: not each time that they are met.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "database/database.hpp"
#include "process/log.hpp"

namespace materializer {

/// What a duty is about: a table, by its number, so that a rename makes no new trouble; or nothing but the duty itself.
struct Subject {
  std::string key;
  std::string name;  // for people
};

class Troubles {
 public:
  explicit Troubles(Log &log) : log_(log) {}

  void meet(const std::string &duty, const Subject &subject, const DatabaseError &error);

  /// The duty was done, wholly.
  void end(const std::string &duty, const Subject &subject);

  /// Nobody asks for it any more: of these duties' troubles only those about `keys` stay.
  void keep_only(const std::string &duty, const std::set<std::string> &keys);

 private:
  struct Trouble {
    std::string name;
    std::set<std::string> told;  // reasons, without what may change in them
  };

  Log &log_;
  std::map<std::pair<std::string, std::string>, Trouble> known_;  // by duty and key
};

}  // namespace materializer
