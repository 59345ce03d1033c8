#include "proxy/http/h2_checks.h"

#include "proxy/http/field_names.h"
#include "proxy/http/message.h"
#include "proxy/http/octets.h"

namespace schoolgate::http {
namespace {

// Visible bytes without a fragment: a space or a '#' would end the target on its way through HTTP/1.
bool is_path(std::string_view path, std::string_view method) noexcept {
  if (path == "*") return method == "OPTIONS";
  const char* const end = path.data() + path.size();
  return path.starts_with('/') && find_below<0x21>(path.data(), end) == end && path.find('#') == path.npos;
}

// Also holds what nghttp2 has seen to already: what goes on as lines of HTTP/1 is looked at here by the same rules.
const char* fault_of_fields(const H2Head& head) noexcept {
  for (const Field& field : head.fields) {
    if (!is_token(field.name)) return "malformed field name";
    if (!is_field_value(field.value)) return "invalid byte in a field value";
    if (field.value.size() != trim_space(field.value).size()) return "space around a field value";
    switch (field.known) {
      case Name::connection:
      case Name::keep_alive:
      case Name::proxy_connection:
      case Name::transfer_encoding:
      case Name::upgrade: return "field of an HTTP/1 connection";
      default: break;
    }
  }
  return nullptr;
}

}  // namespace

const char* fault_of_h2_request(H2Head& head) noexcept {
  if (!is_token(head.method) || head.method.size() > kLongestMethod) return "malformed :method";
  if (head.method == "CONNECT" && head.protocol.empty()) return "CONNECT inside a connection that is inspected";
  if (head.method != "CONNECT" && !head.protocol.empty()) return ":protocol without CONNECT";
  if (!equal_ignoring_case(head.scheme, "https") && !equal_ignoring_case(head.scheme, "http")) return "unknown :scheme";
  if (!is_path(head.path, head.method)) return "malformed :path";
  int hosts = 0;
  for (const Field& field : head.fields) {
    if (field.known != Name::host) continue;
    if (++hosts > 1) return "more than one host";
    if (head.authority.empty()) head.authority = field.value;
    if (!equal_ignoring_case(field.value, head.authority)) return ":authority and host disagree";
  }
  if (head.authority.empty() || !is_authority(head.authority)) return "malformed :authority";
  return fault_of_fields(head);
}

const char* fault_of_h2_response(const H2Head& head) noexcept {
  if (head.status < 100 || head.status > 999 || head.status == 101) return "malformed :status";
  return fault_of_fields(head);
}

const char* fault_of_h2_trailers(const H2Head& head) noexcept { return fault_of_fields(head); }

}  // namespace schoolgate::http
