#include "breaches/append_text.h"

#include <cstring>

#include "base/json.h"

namespace schoolgate::breaches {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

void TimeText::append(std::string& out, TimePoint time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (const auto count = second.time_since_epoch().count(); count != second_) {
    const std::string text = to_rfc3339(TimePoint(second));
    if (text.size() != sizeof prefix_ + 4) {  // a year of five digits: no prefix of ours
      out += to_rfc3339(time);
      return;
    }
    std::memcpy(prefix_, text.data(), sizeof prefix_);
    second_ = count;
  }
  const auto ms = int((time - second).count());
  const char tail[4] = {char('0' + ms / 100), char('0' + ms / 10 % 10), char('0' + ms % 10), 'Z'};
  out.append(prefix_, sizeof prefix_);
  out.append(tail, sizeof tail);
}

void append_uuid(std::string& out, const Uuid& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  char text[36];
  char* at = text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = kDigits[id.bytes()[i] >> 4];
    *at++ = kDigits[id.bytes()[i] & 15];
  }
  out.append(text, sizeof text);
}

void append_bounded(std::string& json, std::string_view text, std::size_t limit) {
  append_json_escaped(json, text.substr(0, limit));
  if (text.size() > limit) json += kEllipsis;
}

void append_redacted_url(std::string& json, std::string_view url, std::size_t limit) {
  const std::size_t query = url.find('?');
  const std::string_view shown = url.substr(0, query);
  append_bounded(json, shown, limit);
  if (query == std::string_view::npos || shown.size() > limit) return;
  json += '?';
  json += kEllipsis;
}

void append_field(std::string& json, std::string_view opening, std::string_view value) {
  json += opening;
  append_bounded(json, value);
}

}  // namespace schoolgate::breaches
