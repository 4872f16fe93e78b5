// What callers ask of every function that reads figures, and the checks that come first.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "core/item.hpp"
#include "core/period.hpp"
#include "server/boundary.hpp"

namespace reseller_report {

/// A reseller's account.
struct Account {
  std::string name;
  std::string time_zone;
  std::string currency;
};

/// The account of a reseller whose figures the current role may read. Raises 42501 where it may not, then 22023 where the company
/// is no reseller.
Account checked_account(std::int64_t reseller);

struct Request {
  std::int64_t reseller;
  Range period;
  Account account;
};

/// Reads the arguments reseller_id, which is the first, and period_from and period_to, which are number `period` and the next.
/// Raises errors in this order: 22004 for NULL, 42501, 22023 for a company that is no reseller, 22023 for an empty period. `named`
/// are arguments between reseller_id and period_from that must not be NULL either, each with its number.
Request checked_request(FunctionCallInfo fcinfo);
Request checked_request(FunctionCallInfo fcinfo, int period, std::initializer_list<std::pair<int, const char *>> named);

/// Raises 22023 with a hint that lists the names that are known. `what` says what kind of name it is.
[[noreturn]] void throw_unknown(const char *what, const std::string &name, const std::vector<std::string> &known);

/// An argument of type text; empty where it is NULL, which `PG_ARGISNULL` tells from ''.
std::string text_argument(FunctionCallInfo fcinfo, int number);

/// The service of a name; 22023 where there is none.
Service service_named(const std::string &name);

/// The services that an argument names: one, or all where it is NULL.
std::vector<Service> services_argument(FunctionCallInfo fcinfo, int number);

}  // namespace reseller_report
