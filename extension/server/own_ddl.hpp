// Telling our own DDL from everybody else's.
#pragma once

namespace reseller_report {

/// While one lives, event triggers of the extension do nothing: the DDL under way is its own work.
class OwnDdl {
 public:
  OwnDdl() { depth_++; }
  ~OwnDdl() { depth_--; }
  OwnDdl(const OwnDdl &) = delete;
  OwnDdl &operator=(const OwnDdl &) = delete;

  static bool under_way() { return depth_ > 0; }

 private:
  static int depth_;
};

}  // namespace reseller_report
