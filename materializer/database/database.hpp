// The database: the whole of libpqxx and libpq, and everything in which libpqxx 6.4 and 7.10 differ.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace materializer {

using Param = std::optional<std::string>;
using Row = std::vector<std::optional<std::string>>;
using Rows = std::vector<Row>;

/// What may help after an error.
enum class Remedy { kGiveUp, kRetry, kReconnect };

/// An error of the server or of the way to it. `sqlstate` is empty where there is none.
class DatabaseError : public std::exception {
 public:
  DatabaseError(std::string message, std::string sqlstate, Remedy remedy)
      : message_(std::move(message)), sqlstate_(std::move(sqlstate)), remedy_(remedy) {}

  const char *what() const noexcept override { return message_.c_str(); }
  const std::string &sqlstate() const { return sqlstate_; }
  Remedy remedy() const { return remedy_; }

 private:
  std::string message_;
  std::string sqlstate_;
  Remedy remedy_;
};

/// What is wrong with a connection string; nothing where it can be read.
std::optional<std::string> problem_of(const std::string &dsn);

/// One session, which never reconnects by itself: once it is lost, every use throws with Remedy::kReconnect.
class Connection {
 public:
  using OnNotice = std::function<void(const std::string &message)>;

  /// Connects, with what `dsn` leaves out from libpq's environment variables, and time limits where neither names any.
  /// `on_notice` gets what the server tells beside results.
  Connection(const std::string &dsn, const std::string &application_name, OnNotice on_notice);

  /// Runs one statement, a transaction of its own. What it returns is UTF-8, as are all messages.
  Rows exec(const std::string &sql, const std::vector<Param> &params = {});

  /// Cancels the statement that runs, from any thread and even after the connection is gone. May take its time.
  std::function<void()> canceller() const;

 private:
  struct Session;
  std::shared_ptr<Session> session_;
};

}  // namespace materializer
