// JSON as text, written from front to back.
#pragma once

#include <string>
#include <string_view>

#include "core/usage.hpp"

namespace reseller_report {

/// Appends an amount with its six decimals, as the server prints it.
void append_money(std::string &text, Sum micros);

class JsonText {
 public:
  const std::string &text() const { return text_; }

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  /// The key of a member, before its value.
  void key(std::string_view name) {
    string(name);
    text_ += ':';
    needs_comma_ = false;
  }

  void null() { plain("null"); }
  void number(std::int64_t value) { plain(std::to_string(value)); }
  void string(std::string_view value);

  /// Whole numbers, and money of 6 decimals, as strings: a number of JavaScript has no room for all of them.
  void number_in_string(std::int64_t value) { plain('"' + std::to_string(value) + '"'); }
  void money(Sum micros);

 private:
  void separate() {
    if (needs_comma_) text_ += ',';
    needs_comma_ = true;
  }
  void plain(std::string_view value) {
    separate();
    text_ += value;
  }
  void begin(char bracket) {
    separate();
    text_ += bracket;
    needs_comma_ = false;
  }
  void end(char bracket) {
    text_ += bracket;
    needs_comma_ = true;
  }

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace reseller_report
