#include "service/troubles.hpp"

#include <algorithm>

namespace materializer {
namespace {

constexpr std::size_t kMostReasons = 20;  // of one trouble; further ones are not told

// Moments, processes and counts differ each time, and a table may be renamed.
std::string essence_of(std::string reason, const std::string &name) {
  for (std::size_t at = 0; !name.empty() && (at = reason.find(name, at)) != std::string::npos;) reason.erase(at, name.size());
  reason.erase(std::remove_if(reason.begin(), reason.end(), [](char c) { return c >= '0' && c <= '9'; }), reason.end());
  return reason;
}

}  // namespace

void Troubles::meet(const std::string &duty, const Subject &subject, const DatabaseError &error) {
  Trouble &trouble = known_[{duty, subject.key}];
  trouble.name = subject.name;
  bool const is_new =
      trouble.told.size() < kMostReasons && trouble.told.insert(error.sqlstate() + essence_of(error.what(), subject.name)).second;
  if (!is_new) return;
  log_.error(duty + " failed", {{"about", subject.name}, {"reason", error.what()}, {"sqlstate", error.sqlstate()}});
}

void Troubles::end(const std::string &duty, const Subject &subject) {
  if (known_.erase({duty, subject.key}) > 0) log_.info(duty + " works again", {{"about", subject.name}});
}

void Troubles::keep_only(const std::string &duty, const std::set<std::string> &keys) {
  for (auto it = known_.begin(); it != known_.end();) {
    bool const stays = it->first.first != duty || keys.count(it->first.second) > 0;
    if (!stays) log_.info(duty + " is not asked for any more", {{"about", it->second.name}});
    it = stays ? std::next(it) : known_.erase(it);
  }
}

}  // namespace materializer
