#include "proxy/http/h2_translate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/digest.h"
#include "proxy/http/field_names.h"
#include "proxy/http/octets.h"

namespace schoolgate::http {
namespace {

constexpr HeadOutcome bad_stream(int status, const char* why) noexcept { return {HeadOutcome::Kind::bad, status, why}; }
constexpr HeadOutcome kStreamComplete{HeadOutcome::Kind::complete, 0, ""};

constexpr std::string_view kWebSocketKey = "sec-websocket-key", kWebSocketAccept = "sec-websocket-accept";
constexpr std::size_t kWebSocketKeyBytes = 16;  // RFC 6455 section 4.1

// A WebSocket's key in HTTP/1: base64 of random bytes. It proves to the server that a script cannot have made the
// request; HTTP/2 has none.
std::string_view new_websocket_key(H2Head& storage) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, kWebSocketKeyBytes + 2> bytes{};  // two zeros fill the last group
  fill_random(std::span(bytes).first<kWebSocketKeyBytes>());
  constexpr std::size_t kText = bytes.size() / 3 * 4;
  char* const text = storage.room(kText);
  for (std::size_t i = 0; i < bytes.size() / 3; ++i) {
    const unsigned group = unsigned(bytes[3 * i]) << 16 | unsigned(bytes[3 * i + 1]) << 8 | bytes[3 * i + 2];
    for (std::size_t j = 0; j < 4; ++j) text[4 * i + j] = kAlphabet[group >> (18 - 6 * j) & 63];
  }
  text[kText - 1] = text[kText - 2] = '=';
  return {text, kText};
}

// RFC 9113 section 8.2.3: a client may send its cookies in crumbs; HTTP/1 knows one field only.
std::string_view join_cookies(H2Head& head, std::size_t crumbs, std::size_t bytes) {
  char* const text = head.room(bytes + 2 * (crumbs - 1));
  char* at = text;
  for (const Field& field : head.fields) {
    if (field.name != "cookie") continue;
    if (at != text) {
      *at++ = ';';
      *at++ = ' ';
    }
    at = std::ranges::copy(field.value, at).out;
  }
  return {text, at};
}

bool is_of_one_hop(Name name) noexcept {
  switch (name) {
    case Name::connection:
    case Name::http2_settings:
    case Name::keep_alive:
    case Name::proxy_authenticate:
    case Name::proxy_authorization:
    case Name::proxy_connection:
    case Name::te:
    case Name::trailer:
    case Name::transfer_encoding:
    case Name::upgrade: return true;
    default: return false;
  }
}

HeadOutcome read_request_fields(H2Head& from, RequestHead& head, std::optional<std::uint64_t>& length, int& expects) {
  std::size_t crumbs = 0, cookie_bytes = 0;
  bool never_index = false;
  for (const Field& each : from.fields) {
    Field field = each;
    field.drop = is_of_one_hop(field.known) || field.known == Name::host || field.known == Name::forwarded;
    if (field.known == Name::content_length) {
      length = read_length(field.value);
      if (!length) return bad_stream(400, "invalid content-length");
      field.drop = true;
    }
    if (field.known == Name::expect) {
      if (++expects > 1 || !equal_ignoring_case(field.value, "100-continue"))
        return bad_stream(417, "unknown expectation");
    }
    if (field.name == kWebSocketKey && head.websocket) continue;
    if (field.name == "cookie") {
      cookie_bytes += field.value.size();
      never_index = never_index || field.never_index;
      if (++crumbs > 1) continue;
    }
    if (!head.fields.add(field)) return bad_stream(431, "too many fields");
  }
  if (crumbs > 1) {
    const auto cookie = std::ranges::find(head.fields.items(), std::string_view("cookie"), &Field::name);
    cookie->value = join_cookies(from, crumbs, cookie_bytes);
    cookie->never_index = never_index;
  }
  if (head.websocket && !head.fields.add({.name = kWebSocketKey, .value = new_websocket_key(from)}))
    return bad_stream(431, "too many fields");
  return kStreamComplete;
}

void add_via(H2Head& out, int major_version, int minor_version, Via via) {
  if (via.pseudonym.empty()) return;
  const std::string_view version = major_version == 2 ? "2.0 " : minor_version == 1 ? "1.1 " : "1.0 ";
  char* const text = out.room(version.size() + via.pseudonym.size());
  std::ranges::copy(via.pseudonym, std::ranges::copy(version, text).out);
  out.add("via", {text, version.size() + via.pseudonym.size()});
}

void add_length(H2Head& out, std::uint64_t length) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), length);
  out.add("content-length", out.keep({digits.data(), end}));
}

std::string_view lower(H2Head& out, std::string_view name) {
  const bool is_lower = std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
  return is_lower ? name : out.keep_lower(name);
}

bool asks_for_trailers(std::string_view te) noexcept {
  while (!te.empty())
    if (equal_ignoring_case(take_member(te), "trailers")) return true;
  return false;
}

bool trailer_goes_on(const Field& field, TrailersOf kind) noexcept {
  return is_harmless_trailer(field.name) ||
         (kind == TrailersOf::grpc && field.known == Name::other && !is_end_to_end(field));
}

}  // namespace

HeadOutcome read_request_head(H2Head& from, bool ends, const HeadLimits& limits, RequestHead& head) {
  head.fields.clear();
  head.major_version = 2;
  head.minor_version = 1;
  head.method_text = from.method;
  head.method = known_method(from.method);
  head.target = from.path;
  head.form = from.path == "*" ? TargetForm::asterisk : TargetForm::origin;
  head.host = from.authority;
  head.keep_alive = true;
  head.expect_continue = false;
  head.websocket = false;
  head.body = {};
  head.size = from.size;
  if (from.too_large) return bad_stream(431, "head too large");
  if (from.path.size() > limits.target) return bad_stream(414, "request target too long");
  if (head.method == Method::trace) return bad_stream(405, "TRACE is not allowed");
  if (!from.protocol.empty()) {
    if (from.protocol != "websocket") return bad_stream(501, "unknown protocol of an extended CONNECT");
    if (ends) return bad_stream(400, "a WebSocket that ends where it begins");
    head.websocket = true;
    head.method = Method::get;
    head.method_text = "GET";
  }
  std::optional<std::uint64_t> length;
  int expects = 0;
  if (const auto fields = read_request_fields(from, head, length, expects); fields.kind == HeadOutcome::Kind::bad)
    return fields;
  if (!head.websocket) {
    if (length)
      head.body = {Framing::length, *length};
    else if (!ends)
      head.body = {Framing::chunked, 0};
  }
  head.expect_continue = expects != 0 && !ends && !head.websocket;
  if (!head.expect_continue)
    for (Field& field : head.fields.items())
      if (field.known == Name::expect) field.drop = true;
  return kStreamComplete;
}

HeadOutcome read_response_head(H2Head& from, bool ends, const RequestHead& request, ResponseHead& head) {
  head.fields.clear();
  head.major_version = 2;
  head.minor_version = 1;
  head.status = from.status;
  head.reason = {};
  head.body = {};
  head.keep_alive = true;
  head.websocket = false;
  head.size = from.size;
  if (from.too_large) return bad_stream(502, "head too large");
  if (request.websocket && head.status == 200 && !ends) {
    head.websocket = true;
    head.status = 101;
  }
  const bool never_has_content = head.status < 200 || head.status == 204;
  const bool length_is_told_only = head.status == 304 || request.method == Method::head;
  std::optional<std::uint64_t> length;
  for (const Field& each : from.fields) {
    Field field = each;
    field.drop = is_of_one_hop(field.known) || field.known == Name::alt_svc;
    if (field.known == Name::content_length) {
      length = read_length(field.value);
      if (!length) return bad_stream(502, "invalid content-length");
      field.drop = never_has_content || !length_is_told_only;
    }
    if (!head.fields.add(field)) return bad_stream(502, "too many fields");
  }
  if (never_has_content || length_is_told_only) return kStreamComplete;
  if (length)
    head.body = {Framing::length, *length};
  else
    head.body = ends ? Body{Framing::length, 0} : Body{Framing::chunked, 0};
  return kStreamComplete;
}

void write_request_head(H2Head& out, const RequestHead& head, std::string_view scheme, std::string_view target,
                        std::string_view authority, Via via) {
  out.clear();
  out.method = head.websocket ? "CONNECT" : head.method_text;
  if (head.websocket) out.protocol = "websocket";
  out.scheme = scheme;
  out.authority = authority;
  out.path = target;
  bool trailers = false;
  for (const Field& field : head.fields.items()) {
    if (field.known == Name::te) trailers = trailers || asks_for_trailers(field.value);
    if (field.drop || is_of_one_hop(field.known) || field.known == Name::host || field.known == Name::content_length)
      continue;
    const std::string_view name = lower(out, field.name);
    if (!head.websocket || name != kWebSocketKey) out.add(name, field.value, field.never_index);
  }
  if (trailers) out.add("te", "trailers");
  if (head.body.framing == Framing::length) add_length(out, head.body.length);
  add_via(out, head.major_version, head.minor_version, via);
}

void write_response_head(H2Head& out, const ResponseHead& head, Via via) {
  out.clear();
  out.status = head.websocket ? 200 : head.status;
  for (const Field& field : head.fields.items()) {
    if (field.drop || is_of_one_hop(field.known) || field.known == Name::alt_svc) continue;
    const std::string_view name = lower(out, field.name);
    if (!head.websocket || name != kWebSocketAccept) out.add(name, field.value, field.never_index);
  }
  if (head.body.framing == Framing::length) add_length(out, head.body.length);
  add_via(out, head.major_version, head.minor_version, via);
}

TrailersOf trailers_of(const Fields& fields) noexcept {
  for (const Field& field : fields.items())
    if (equal_ignoring_case(field.name, "content-type")) {
      std::string_view rest = field.value;
      const bool grpc = rest.size() >= 16 && equal_ignoring_case(rest.substr(0, 16), "application/grpc");
      return grpc && (rest.size() == 16 || rest[16] == '+' || rest[16] == ';') ? TrailersOf::grpc : TrailersOf::message;
    }
  return TrailersOf::message;
}

void write_trailers(H2Head& out, const H2Head& from, TrailersOf kind) {
  out.clear();
  for (const Field& field : from.fields)
    if (trailer_goes_on(field, kind)) out.add(field.name, field.value, field.never_index);
}

void write_trailers(H2Head& out, std::string_view lines) {
  out.clear();
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) out.add(lower(out, line.substr(0, colon)), trim_space(line.substr(colon + 1)));
  }
}

std::string trailer_lines(const H2Head& from) {
  std::string lines;
  for (const Field& field : from.fields)
    if (trailer_goes_on(field, TrailersOf::message))
      lines.append(field.name).append(": ").append(field.value).append("\r\n");
  return lines;
}

}  // namespace schoolgate::http
