#include "proxy/http/field_names.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace schoolgate::http {

// Length and first letter leave one or two candidates, so most unknown names cost no comparison at all.
Name known_name(std::string_view name) noexcept {
  if (name.empty()) return Name::other;
  const char first = char(name.front() | 0x20);
  const auto is = [&](std::string_view candidate) {
    return first == candidate.front() && equal_ignoring_case(name, candidate);
  };
  switch (name.size()) {
    case 2: return is("te") ? Name::te : Name::other;
    case 3: return is("via") ? Name::via : Name::other;
    case 4: return is("host") ? Name::host : Name::other;
    case 6:
      if (is("expect")) return Name::expect;
      return is("origin") ? Name::origin : Name::other;
    case 7:
      if (is("alt-svc")) return Name::alt_svc;
      if (is("referer")) return Name::referer;
      if (is("trailer")) return Name::trailer;
      return is("upgrade") ? Name::upgrade : Name::other;
    case 9: return is("forwarded") ? Name::forwarded : Name::other;
    case 10:
      if (is("connection")) return Name::connection;
      return is("keep-alive") ? Name::keep_alive : Name::other;
    case 12: return is("content-type") ? Name::content_type : Name::other;
    case 13: return is("authorization") ? Name::authorization : Name::other;
    case 14:
      if (is("content-length")) return Name::content_length;
      if (is("http2-settings")) return Name::http2_settings;
      if (is("sec-fetch-dest")) return Name::sec_fetch_dest;
      if (is("sec-fetch-mode")) return Name::sec_fetch_mode;
      if (is("sec-fetch-site")) return Name::sec_fetch_site;
      return is("sec-fetch-user") ? Name::sec_fetch_user : Name::other;
    case 15: return is("x-forwarded-for") ? Name::forwarded : Name::other;
    case 16:
      if (is("proxy-connection")) return Name::proxy_connection;
      return is("x-forwarded-host") ? Name::forwarded : Name::other;
    case 17:
      if (is("transfer-encoding")) return Name::transfer_encoding;
      return is("x-forwarded-proto") ? Name::forwarded : Name::other;
    case 18: return is("proxy-authenticate") ? Name::proxy_authenticate : Name::other;
    case 19:
      if (is("content-disposition")) return Name::content_disposition;
      return is("proxy-authorization") ? Name::proxy_authorization : Name::other;
    default: return Name::other;
  }
}

bool is_end_to_end(const Field& field) noexcept {
  switch (field.known) {
    case Name::host:
    case Name::content_length:
    case Name::transfer_encoding:
    case Name::authorization:
    case Name::via:
    case Name::expect:
    case Name::referer: return true;
    default: break;
  }
  static constexpr std::string_view kNames[] = {"cookie",
                                                "set-cookie",
                                                "origin",
                                                "cache-control",
                                                "content-type",
                                                "content-encoding",
                                                "content-range",
                                                "location",
                                                "date",
                                                "strict-transport-security",
                                                "www-authenticate",
                                                "x-frame-options",
                                                "vary",
                                                "content-security-policy",
                                                "range",
                                                "x-content-type-options"};
  return std::ranges::any_of(kNames, [&](std::string_view name) { return equal_ignoring_case(field.name, name); });
}

Method known_method(std::string_view text) noexcept {
  static constexpr std::pair<std::string_view, Method> kMethods[] = {
      {"GET", Method::get},     {"HEAD", Method::head},       {"POST", Method::post},
      {"PUT", Method::put},     {"DELETE", Method::del},      {"OPTIONS", Method::options},
      {"PATCH", Method::patch}, {"CONNECT", Method::connect}, {"TRACE", Method::trace},
  };
  for (const auto& [name, method] : kMethods)
    if (name == text) return method;
  return Method::other;
}

std::optional<std::uint64_t> read_length(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || error != std::errc{} || end != text.data() + text.size() ||
      value > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return value;
}

bool is_harmless_trailer(std::string_view name) noexcept {
  static constexpr std::string_view kHarmless[] = {"server-timing", "content-digest", "repr-digest",
                                                   "digest",        "etag",           "last-modified"};
  return std::ranges::any_of(kHarmless, [&](std::string_view known) { return equal_ignoring_case(name, known); });
}

}  // namespace schoolgate::http
