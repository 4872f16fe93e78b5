#include "database/session.hpp"

#include <unistd.h>

#include <set>

namespace materializer {
namespace {

// To its server, a leader that is frozen or cut off is an idle session. The server ends such a session after this long, and another
// instance can lead. A healthy instance is never idle for more than a second.
constexpr char kIdleTimeout[] = "3s";
constexpr char kBriefLockTimeout[] = "2s";
constexpr int kAttempts = 5;
constexpr double kPause = 0.1;                  // seconds after the first attempt; longer after each further one
constexpr std::size_t kMostNotices = 1'000;     // that are remembered
constexpr std::chrono::seconds kAllowance{30};  // for the watchdog, beside the longest unit

std::string application_name() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string("reseller-materializer/") + std::string(host).substr(0, 24) + "/" + std::to_string(getpid());
}

std::string in_seconds(std::int64_t seconds) { return std::to_string(seconds) + "s"; }

// Sets everything that the database or the role may have set otherwise and that changes what the server prints or how it reads our
// statements. SQL_ASCII and MULE_INTERNAL have no conversion to UTF-8: there, text comes as it is stored.
constexpr char kSettings[] =
    "SELECT pg_catalog.set_config(name, setting, false) FROM (VALUES"
    " ('client_encoding', CASE WHEN pg_catalog.getdatabaseencoding() IN ('SQL_ASCII', 'MULE_INTERNAL') THEN 'SQL_ASCII' ELSE "
    "'UTF8' END),"
    " ('search_path', 'pg_catalog, pg_temp'), ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'), ('intervalstyle', 'postgres'),"
    " ('quote_all_identifiers', 'off'), ('standard_conforming_strings', 'on'), ('client_min_messages', 'warning'),"
    " ('default_transaction_isolation', 'read committed'), ('default_transaction_read_only', 'off'),"
    " ('default_transaction_deferrable', 'off'),"
    " ('statement_timeout', $1), ('lock_timeout', $2), ('idle_in_transaction_session_timeout', $3), ('idle_session_timeout', $3),"
    " ('client_connection_check_interval', '1s'),"
    " ('tcp_keepalives_idle', '1'), ('tcp_keepalives_interval', '1'), ('tcp_keepalives_count', '2'), ('tcp_user_timeout', '3s'))"
    " AS settings (name, setting)"
    // PostgreSQL 17 added transaction_timeout, which would end long units.
    " UNION ALL SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

void configure(Connection &connection, const Config &config) {
  connection.exec(kSettings, {in_seconds(config.statement_timeout), in_seconds(config.lock_timeout), kIdleTimeout});
}

// Logs each notice once: the server sends the same one again each time that its cause is met.
Connection::OnNotice told_once(Log &log) {
  return [&log, told = std::set<std::string>()](const std::string &message) mutable {
    if (told.size() == kMostNotices) told.clear();
    if (told.insert(message).second) log.warning("server notice", {{"message", message}});
  };
}

}  // namespace

Session::Session(const Config &config, Interrupt &interrupt, Log &log)
    : connection_(config.dsn, application_name(), told_once(log)),
      interrupt_(interrupt),
      longest_unit_(config.statement_timeout),
      lock_timeout_(in_seconds(config.lock_timeout)) {
  interrupt_.set_canceller(connection_.canceller());
  configure(connection_, config);
}

Session::~Session() { interrupt_.set_canceller(nullptr); }

Rows Session::unit(const std::string &sql, const std::vector<Param> &params) { return attempt(sql, params, false); }

Rows Session::unit_that_locks_out(const std::string &sql, const std::vector<Param> &params) {
  set_lock_timeout(kBriefLockTimeout);
  try {
    Rows rows = attempt(sql, params, true);
    set_lock_timeout(lock_timeout_);
    return rows;
  } catch (const DatabaseError &error) {
    if (error.remedy() != Remedy::kReconnect) set_lock_timeout(lock_timeout_);
    throw;
  }
}

Rows Session::attempt(const std::string &sql, const std::vector<Param> &params, bool retry_locks) {
  for (int attempt = 1;; attempt++) {
    interrupt_.alive_for(longest_unit_ + kAllowance);
    try {
      Rows rows = connection_.exec(sql, params);
      interrupt_.alive_for(kAllowance);
      return rows;
    } catch (const DatabaseError &error) {
      bool const again = error.remedy() == Remedy::kRetry || (retry_locks && error.is_lock_timeout());
      if (!again || attempt == kAttempts || interrupt_.stop_requested()) throw;
      interrupt_.sleep(attempt * kPause * (0.5 + interrupt_.chance()));
    }
  }
}

void Session::set_lock_timeout(const std::string &timeout) { query("SELECT set_config('lock_timeout', $1, false)", {timeout}); }

Rows Session::query(const std::string &sql, const std::vector<Param> &params) {
  interrupt_.alive_for(kAllowance);
  return connection_.exec(sql, params);
}

}  // namespace materializer
