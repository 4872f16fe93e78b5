#include "process/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>

#include "process/text.hpp"

namespace materializer {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kDebug:
      break;
  }
  return spdlog::level::debug;
}

// A value is written without quotes where it is one plain word.
std::string text_value(const std::string &value) {
  bool const bare = !value.empty() && value.find_first_of(" \t\r\n\"=\\") == std::string::npos;
  return bare ? value : json_quote(value);
}

}  // namespace

std::string Field::seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

Log::Log(std::ostream &out, LogFormat format, LogLevel level)
    : logger_(std::make_unique<spdlog::logger>("log", std::make_shared<spdlog::sinks::ostream_sink_mt>(out))), format_(format) {
  configure(format, level);
}

Log::~Log() = default;

void Log::configure(LogFormat format, LogLevel level) {
  format_ = format;
  bool const json = format == LogFormat::kJson;
  logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v",
      spdlog::pattern_time_type::utc));
  logger_->set_level(spdlog_level(level));
}

void Log::write(LogLevel level, const std::string &event, Fields fields) {
  std::string line = format_ == LogFormat::kJson ? "\"event\":" + json_quote(event) : event;
  for (const Field &field : fields) {
    if (format_ == LogFormat::kJson) {
      line += "," + json_quote(field.name) + ":" + (field.is_number ? field.value : json_quote(field.value));
    } else {
      line += " " + field.name + "=" + (field.is_number ? field.value : text_value(field.value));
    }
  }
  logger_->log(spdlog_level(level), spdlog::string_view_t(line));
}

}  // namespace materializer
