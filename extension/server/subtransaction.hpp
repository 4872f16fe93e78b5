// Subtransactions of our own.
#pragma once

#include "server/boundary.hpp"

namespace reseller_report {

/// A subtransaction. What is done in it can be undone, and an error in it can be survived. It must be ended by release() or
/// roll_back().
class Subtransaction {
 public:
  Subtransaction() {
    pg([&] {
      BeginInternalSubTransaction(nullptr);
      MemoryContextSwitchTo(memory_);
    });
  }
  Subtransaction(const Subtransaction &) = delete;
  Subtransaction &operator=(const Subtransaction &) = delete;

  void release() const { end(ReleaseCurrentSubTransaction); }
  void roll_back() const { end(RollbackAndReleaseCurrentSubTransaction); }

 private:
  void end(void (*how)()) const {
    pg([&] {
      how();
      MemoryContextSwitchTo(memory_);
      CurrentResourceOwner = owner_;
    });
  }

  MemoryContext memory_ = CurrentMemoryContext;
  ResourceOwner owner_ = CurrentResourceOwner;
};

}  // namespace reseller_report
