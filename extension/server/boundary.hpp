// The boundary between C++ and the server: exceptions on one side, ereport and longjmp on the other.
//
// Rules: every entry from the server (function, trigger, callback) starts in guarded(). Every server call that can raise an ERROR,
// made while an object with a destructor is alive, sits in pg(), whose argument owns nothing with a destructor. Only guarded()
// hands a PgError back to the server. Whoever else catches one rolls back the subtransaction in which it was raised, or throws
// again at once: to go on without either would leave locks and state half done.
#pragma once

#include <cstring>
#include <exception>
#include <initializer_list>
#include <new>
#include <string>

#include "core/error.hpp"
#include "server/pg.hpp"

namespace reseller_report {

/// A server ERROR on its way through C++ frames.
struct PgError {
  ErrorData *data;
};

/// Keeps both of the server's stacks whole when C++ unwinds past PG_TRY; a dangling handler would crash on the next ERROR.
struct HandlerStacks {
  sigjmp_buf *exceptions = PG_exception_stack;
  ErrorContextCallback *contexts = error_context_stack;
  ~HandlerStacks() {
    PG_exception_stack = exceptions;
    error_context_stack = contexts;
  }
};

/// C++ to server: runs `f` and turns a server ERROR into PgError.
template <typename F>
void pg(F &&f) {
  MemoryContext const home = CurrentMemoryContext;
  ErrorData *volatile caught = nullptr;
  bool volatile raised = false;
  HandlerStacks const stacks;
  PG_TRY();
  { f(); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(home);
    caught = CopyErrorData();
    FlushErrorState();
    raised = true;
  }
  PG_END_TRY();
  if (raised) throw PgError{caught};
}

/// Copies as many whole characters as fit.
template <size_t kSize>
void copy_clipped(char (&to)[kSize], const char *from) {
  auto const length = static_cast<size_t>(pg_mbcliplen(from, static_cast<int>(strlen(from)), static_cast<int>(kSize) - 1));
  memcpy(to, from, length);
  to[length] = '\0';
}

/// The server's number of an SQLSTATE.
inline int number_of(const char *state) { return MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]); }

/// The texts of an error, copied to fixed buffers: a palloc inside a catch block could jump out of it and leak the exception. Not
/// initialised, because a capture trigger passes guarded() with every row.
struct ErrorTexts {
  char state[6];
  char message[1024];
  char hint[1024];
  char detail[512];

  void set(const char *its_state, const char *its_message, const char *its_hint = "", const char *its_detail = "") {
    strlcpy(state, its_state, sizeof state);
    copy_clipped(message, its_message);
    copy_clipped(hint, its_hint);
    copy_clipped(detail, its_detail);
  }

  [[noreturn]] void raise() const {
    ereport(ERROR, (errcode(number_of(state)), errmsg("%s", message), detail[0] != '\0' ? errdetail("%s", detail) : 0,
                    hint[0] != '\0' ? errhint("%s", hint) : 0));
  }
};

/// Server to C++: runs `f` and turns what it throws into a server ERROR.
template <typename F>
Datum guarded(F &&f) {
  ErrorData *server_error = nullptr;
  ErrorTexts texts;
  try {
    return f();
  } catch (const PgError &e) {
    server_error = e.data;
  } catch (const Error &e) {
    texts.set(e.sqlstate(), e.what(), e.hint(), e.detail());
  } catch (const std::bad_alloc &) {
    texts.set(sqlstate::kOutOfMemory, "out of memory");
  } catch (const std::exception &e) {
    texts.set(sqlstate::kInternal, e.what());
  } catch (...) {
    texts.set(sqlstate::kInternal, "unrecognized C++ exception");
  }
  if (server_error != nullptr) ReThrowError(server_error);
  texts.raise();
}

/// Raises 22004 where one of these arguments of a function is NULL; `names` says which they are.
inline void require_not_null(FunctionCallInfo fcinfo, std::initializer_list<int> numbers, const char *names) {
  for (int const number : numbers)
    if (PG_ARGISNULL(number)) throw Error(sqlstate::kNullNotAllowed, std::string(names) + " must not be NULL");
}

}  // namespace reseller_report

/// Defines the SQL-callable function `name`; the body follows and may throw.
#define RESELLER_REPORT_FUNCTION(name)                                    \
  static Datum name##_body(FunctionCallInfo);                             \
  extern "C" {                                                            \
  PGDLLEXPORT PG_FUNCTION_INFO_V1(name);                                  \
  Datum name(PG_FUNCTION_ARGS) {                                          \
    return reseller_report::guarded([=] { return name##_body(fcinfo); }); \
  }                                                                       \
  }                                                                       \
  static Datum name##_body([[maybe_unused]] PG_FUNCTION_ARGS)
