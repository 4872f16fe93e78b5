// What every function that reads figures is asked, and the checks that come first.
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

/// Reads the arguments reseller_id, the first, and period_from and period_to, from number `period` on. Raises the errors of the
/// contract in its order: 22004, 42501, 22023 for no reseller, 22023 for no period. `named` are other arguments that must not be
/// NULL, each with its number; they stand between the two.
Request checked_request(FunctionCallInfo fcinfo);
Request checked_request(FunctionCallInfo fcinfo, int period, std::initializer_list<std::pair<int, const char *>> named);

/// Raises 22023 with a hint that lists the names that are known. `what` is what the name should be of.
[[noreturn]] void throw_unknown(const char *what, const std::string &name, const std::vector<std::string> &known);

/// An argument of type text; empty where it is NULL, which `PG_ARGISNULL` tells from ''.
std::string text_argument(FunctionCallInfo fcinfo, int number);

/// The service of a name; 22023 where there is none.
Service service_named(const std::string &name);

/// The services that an argument names: one, or all where it is NULL.
std::vector<Service> services_argument(FunctionCallInfo fcinfo, int number);

}  // namespace reseller_report
