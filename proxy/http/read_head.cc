#include "proxy/http/read_head.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "proxy/http/field_names.h"
#include "proxy/http/generous_fields.h"
#include "proxy/http/octets.h"

namespace schoolgate::http {
namespace {

constexpr int kMostConnectionOptions = 64;  // each is compared with every field

constexpr HeadOutcome bad(int status, const char* why) noexcept { return {HeadOutcome::Kind::bad, status, why}; }
constexpr HeadOutcome kNeedMore{};
constexpr HeadOutcome kComplete{HeadOutcome::Kind::complete, 0, ""};

constexpr bool failed(const HeadOutcome& outcome) noexcept { return outcome.kind == HeadOutcome::Kind::bad; }

// Finds the end of the head. A lone LF is refused as soon as it is seen: a head in LF would otherwise never end.
struct HeadEnd {
  enum class Kind : std::uint8_t { found, missing, bare_line_feed } kind;
  std::size_t size = 0;
};
HeadEnd find_end(std::string_view bytes, std::size_t seen) noexcept {
  std::size_t at = seen > 3 ? seen - 3 : 0;
  for (;;) {
    const void* hit = at < bytes.size() ? std::memchr(bytes.data() + at, '\n', bytes.size() - at) : nullptr;
    if (!hit) return {HeadEnd::Kind::missing};
    const std::size_t lf = std::size_t(static_cast<const char*>(hit) - bytes.data());
    if (lf == 0 || bytes[lf - 1] != '\r') return {HeadEnd::Kind::bare_line_feed};
    if (lf >= 3 && bytes[lf - 2] == '\n') return {HeadEnd::Kind::found, lf + 1};
    at = lf + 1;
  }
}

// The same for an answer: lines may end in a lone LF, and that is told (RFC 9112 section 2.2).
struct AnswerEnd {
  std::size_t size = 0;  // 0: more must come
  bool bare_line_feeds = false;
};
AnswerEnd find_answer_end(std::string_view bytes, std::size_t seen) noexcept {
  for (std::size_t at = seen > 3 ? seen - 3 : 0; (at = bytes.find('\n', at)) != std::string_view::npos; ++at) {
    const std::string_view next = bytes.substr(at + 1, 2);
    const bool lone = next.starts_with('\n');
    if (!lone && next != "\r\n") continue;
    const std::size_t size = at + (lone ? 2 : 3);
    for (std::size_t lf = bytes.find('\n'); lf < size; lf = bytes.find('\n', lf + 1))
      if (lf == 0 || bytes[lf - 1] != '\r') return {size, true};
    return {size, false};
  }
  return {};
}

// Takes the line up to CRLF off `rest`, without the CRLF.
std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t lf = rest.find('\n');
  const std::string_view line = rest.substr(0, lf - 1);
  rest.remove_prefix(lf + 1);
  return line;
}

std::string_view take_answer_line(std::string_view& rest) noexcept {
  const std::size_t lf = rest.find('\n');
  std::string_view line = rest.substr(0, lf);
  if (line.ends_with('\r')) line.remove_suffix(1);
  rest.remove_prefix(lf + 1);
  return line;
}

// `rest`: whole lines, each ended by CRLF, and the empty line. So there is a CR ahead of every byte that is looked at,
// and no scan needs a bound of its own.
HeadOutcome read_fields(std::string_view rest, const HeadLimits& limits, Fields& fields) noexcept {
  fields.clear();
  const char* at = rest.data();
  const char* const last_line = rest.data() + rest.size() - 2;
  const char* const end = rest.data() + rest.size();
  while (at != last_line) {
    const char* const name = at;
    if (*at == ' ' || *at == '\t') return bad(400, "folded field line");
    while (is_token_byte(*at)) ++at;
    if (at == name || *at != ':') return bad(400, "malformed field name");
    const char* const name_end = at++;
    const char* const after_colon = at;
    while (*at == ' ' || *at == '\t') ++at;
    const char* const value = at;
    while (*(at = find_below<0x20>(at, end)) == '\t') ++at;
    if (at[0] != '\r' || at[1] != '\n') return bad(400, "invalid byte in a field value");
    const char* value_end = at;
    while (value_end != value && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    Field field{{name, name_end}, {value, value_end}};
    field.known = known_name(field.name);
    field.plain = value == after_colon + 1 && *after_colon == ' ' && value_end == at;
    // A neighbour may not take a tab for white space: there would be two opinions about the framing (HTTP-02).
    if ((field.known == Name::transfer_encoding || field.known == Name::content_length) &&
        std::string_view(after_colon, at).find('\t') != std::string_view::npos)
      return bad(400, "tab beside a framing value");
    if (fields.size() >= limits.fields || !fields.add(field)) return bad(431, "too many fields");
    at += 2;
  }
  return kComplete;
}

// A coding that exists but is not spoken here deserves 501, anything else 400 (RFC 9112 section 6.1).
int status_of_coding(std::string_view value) noexcept {
  static constexpr std::string_view kCodings[] = {"gzip", "x-gzip", "deflate", "compress", "x-compress"};
  const std::string_view first = take_member(value);
  return std::ranges::any_of(kCodings, [&](std::string_view name) { return equal_ignoring_case(first, name); }) ? 501
                                                                                                                : 400;
}

// What both kinds of message derive from their fields.
struct Derived {
  Body body;
  std::string_view host, upgrade, expect;
  int hosts = 0, upgrades = 0, expects = 0, connection_options = 0;
  bool close = false, keep_alive = false, upgrade_listed = false;
  bool both_framings = false, repeated_length = false;
};

HeadOutcome read_connection_options(std::string_view value, Fields& fields, Derived& derived) noexcept {
  while (!value.empty()) {
    const std::string_view option = take_member(value);
    if (option.empty()) continue;
    if (++derived.connection_options > kMostConnectionOptions) return bad(400, "too many connection options");
    if (equal_ignoring_case(option, "close")) derived.close = true;
    if (equal_ignoring_case(option, "keep-alive")) derived.keep_alive = true;
    if (equal_ignoring_case(option, "upgrade")) derived.upgrade_listed = true;
    for (Field& field : fields.items())
      if (equal_ignoring_case(field.name, option) && !is_end_to_end(field)) field.drop = true;
  }
  return kComplete;
}

HeadOutcome derive(Fields& fields, Derived& derived) noexcept {
  std::optional<std::uint64_t> length;
  bool chunked = false, connection = false;
  for (Field& field : fields.items()) {
    switch (field.known) {
      case Name::content_length: {
        const auto value = read_length(field.value);
        if (!value || (length && length != value)) return bad(400, "invalid Content-Length");
        derived.repeated_length = derived.repeated_length || length;
        length = value;
        field.drop = true;
        break;
      }
      case Name::transfer_encoding:
        if (!equal_ignoring_case(field.value, "chunked"))
          return bad(status_of_coding(field.value), "unsupported Transfer-Encoding");
        if (chunked) return bad(400, "repeated Transfer-Encoding");
        chunked = true;
        field.drop = true;
        break;
      case Name::host:
        ++derived.hosts;
        derived.host = field.value;
        field.drop = true;
        break;
      case Name::connection:
        connection = true;
        field.drop = true;
        break;
      case Name::upgrade:
        ++derived.upgrades;
        derived.upgrade = field.value;
        field.drop = true;
        break;
      case Name::expect:
        ++derived.expects;
        derived.expect = field.value;
        break;
      case Name::proxy_connection:
      case Name::keep_alive:
      case Name::proxy_authorization:
      case Name::proxy_authenticate:
      case Name::te:
      case Name::trailer:
      case Name::http2_settings: field.drop = true; break;
      default: break;
    }
  }
  derived.both_framings = length && chunked;
  if (length) derived.body = {Framing::length, *length};
  if (chunked) derived.body = {Framing::chunked, 0};
  if (connection)
    for (const Field& field : fields.items())
      if (field.known == Name::connection)
        if (const auto options = read_connection_options(field.value, fields, derived); failed(options)) return options;
  return kComplete;
}

// "host:port", as CONNECT names it.
bool is_host_and_port(std::string_view text) noexcept {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !is_authority(text)) return false;
  const std::string_view port = text.substr(colon + 1);
  return !port.empty() && port.size() <= 5 && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

bool starts_with_scheme(std::string_view text) noexcept {
  const std::string_view scheme = text.substr(0, text.find(':'));
  const auto letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  return !scheme.empty() && letter(scheme.front()) && std::ranges::all_of(scheme, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  }) && text.substr(scheme.size()).starts_with("://");
}

// RFC 9112 section 3.2; a form that the method does not have is refused.
std::optional<TargetForm> read_form(Method method, std::string_view target) noexcept {
  if (method == Method::connect) return is_host_and_port(target) ? std::optional(TargetForm::authority) : std::nullopt;
  if (target.front() == '/') return TargetForm::origin;
  if (target == "*") return method == Method::options ? std::optional(TargetForm::asterisk) : std::nullopt;
  return starts_with_scheme(target) ? std::optional(TargetForm::absolute) : std::nullopt;
}

HeadOutcome read_request_line(std::string_view line, const HeadLimits& limits, RequestHead& head) noexcept {
  const char* const end = line.data() + line.size();
  const char* at = line.data();
  while (at != end && is_token_byte(*at)) ++at;
  head.method_text = {line.data(), at};
  if (head.method_text.empty() || head.method_text.size() > kLongestMethod || at == end || *at != ' ')
    return bad(400, "malformed method");
  const char* const target = ++at;
  at = find_below<0x21>(at, end);
  head.target = {target, at};
  if (head.target.size() > limits.target) return bad(414, "request target too long");
  if (head.target.empty() || at == end || *at != ' ') return bad(400, "malformed request line");
  // A fragment never goes over the wire, and servers disagree about one that does.
  if (std::memchr(head.target.data(), '#', head.target.size())) return bad(400, "fragment in the request target");
  const std::string_view version(at + 1, end);
  head.major_version = 1;
  if (version == "HTTP/1.1") {
    head.minor_version = 1;
  } else if (version == "HTTP/1.0") {
    head.minor_version = 0;
  } else {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && digit(version[5]) && version[6] == '.' &&
                        digit(version[7]);
    return shaped ? bad(505, "HTTP version not supported") : bad(400, "malformed HTTP version");
  }
  head.method = known_method(head.method_text);
  const auto form = read_form(head.method, head.target);
  if (!form) return bad(400, "malformed request target");
  head.form = *form;
  return kComplete;
}

// What can be said of a head that has not ended, or not within the limit.
HeadOutcome judge_unfinished(std::string_view bytes, const HeadLimits& limits) noexcept {
  if (bytes.size() > kLongestMethod && bytes.substr(0, kLongestMethod + 1).find(' ') == std::string_view::npos)
    return bad(400, "malformed method");
  if (bytes.size() < limits.bytes) return kNeedMore;
  return bytes.find('\n') == std::string_view::npos ? bad(414, "request line too long") : bad(431, "head too large");
}

HeadOutcome read_expectation(const Derived& derived, RequestHead& head) noexcept {
  head.expect_continue = false;
  if (derived.expects == 0) return kComplete;
  if (derived.expects > 1 || !equal_ignoring_case(derived.expect, "100-continue"))
    return bad(417, "unknown expectation");
  const bool announces_body =
      head.body.framing == Framing::chunked || (head.body.framing == Framing::length && head.body.length != 0);
  head.expect_continue = head.minor_version == 1 && announces_body;
  // Without a body to wait for, a server that answers 100 all the same would be one answer ahead (HTTP-11).
  if (!head.expect_continue)
    for (Field& field : head.fields.items())
      if (field.known == Name::expect) field.drop = true;
  return kComplete;
}

HeadOutcome read_whole_request(std::string_view rest, const HeadLimits& limits, RequestHead& head) noexcept {
  if (const auto line = read_request_line(take_line(rest), limits, head); failed(line)) return line;
  if (const auto fields = read_fields(rest, limits, head.fields); failed(fields)) return fields;
  Derived derived;
  if (const auto framing = derive(head.fields, derived); failed(framing)) return framing;
  if (derived.both_framings) return bad(400, "both Content-Length and Transfer-Encoding");
  if (derived.repeated_length) return bad(400, "repeated Content-Length");
  if (derived.hosts > 1) return bad(400, "more than one Host");
  if (derived.hosts == 0 && head.minor_version == 1) return bad(400, "no Host");
  if (!is_authority(derived.host)) return bad(400, "malformed Host");
  head.host = derived.host;
  if (head.minor_version == 0 && derived.body.framing == Framing::chunked)
    return bad(400, "Transfer-Encoding in HTTP/1.0");
  head.body = derived.body;
  if (head.method == Method::connect) {
    // Some clients say "Content-Length: 0"; a tunnel has no body to say it of.
    if (head.body.framing == Framing::chunked || head.body.length != 0) return bad(400, "CONNECT with a body");
    head.body = {};
  }
  if (head.method == Method::trace) return bad(405, "TRACE is not allowed");
  if (const auto expectation = read_expectation(derived, head); failed(expectation)) return expectation;
  // What a client says of the path that it came by is not ours to vouch for (HTTP-21).
  for (Field& field : head.fields.items())
    if (field.known == Name::forwarded) field.drop = true;
  // A proxy does not keep a connection of HTTP/1.0, whatever the client asks for (RFC 9112 section 9.3).
  head.keep_alive = !derived.close && head.minor_version == 1;
  head.websocket = derived.upgrade_listed && derived.upgrades == 1 &&
                   equal_ignoring_case(derived.upgrade, "websocket") && head.method == Method::get &&
                   head.minor_version == 1 && !head.has_body();  // Java announces a body of no bytes
  return kComplete;
}

// Reads "HTTP/1.1 200" with an optional " reason".
bool read_status_line(std::string_view line, ResponseHead& head) noexcept {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
      !digit(line[9]) || !digit(line[10]) || !digit(line[11]) || (line.size() > 12 && line[12] != ' '))
    return false;
  head.major_version = 1;
  head.minor_version = line[7] - '0';
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
  if (!is_field_value(head.reason)) head.reason = {};  // nobody reads it
  return head.status >= 100;  // 600 and above is nobody's business but the browser's, which shows it
}

// RFC 9112 section 6.3, in its order. What a server sends without being able to (a body with 204, both framings) does
// not reach the client, and the connection that it came on is not used again (HTTP-13).
void frame_response(const Derived& derived, const RequestHead& request, ResponseHead& head) noexcept {
  const bool never_has_content = head.status < 200 || head.status == 204;
  bool in_order = !derived.both_framings && !derived.repeated_length;
  if (never_has_content) {
    const bool empty =
        derived.body.framing == Framing::none || (derived.body.framing == Framing::length && derived.body.length == 0);
    in_order = in_order && empty;
    head.body = {};
  } else if (head.status == 304 || request.method == Method::head) {
    // A length is announced without being sent: it goes on as a field, it does not frame.
    for (Field& field : head.fields.items())
      if (field.known == Name::content_length && in_order) field.drop = false;
    head.body = {};
  } else {
    head.body = derived.body.framing == Framing::none ? Body{Framing::until_close, 0} : derived.body;
  }
  head.keep_alive = in_order && !derived.close && (head.minor_version == 1 || derived.keep_alive) &&
                    head.body.framing != Framing::until_close;
}

}  // namespace

HeadOutcome read_request_head(std::string_view bytes, std::size_t seen, const HeadLimits& limits,
                              RequestHead& head) noexcept {
  // One empty line before a request is let pass (RFC 9112 section 2.2): old clients end a body with it.
  std::size_t skipped = 0;
  if (bytes.starts_with('\r')) {
    if (bytes.size() == 1) return kNeedMore;
    if (bytes[1] != '\n') return bad(400, "not HTTP");
    skipped = 2;
    bytes.remove_prefix(2);
    seen -= std::min<std::size_t>(seen, 2);
  }
  if (seen == 0 && !bytes.empty() && !is_token_byte(bytes.front())) return bad(400, "not HTTP");
  const HeadEnd end = find_end(bytes, seen);
  if (end.kind == HeadEnd::Kind::bare_line_feed) return bad(400, "line feed without carriage return");
  if (end.kind == HeadEnd::Kind::missing) return judge_unfinished(bytes, limits);
  if (end.size > limits.bytes) return judge_unfinished(bytes.substr(0, limits.bytes), limits);
  head.size = skipped + end.size;
  return read_whole_request(bytes.substr(0, end.size), limits, head);
}

HeadOutcome read_response_head(std::string_view bytes, std::size_t seen, const HeadLimits& limits,
                               const RequestHead& request, ResponseHead& head) noexcept {
  const AnswerEnd end = find_answer_end(bytes, seen);
  if (end.size == 0) return bytes.size() < limits.bytes ? kNeedMore : bad(502, "head too large");
  if (end.size > limits.bytes) return bad(502, "head too large");

  head.size = end.size;
  std::string_view rest = bytes.substr(0, end.size);
  if (!read_status_line(take_answer_line(rest), head)) return bad(502, "malformed status line");
  HeadOutcome fields = end.bare_line_feeds ? bad(400, "") : read_fields(rest, limits, head.fields);
  const bool mended = failed(fields);
  if (mended) fields = read_fields_generously(rest, limits, head.fields);
  if (failed(fields)) return bad(502, fields.why);
  Derived derived;
  if (const auto framing = derive(head.fields, derived); failed(framing)) return bad(502, framing.why);
  if (head.minor_version == 0 && derived.body.framing == Framing::chunked)
    return bad(502, "Transfer-Encoding in HTTP/1.0");
  head.websocket = head.status == 101;
  if (head.websocket && (!request.websocket || head.minor_version == 0 || derived.upgrades != 1 ||
                         !equal_ignoring_case(derived.upgrade, "websocket")))
    return bad(502, "upgrade not asked for");
  frame_response(derived, request, head);
  if (mended)
    head.keep_alive = false;  // whoever writes heads like that may have another opinion of where this one ends
  return kComplete;
}

}  // namespace schoolgate::http
