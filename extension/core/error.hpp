// The one exception that this extension throws on purpose. It carries what the user reads, and an SQLSTATE.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace reseller_report {

namespace sqlstate {
inline constexpr char kNullNotAllowed[] = "22004";
inline constexpr char kOutOfRange[] = "22003";
inline constexpr char kDatetimeOverflow[] = "22008";
inline constexpr char kInvalidParameter[] = "22023";
inline constexpr char kCheckViolation[] = "23514";
inline constexpr char kNotPermitted[] = "42501";
inline constexpr char kWrongState[] = "55000";
inline constexpr char kWrongTransaction[] = "25001";
inline constexpr char kWrongTriggerCall[] = "39P01";
inline constexpr char kWrongEventTriggerCall[] = "39P03";
inline constexpr char kSerializationFailure[] = "40001";
inline constexpr char kUndefinedObject[] = "42704";
inline constexpr char kNotSupported[] = "0A000";
inline constexpr char kOutOfMemory[] = "53200";
inline constexpr char kTooLarge[] = "54000";
inline constexpr char kInternal[] = "XX000";
}  // namespace sqlstate

/// Thrown anywhere, turned into a server ERROR by guarded() at the boundary. The texts follow the server's style guide: the
/// message in lower case without a period; the hint, which says what to do, and the detail, which says more of what is wrong, in
/// full sentences.
class Error : public std::exception {
 public:
  Error(const char *sqlstate, std::string message, std::string hint = {}, std::string detail = {})
      : sqlstate_(sqlstate), message_(std::move(message)), hint_(std::move(hint)), detail_(std::move(detail)) {}

  const char *what() const noexcept override { return message_.c_str(); }
  const char *sqlstate() const noexcept { return sqlstate_; }
  const char *hint() const noexcept { return hint_.c_str(); }
  const char *detail() const noexcept { return detail_.c_str(); }

 private:
  const char *sqlstate_;
  std::string message_;
  std::string hint_;
  std::string detail_;
};

}  // namespace reseller_report
