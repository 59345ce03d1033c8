#include "web/wire.h"

#include <algorithm>
#include <ctime>

#include "base/ascii.h"
#include "web/text.h"

namespace schoolgate::web {
namespace {

std::unexpected<Error> bad_target() { return fail(Fault::client, "the address of the page cannot be read"); }

bool is_safe_value(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); });
}

bool may_have_body(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

}  // namespace

Result<Target> read_target(std::string_view target) {
  if (!target.starts_with('/')) return bad_target();
  if (std::ranges::any_of(target, [](char c) { return c <= 0x20 || c >= 0x7F || c == '\\' || c == '#'; }))
    return bad_target();
  const std::size_t mark = target.find('?');
  Target out;
  out.path = target.substr(0, mark);
  std::string_view rest = std::string_view(out.path).substr(1);
  while (true) {
    const std::size_t slash = rest.find('/');
    const auto segment = percent_decode(rest.substr(0, slash));
    if (!segment || *segment == "." || *segment == ".." || segment->contains('\0')) return bad_target();
    if (slash == std::string_view::npos) break;
    if (segment->empty()) return bad_target();
    rest.remove_prefix(slash + 1);
  }
  if (mark != std::string_view::npos) {
    auto query = Form::parse(target.substr(mark + 1), {.fields = 100, .name = 100, .value = 8192});
    if (!query) return std::unexpected(query.error());
    out.query = std::move(*query);
  }
  return out;
}

std::optional<std::string> read_host(std::string_view host) {
  if (host.empty() || host.size() > 260) return std::nullopt;
  std::string_view name = host, port;
  if (host.front() == '[') {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || !names::IpAddress::parse(host.substr(1, end - 1))) return std::nullopt;
    port = host.substr(end + 1);
  } else {
    const std::size_t colon = host.find(':');
    name = host.substr(0, colon);
    if (colon != std::string_view::npos) port = host.substr(colon);
    const bool plain = std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
             c == '_';
    });
    if (name.empty() || !plain) return std::nullopt;
  }
  if (!port.empty()) {
    if (port.front() != ':' || port.size() < 2 || port.size() > 6) return std::nullopt;
    if (!std::ranges::all_of(port.substr(1), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  }
  std::string out(host);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = char(c + 32);
  return out;
}

bool is_form_type(std::string_view content_type) noexcept {
  return equal_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))),
                             "application/x-www-form-urlencoded");
}

std::string_view body_of(const Response& response) noexcept {
  if (!may_have_body(response.status)) return {};
  return response.lasting_body ? *response.lasting_body : std::string_view(response.body);
}

std::string write_head(Response& response, const Framing& framing) {
  const bool sound = std::ranges::all_of(
      response.headers, [](const auto& header) { return is_http_token(header.first) && is_safe_value(header.second); });
  if (!sound || response.status < 200 || response.status > 599) response = text("This page could not be made.\n", 500);
  add_security_headers(response, framing.strict_transport);

  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head += reason_phrase(response.status);
  head += "\r\nDate: " + http_date(framing.now) + "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (equal_ignoring_case(name, "content-length") || equal_ignoring_case(name, "connection")) continue;
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  }
  if (may_have_body(response.status)) head += "Content-Length: " + std::to_string(body_of(response).size()) + "\r\n";
  head += framing.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

std::string http_date(TimePoint time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

}  // namespace schoolgate::web
