// What options hold, read from text. Each function throws ValueError where the text is not what it reads.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "config/config.hpp"

namespace materializer {

/// What is wrong with a value. Does not name the option.
class ValueError : public std::exception {
 public:
  explicit ValueError(std::string problem) : problem_(std::move(problem)) {}
  const char *what() const noexcept override { return problem_.c_str(); }

 private:
  std::string problem_;
};

namespace values {

/// Seconds.
std::int64_t duration(const std::string &text);

/// A number from 1 to 1,000,000,000.
std::int64_t count(const std::string &text);

/// A month, YYYY-MM.
std::string month(const std::string &text);

/// The number of a reseller.
std::string reseller(const std::string &text);

/// true or false.
bool yes_or_no(const std::string &text);

LogFormat log_format(const std::string &text);
LogLevel log_level(const std::string &text);
OutputFormat output_format(const std::string &text);
Schedule schedule(const std::string &text);
Zone zone(const std::string &text);

/// ADDRESS:PORT, or empty.
std::string listen_address(const std::string &text);

/// Rules with commas between: DURATION for all tables, or SCHEMA.TABLE=DURATION for one.
Retention retention(const std::string &text);

TableName table(const std::string &text);
Moment moment(const std::string &text);

/// The end of a period, which must come after its beginning.
Moment to_after(const Moment &from, const std::string &text);

}  // namespace values
}  // namespace materializer
