// The connection to the database. Only this file knows libpqxx and libpq, and what differs between libpqxx 6.4 and 7.10.
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

/// An error of the server or of the connection to it. `sqlstate` is empty where the error has none.
class DatabaseError : public std::exception {
 public:
  DatabaseError(std::string message, std::string sqlstate, Remedy remedy)
      : message_(std::move(message)), sqlstate_(std::move(sqlstate)), remedy_(remedy) {}

  const char *what() const noexcept override { return message_.c_str(); }
  const std::string &sqlstate() const { return sqlstate_; }
  Remedy remedy() const { return remedy_; }

  /// Whether the connection is lost.
  bool is_loss() const { return remedy_ == Remedy::kReconnect; }

  /// Whether somebody else held a lock for too long.
  bool is_lock_timeout() const { return sqlstate_ == "55P03"; }

  /// Whether a value was refused or a sum was too large: classes 22 and 23. Then other rows may well be accepted.
  bool is_about_rows() const { return sqlstate_.compare(0, 2, "22") == 0 || sqlstate_.compare(0, 2, "23") == 0; }

  /// Whether the server does not accept an argument.
  bool is_invalid_parameter() const { return sqlstate_ == "22023"; }

 private:
  std::string message_;
  std::string sqlstate_;
  Remedy remedy_;
};

/// What is wrong with a connection string; nothing where it can be read.
std::optional<std::string> problem_of(const std::string &dsn);

/// One session. It never connects again by itself: once it is lost, every use throws with Remedy::kReconnect.
class Connection {
 public:
  using OnNotice = std::function<void(const std::string &message)>;

  /// Connects. What `dsn` leaves out comes from libpq's environment variables. Time limits that neither of them sets are set here.
  /// `on_notice` is called with each notice of the server.
  Connection(const std::string &dsn, const std::string &application_name, OnNotice on_notice);

  /// Runs one statement, which is a transaction of its own. Returned values and the messages of errors are UTF-8.
  Rows exec(const std::string &sql, const std::vector<Param> &params = {});

  /// A function that cancels the statement that runs. Any thread may call it, also after the Connection is destroyed. It may take
  /// long.
  std::function<void()> canceller() const;

 private:
  struct Session;
  std::shared_ptr<Session> session_;
};

}  // namespace materializer
