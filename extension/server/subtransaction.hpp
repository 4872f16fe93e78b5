// Subtransactions of our own.
#pragma once

#include "server/boundary.hpp"

namespace reseller_report {

/// A subtransaction: what is done in it can be undone, and an error in it be survived. Must be ended by one of the two.
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
