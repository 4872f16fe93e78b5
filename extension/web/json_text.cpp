#include "web/json_text.hpp"

namespace reseller_report {

void append_money(std::string &text, Sum micros) {
  using Unsigned = unsigned __int128;
  // The magnitude of the least Sum is no Sum.
  Unsigned rest = micros < 0 ? -static_cast<Unsigned>(micros) : static_cast<Unsigned>(micros);
  constexpr int kMost = 48;
  char digits[kMost];
  int at = kMost;
  for (int written = 0; written <= 6 || rest != 0; written++) {
    digits[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    if (written == 5) digits[--at] = '.';
  }
  if (micros < 0) text += '-';
  text.append(digits + at, static_cast<std::size_t>(kMost - at));
}

void JsonText::string(std::string_view value) {
  constexpr char kDigits[] = "0123456789abcdef";
  separate();
  text_ += '"';
  for (char const c : value) {
    auto const code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (code < 0x20) {
      text_ += "\\u00";
      text_ += kDigits[code >> 4];
      text_ += kDigits[code & 15];
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

void JsonText::money(Sum micros) {
  separate();
  text_ += '"';
  append_money(text_, micros);
  text_ += '"';
}

}  // namespace reseller_report
