// Memory for work that is done again and again inside of one call of the server.
#pragma once

#include "server/boundary.hpp"

namespace reseller_report {

/// A memory context of its own, which is emptied after each use. While an error is on its way nothing is freed, because the error
/// may lie here.
class ScratchMemory {
 public:
  ScratchMemory() {
    pg([&] { context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report scratch", ALLOCSET_DEFAULT_SIZES); });
  }
  ~ScratchMemory() {
    if (std::uncaught_exceptions() == 0) MemoryContextDelete(context_);
  }
  ScratchMemory(const ScratchMemory &) = delete;
  ScratchMemory &operator=(const ScratchMemory &) = delete;

  /// Makes it the current one while it lives.
  class Use {
   public:
    explicit Use(const ScratchMemory &memory) : context_(memory.context_), before_(MemoryContextSwitchTo(memory.context_)) {}
    ~Use() {
      MemoryContextSwitchTo(before_);
      if (std::uncaught_exceptions() == 0) MemoryContextReset(context_);
    }
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;

   private:
    MemoryContext context_;
    MemoryContext before_;
  };

 private:
  MemoryContext context_ = nullptr;
};

}  // namespace reseller_report
