// Writing JSON: one escaping function and a small writer that cannot forget a comma.
//
// Everything Schoolgate writes for machines (decisions, records, explain, logs) goes through here, so hostile bytes in
// a URL or a user name cannot break a line or forge a field: CR, LF, NUL, ANSI and every other control character is
// escaped, invalid UTF-8 becomes U+FFFD, and U+2028/U+2029/bidi controls are written as \u escapes.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace schoolgate {

/// Appends `text` as the inside of a JSON string (RFC 8259 section 7), without the quotes.
void append_json_escaped(std::string& out, std::string_view text);

/// Appends to a string it does not own. Usage: open('{'); key("a"); value("b"); close('}').
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}

  JsonWriter& begin_object() { return begin('{'); }
  JsonWriter& end_object() { return end('}'); }
  JsonWriter& begin_array() { return begin('['); }
  JsonWriter& end_array() { return end(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(double number);
  template <std::integral N>
    requires(!std::same_as<N, bool>)
  JsonWriter& value(N number) {
    return raw(std::to_string(number));
  }
  JsonWriter& null() { return raw("null"); }
  /// Appends text that already is JSON.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    key(name);
    return value(content);
  }

 private:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  void separate();

  std::string& out_;
  bool need_comma_ = false;
};

/// A member whose value is an array of strings.
void write_texts(JsonWriter& json, std::string_view key, std::span<const std::string> texts);

}  // namespace schoolgate
