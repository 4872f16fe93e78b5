// Walking the expressions of a query, when it is planned.
#pragma once

#include "server/boundary.hpp"

extern "C" {
#include <access/transam.h>
#include <nodes/nodeFuncs.h>
}

namespace reseller_report {

// PostgreSQL 16 declared the arguments of a walker.
template <typename Context>
bool walk_expression(Node *node, bool (*walker)(Node *, Context *), Context *context) {
#if PG_VERSION_NUM >= 160000
  return expression_tree_walker(node, reinterpret_cast<tree_walker_callback>(walker), context);
#else
  return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context);
#endif
}

/// Whether a node itself calls a function that the server was not built with. Oid 9999 is the last of those that it was.
inline bool calls_function_of_user(Node *node) {
  return check_functions_in_node(
      node, [](Oid function, void *) { return function >= FirstGenbkiObjectId; }, nullptr);
}

}  // namespace reseller_report
