// The failures that last. Each is logged when it begins, once for each reason, and when it ends, however often the duty fails in
// between.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "database/database.hpp"
#include "process/log.hpp"

namespace materializer {

/// The names of what a leader does, in log lines and in the label `task` of metrics.
inline constexpr char kFoldDuty[] = "fold";
inline constexpr char kSourcesDuty[] = "sources";  // listing them
inline constexpr char kPartitionsDuty[] = "partitions";
inline constexpr char kRetentionDuty[] = "retention";
inline constexpr char kRebuildDuty[] = "rebuild";
inline constexpr char kVerifyDuty[] = "verify";
inline constexpr char kCorrectionsDuty[] = "corrections";  // asking for those of statements
inline constexpr char kStateDuty[] = "state";              // asking for what metrics show
inline constexpr const char *kDuties[] = {kFoldDuty,    kSourcesDuty, kPartitionsDuty,  kRetentionDuty,
                                          kRebuildDuty, kVerifyDuty,  kCorrectionsDuty, kStateDuty};

/// What a duty was about: a table, or nothing but the duty itself. The key of a table is its OID, so that a failure lasts when the
/// table is renamed. Where a duty is done part by part, a failure lasts until each part that failed was done.
struct Subject {
  std::string key;
  std::string name;  // for people
  std::string part = {};
};

class Failures {
 public:
  explicit Failures(Log &log) : log_(log) {}

  /// A duty failed.
  void meet(const std::string &duty, const Subject &subject, const DatabaseError &error);

  /// A duty was done completely, or the part of it that the subject names.
  void end(const std::string &duty, const Subject &subject);

  /// Ends the failures of a duty with all subjects but those with these keys, because it is not done for them any more.
  void keep_only(const std::string &duty, const std::set<std::string> &keys);

 private:
  struct Failure {
    std::string name;               // of the subject
    std::set<std::string> reasons;  // that were logged, without what may differ each time
    std::set<std::string> parts;    // that failed
  };

  Log &log_;
  std::map<std::pair<std::string, std::string>, Failure> lasting_;  // by duty and key
};

}  // namespace materializer
