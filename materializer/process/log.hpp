// The log: a line for each event, with named values, as text or JSON. Only this file knows spdlog.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace spdlog {
class logger;
}

namespace materializer {

enum class LogFormat { kText, kJson };
enum class LogLevel { kError, kWarning, kInfo, kDebug };

/// A named value of an event.
struct Field {
  Field(std::string field_name, std::string text) : name(std::move(field_name)), value(std::move(text)) {}
  Field(std::string field_name, const char *text) : name(std::move(field_name)), value(text) {}
  template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Field(std::string field_name, Number number) : name(std::move(field_name)), value(as_text(number)), is_number(true) {}

  std::string name;
  std::string value;
  bool is_number = false;

 private:
  template <typename Number>
  static std::string as_text(Number number) {
    if constexpr (std::is_floating_point_v<Number>) return seconds_text(number);
    return std::to_string(number);
  }
  static std::string seconds_text(double seconds);
};
using Fields = std::initializer_list<Field>;

class Log {
 public:
  Log(std::ostream &out, LogFormat format, LogLevel level);
  ~Log();
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;

  void configure(LogFormat format, LogLevel level);

  void error(const std::string &event, Fields fields = {}) { write(LogLevel::kError, event, fields); }
  void warning(const std::string &event, Fields fields = {}) { write(LogLevel::kWarning, event, fields); }
  void info(const std::string &event, Fields fields = {}) { write(LogLevel::kInfo, event, fields); }
  void debug(const std::string &event, Fields fields = {}) { write(LogLevel::kDebug, event, fields); }

 private:
  void write(LogLevel level, const std::string &event, Fields fields);

  std::unique_ptr<spdlog::logger> logger_;
  LogFormat format_;
};

}  // namespace materializer
