#include "database/database.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <pqxx/pqxx>
#include <utility>

#include "process/text.hpp"

namespace materializer {
namespace {

struct Setting {
  const char *name;
  const char *value;
};
// With these the program notices within seconds that the network is cut. session.cpp has the settings with which the server does.
constexpr Setting kLimits[] = {{"connect_timeout", "3"},
                               {"keepalives_idle", "2"},
                               {"keepalives_interval", "1"},
                               {"keepalives_count", "3"},
                               {"tcp_user_timeout", "5000"}};

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

bool names(const Options &options, const std::string &keyword) {
  for (const PQconninfoOption *option = options.get(); option != nullptr && option->keyword != nullptr; option++)
    if (keyword == option->keyword) return option->val != nullptr && *option->val != '\0';
  return false;
}

std::string quoted(const std::string &value) {
  std::string result = "'";
  for (char const c : value) result += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
  return result + "'";
}

Options parsed(const std::string &dsn, std::string &problem) {
  char *message = nullptr;
  Options options(PQconninfoParse(dsn.c_str(), &message), PQconninfoFree);
  problem = message != nullptr ? message : options == nullptr ? "out of memory" : "";
  while (!problem.empty() && problem.back() == '\n') problem.pop_back();
  PQfreemem(message);
  return options;
}

// The connection string with kLimits added, except those that the string or the environment sets. It may be a URI, so it is parsed
// first.
std::string with_limits(const std::string &dsn, const std::string &application_name) {
  std::string problem;
  Options const given = parsed(dsn, problem);
  if (given == nullptr) throw DatabaseError(problem, "", Remedy::kGiveUp);
  Options const defaults(PQconndefaults(), PQconninfoFree);
  std::string result;
  for (const PQconninfoOption *option = given.get(); option->keyword != nullptr; option++)
    if (option->val != nullptr) result += std::string(option->keyword) + "=" + quoted(option->val) + " ";
  for (const Setting &limit : kLimits)
    if (!names(given, limit.name) && !names(defaults, limit.name)) result += std::string(limit.name) + "=" + limit.value + " ";
  return result + "fallback_application_name=" + quoted(application_name);
}

// Classes 08 and 57P, and 25P03 for a session that was idle for too long: the connection is lost. Class 40: the same statement may
// succeed when it is tried again.
Remedy remedy_for(const std::string &sqlstate) {
  if (sqlstate.compare(0, 2, "08") == 0 || sqlstate.compare(0, 3, "57P") == 0 || sqlstate == "25P03") return Remedy::kReconnect;
  if (sqlstate.compare(0, 2, "40") == 0) return Remedy::kRetry;
  return Remedy::kGiveUp;
}

// In libpqxx 6.4 some errors come without their SQLSTATE. From 8 on sqlstate() returns a view.
std::string sqlstate_of(const pqxx::sql_error &error) {
  std::string state(error.sqlstate());
  if (!state.empty()) return state;
  if (dynamic_cast<const pqxx::insufficient_privilege *>(&error) != nullptr) return "42501";
  if (dynamic_cast<const pqxx::undefined_table *>(&error) != nullptr) return "42P01";
  if (dynamic_cast<const pqxx::undefined_function *>(&error) != nullptr) return "42883";
  return "";
}

// The server's message, detail and hint on one line, without severity and context. Messages from before the session has its
// settings come in the server's encoding.
std::string tidy(std::string message) {
  message.erase(std::min(message.find("\nCONTEXT:"), message.size()));
  for (const char *const severity : {"ERROR:  ", "FATAL:  ", "WARNING:  "}) {
    std::size_t const at = message.find(severity);
    if (at != std::string::npos) message.erase(at, std::char_traits<char>::length(severity));
  }
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return as_utf8(message);
}

// Runs `f` and turns its errors into DatabaseError. In libpqxx 6.4 the errors of a rolled back transaction have no SQLSTATE.
template <typename F>
auto translated(F &&f) -> decltype(f()) {
  try {
    return f();
  } catch (const pqxx::in_doubt_error &error) {
    throw DatabaseError(tidy(error.what()), "", Remedy::kReconnect);
  } catch (const pqxx::broken_connection &error) {
    throw DatabaseError(tidy(error.what()), "", Remedy::kReconnect);
  } catch (const pqxx::serialization_failure &error) {
    throw DatabaseError(tidy(error.what()), "40001", Remedy::kRetry);
  } catch (const pqxx::deadlock_detected &error) {
    throw DatabaseError(tidy(error.what()), "40P01", Remedy::kRetry);
  } catch (const pqxx::sql_error &error) {
    throw DatabaseError(tidy(error.what()), sqlstate_of(error), remedy_for(sqlstate_of(error)));
  } catch (const std::exception &error) {
    throw DatabaseError(tidy(error.what()), "", Remedy::kReconnect);
  }
}

pqxx::result run(pqxx::transaction_base &transaction, const std::string &sql, const std::vector<Param> &params) {
#if PQXX_VERSION_MAJOR >= 7
  pqxx::params values;
  for (const Param &param : params) {
    if (param) {
      values.append(*param);
    } else {
      values.append();
    }
  }
#if PQXX_VERSION_MAJOR > 7 || PQXX_VERSION_MINOR >= 10
  return transaction.exec(sql, values);
#else
  return transaction.exec_params(sql, values);
#endif
#else
  std::vector<const char *> values;
  values.reserve(params.size());
  for (const Param &param : params) values.push_back(param ? param->c_str() : nullptr);
  return transaction.exec_params(sql, pqxx::prepare::make_dynamic_params(values));
#endif
}

#if PQXX_VERSION_MAJOR < 7
/// Hands on notices, which libpqxx 6.4 would print.
class NoticeHandler : public pqxx::errorhandler {
 public:
  NoticeHandler(pqxx::connection_base &connection, Connection::OnNotice on_notice)
      : pqxx::errorhandler(connection), on_notice_(std::move(on_notice)) {}
  bool operator()(const char message[]) noexcept override {
    on_notice_(tidy(message));
    return false;
  }

 private:
  Connection::OnNotice on_notice_;
};
#else
/// Hands on notices, which libpqxx 7 would print.
class NoticeHandler {
 public:
  NoticeHandler(pqxx::connection &connection, Connection::OnNotice on_notice) {
    connection.set_notice_handler(
        [on_notice = std::move(on_notice)](pqxx::zview message) noexcept { on_notice(tidy(std::string(message))); });
  }
};
#endif

}  // namespace

std::optional<std::string> problem_of(const std::string &dsn) {
  std::string problem;
  return parsed(dsn, problem) == nullptr ? std::optional(problem) : std::nullopt;
}

struct Connection::Session {
  Session(const std::string &conninfo, const OnNotice &on_notice) : connection(conninfo), notices(connection, on_notice) {
#if PQXX_VERSION_MAJOR < 7
    // After a loss, libpqxx 6.4 would silently open a new session, which does not have the leader's lock. Both calls are marked as
    // deprecated because libpqxx 7 never does that.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.activate();
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
  }
  pqxx::connection connection;
  NoticeHandler notices;
};

Connection::Connection(const std::string &dsn, const std::string &application_name, OnNotice on_notice) {
  std::string const conninfo = with_limits(dsn, application_name);
  translated([&] { session_ = std::make_shared<Session>(conninfo, on_notice); });
}

Rows Connection::exec(const std::string &sql, const std::vector<Param> &params) {
  return translated([&] {
    pqxx::nontransaction transaction(session_->connection);
    Rows rows;
    for (const auto &row : run(transaction, sql, params)) {
      Row values;
      for (const auto &field : row) values.push_back(field.is_null() ? std::nullopt : Param(as_utf8(field.c_str())));
      rows.push_back(std::move(values));
    }
    return rows;
  });
}

std::function<void()> Connection::canceller() const {
  return [session = session_] {
    try {
      session->connection.cancel_query();
    } catch (const std::exception &) {
      // Nobody waits for the outcome, and a server that cannot be reached has nothing to cancel.
    }
  };
}

}  // namespace materializer
