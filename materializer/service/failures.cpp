#include "service/failures.hpp"

#include <algorithm>

namespace materializer {
namespace {

constexpr std::size_t kMostReasons = 20;  // of one failure; further ones are not logged

// A reason without the parts that may differ from one time to the next: moments, process numbers, counts, and the name of the
// table, which may be renamed.
std::string lasting_part_of(std::string reason, const std::string &name) {
  for (std::size_t at = 0; !name.empty() && (at = reason.find(name, at)) != std::string::npos;) reason.erase(at, name.size());
  reason.erase(std::remove_if(reason.begin(), reason.end(), [](char c) { return c >= '0' && c <= '9'; }), reason.end());
  return reason;
}

}  // namespace

void Failures::meet(const std::string &duty, const Subject &subject, const DatabaseError &error) {
  Failure &failure = lasting_[{duty, subject.key}];
  failure.name = subject.name;
  failure.parts.insert(subject.part);
  if (failure.reasons.size() == kMostReasons) return;
  bool const is_new = failure.reasons.insert(error.sqlstate() + lasting_part_of(error.what(), subject.name)).second;
  if (!is_new) return;
  log_.error(duty + " failed", {{"about", subject.name}, {"reason", error.what()}, {"sqlstate", error.sqlstate()}});
}

void Failures::end(const std::string &duty, const Subject &subject) {
  auto const found = lasting_.find({duty, subject.key});
  if (found == lasting_.end()) return;
  found->second.parts.erase(subject.part);
  if (!found->second.parts.empty()) return;
  lasting_.erase(found);
  log_.info(duty + " works again", {{"about", subject.name}});
}

void Failures::keep_only(const std::string &duty, const std::set<std::string> &keys) {
  for (auto it = lasting_.begin(); it != lasting_.end();) {
    bool const stays = it->first.first != duty || keys.count(it->first.second) > 0;
    if (!stays) log_.info(duty + " is not asked for any more", {{"about", it->second.name}});
    it = stays ? std::next(it) : lasting_.erase(it);
  }
}

}  // namespace materializer
