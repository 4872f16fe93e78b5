// Runs SQL inside the server, and hands on each row as it comes, without storing the result.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "server/boundary.hpp"

namespace reseller_report {

/// Parameters of a query, plain values only.
struct SqlParameters {
  static constexpr int kMost = 8;
  int count = 0;
  Oid types[kMost];
  Datum values[kMost];
  char nulls[kMost];

  SqlParameters &add(Oid type, Datum value) {
    types[count] = type;
    values[count] = value;
    nulls[count] = ' ';
    count++;
    return *this;
  }
  SqlParameters &add_bigint(std::int64_t value) { return add(INT8OID, Int64GetDatum(value)); }
  SqlParameters &add_time(std::int64_t value) { return add(TIMESTAMPTZOID, TimestampTzGetDatum(value)); }
  SqlParameters &add_null(Oid type) {
    add(type, Datum{0});
    nulls[count - 1] = 'n';
    return *this;
  }
  SqlParameters &add_bigints(const std::int64_t *array, int n);
};

/// Receives the columns of one row; may throw. The values live until it returns.
using RowHandler = void (*)(void *state, const Datum *values, const bool *nulls);

/// When a query is planned.
enum class Planning : int {
  kServersChoice = 0,
  kOnce = CURSOR_OPT_GENERIC_PLAN,    ///< one plan serves whatever its parameters are
  kEachTime = CURSOR_OPT_CUSTOM_PLAN  ///< the best plan depends on its parameters, and is worth the time
};

/// A query that every report runs. Each backend prepares it once. Make it static.
struct SavedQuery {
  const char *sql;
  Planning planning = Planning::kServersChoice;
  SPIPlanPtr plan = nullptr;
};

/// A query that is made at run time and is kept with what it is about. It is prepared when it is run first.
class KeptQuery {
 public:
  KeptQuery() = default;
  ~KeptQuery();
  KeptQuery(const KeptQuery &) = delete;
  KeptQuery &operator=(const KeptQuery &) = delete;

  /// The query with this text; `sql()` makes it where it was not made yet.
  template <typename F>
  SavedQuery &saved(F &&sql) {
    if (text_.empty()) {
      text_ = sql();
      query_ = {text_.c_str(), Planning::kOnce};
    }
    return query_;
  }

 private:
  std::string text_;
  SavedQuery query_ = {};
};

/// Runs a query in the active snapshot, read-only, and hands each row on as it comes.
void run_query(const char *sql, const SqlParameters &parameters, RowHandler handler, void *state);
void run_query(SavedQuery &query, const SqlParameters &parameters, RowHandler handler, void *state);

/// Runs a query in the active snapshot; `each_row(values, nulls)` gets each row.
template <typename Sql, typename F>
void query(Sql &&sql, const SqlParameters &parameters, F &&each_row) {
  run_query(
      sql, parameters,
      [](void *state, const Datum *values, const bool *nulls) {
        (*static_cast<std::remove_reference_t<F> *>(state))(values, nulls);
      },
      &each_row);
}

/// Runs a query that changes something, in a snapshot of its own, and hands each row on as it comes.
void run_changing_query(const char *sql, const SqlParameters &parameters, RowHandler handler, void *state);

template <typename F>
void changing_query(const char *sql, const SqlParameters &parameters, F &&each_row) {
  run_changing_query(
      sql, parameters,
      [](void *state, const Datum *values, const bool *nulls) {
        (*static_cast<std::remove_reference_t<F> *>(state))(values, nulls);
      },
      &each_row);
}

/// Runs a query of one row and one column, an array, and returns it in the memory of the caller.
Datum query_array(const char *sql, const SqlParameters &parameters);

/// Runs a statement that changes something, in a snapshot of its own.
void execute(const char *sql, const SqlParameters &parameters);

/// A text value that is not NULL.
std::string text_of(Datum value);

/// A moment as the session would print it.
std::string text_of_time(std::int64_t time);

/// A bigint[] without NULLs over `n` values; palloc'd.
ArrayType *make_bigint_array(const std::int64_t *values, int n);

}  // namespace reseller_report
