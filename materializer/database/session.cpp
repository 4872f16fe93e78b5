#include "database/session.hpp"

#include <unistd.h>

#include <random>
#include <set>
#include <thread>

namespace materializer {
namespace {

// A leader that is frozen or cut off is idle to its server, which ends the session after this long, so that another can lead.
// Nothing of ours is idle for more than a second.
constexpr char kIdle[] = "3s";
constexpr char kBriefly[] = "2s";
constexpr char kLockNotAvailable[] = "55P03";
constexpr int kAttempts = 5;
constexpr std::size_t kMostNotices = 1'000;
constexpr std::chrono::seconds kAllowance{30};

std::string application_name() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string("reseller-materializer/") + std::string(host).substr(0, 24) + "/" + std::to_string(getpid());
}

std::string in_seconds(std::int64_t seconds) { return std::to_string(seconds) + "s"; }

// Whatever the database or the role sets: what the server prints, and how it reads what we write, must not depend on it.
// In encodings without a conversion, names pass as they are.
constexpr char kPinned[] =
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
    // PostgreSQL 17 added transaction_timeout, which would end units that take long.
    " UNION ALL SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

void configure(Connection &connection, const Config &config) {
  connection.exec(kPinned, {in_seconds(config.statement_timeout), in_seconds(config.lock_timeout), kIdle});
}

// The server repeats itself each time that it meets the same trouble.
Connection::OnNotice told_once(Log &log) {
  return [&log, told = std::set<std::string>()](const std::string &message) mutable {
    if (told.size() == kMostNotices) told.clear();
    if (told.insert(message).second) log.warning("server notice", {{"message", message}});
  };
}

int major_of(const std::string &version) { return static_cast<int>(std::strtol(version.c_str(), nullptr, 10)); }

}  // namespace

double chance() {
  static std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

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
  set_lock_timeout(kBriefly);
  try {
    Rows rows = attempt(sql, params, true);
    set_lock_timeout(lock_timeout_);
    return rows;
  } catch (const DatabaseError &error) {
    if (error.remedy() != Remedy::kReconnect) set_lock_timeout(lock_timeout_);
    throw;
  }
}

Rows Session::attempt(const std::string &sql, const std::vector<Param> &params, bool again_for_locks) {
  for (int attempt = 1;; attempt++) {
    interrupt_.alive_for(longest_unit_ + kAllowance);
    try {
      Rows rows = connection_.exec(sql, params);
      interrupt_.alive_for(kAllowance);
      return rows;
    } catch (const DatabaseError &error) {
      bool const again = error.remedy() == Remedy::kRetry || (again_for_locks && error.sqlstate() == kLockNotAvailable);
      if (!again || attempt == kAttempts || interrupt_.stop_requested()) throw;
      interrupt_.sleep_until(Clock::now() + std::chrono::milliseconds(static_cast<int>(attempt * 100 * (0.5 + chance()))));
    }
  }
}

void Session::set_lock_timeout(const std::string &timeout) { query("SELECT set_config('lock_timeout', $1, false)", {timeout}); }

Rows Session::query(const std::string &sql, const std::vector<Param> &params) {
  interrupt_.alive_for(kAllowance);
  return connection_.exec(sql, params);
}

Look look_at(Session &session) {
  Row const row = session
                      .query(
                          "SELECT pg_is_in_recovery()::int, (SELECT extversion FROM pg_extension WHERE extname = "
                          "'reseller_report'), current_database()")
                      .front();
  if (row[0] == "1") return {Place::kStandby, "the server is a standby"};
  if (!row[1])
    return {Place::kNoExtension,
            "database " + *row[2] + " has no extension reseller_report; run: CREATE EXTENSION reseller_report CASCADE"};
  int const theirs = major_of(*row[1]);
  int const ours = major_of(RESELLER_REPORT_VERSION);
  std::string const differs = "the extension is version " + *row[1] + ", this program " RESELLER_REPORT_VERSION;
  if (theirs < ours)
    return {Place::kWrongVersion, differs + "; run: ALTER EXTENSION reseller_report UPDATE TO '" RESELLER_REPORT_VERSION "'"};
  if (theirs > ours) return {Place::kWrongVersion, differs + "; install reseller-materializer " + *row[1]};
  return {Place::kReady, ""};
}

void expect_ready(Session &session) {
  Look const look = look_at(session);
  if (look.place != Place::kReady) throw DatabaseError(look.detail, "", Remedy::kGiveUp);
}

}  // namespace materializer
