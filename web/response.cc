#include "web/response.h"

#include <algorithm>

#include "web/text.h"

namespace schoolgate::web {
namespace {

// 'self' only: our pages have no inline code or style, no frames, and speak to no other host. Images may be data:
// because a QR code is drawn into the page itself.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

constexpr std::string_view kPermissionsPolicy =
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=(), browsing-topics=()";

Response typed(std::string type, std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.set("Content-Type", std::move(type));
  return response;
}

void set_if_absent(Response& response, std::string_view name, std::string_view value) {
  if (response.header(name).empty()) response.set(name, std::string(value));
}

}  // namespace

Response& Response::set(std::string_view name, std::string value) {
  std::erase_if(headers, [&](const auto& header) { return equal_ignoring_case(header.first, name); });
  return add(name, std::move(value));
}

Response& Response::add(std::string_view name, std::string value) {
  headers.emplace_back(name, std::move(value));
  return *this;
}

Response& Response::cookie(const SetCookie& cookie) {
  if (auto value = cookie.header()) return add("Set-Cookie", std::move(*value));
  *this = text("This page could not be made.\n", 500);
  return *this;
}

std::string_view Response::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (equal_ignoring_case(key, name)) return value;
  return {};
}

Response html(std::string body, int status) { return typed("text/html; charset=utf-8", std::move(body), status); }
Response json(std::string body, int status) { return typed("application/json", std::move(body), status); }
Response text(std::string body, int status) { return typed("text/plain; charset=utf-8", std::move(body), status); }
Response content(std::string type, std::string body, int status) {
  return typed(std::move(type), std::move(body), status);
}

bool is_local_address(std::string_view address) noexcept {
  if (address.empty() || address.front() != '/') return false;
  if (address.size() > 1 && (address[1] == '/' || address[1] == '\\')) return false;
  return std::ranges::all_of(address, [](char c) { return c > 0x20 && c < 0x7F && c != '\\'; });
}

Response redirect(std::string_view local_address) {
  Response response;
  response.status = 303;
  response.set("Location", is_local_address(local_address) ? std::string(local_address) : "/");
  return response;
}

Response redirect_to_tls(const Request& request, std::string_view authority) {
  Response response;
  response.status = 308;
  const std::string path = request.local_address();
  response.set("Location", "https://" + std::string(authority) + (is_local_address(path) ? path : "/"));
  return response;
}

Response attachment(std::string type, std::string body, std::string_view file_name) {
  Response response = typed(std::move(type), std::move(body), 200);
  const std::string full = shown(file_name.empty() ? "file" : file_name);
  std::string plain;
  for (const char c : full) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '-' || c == '_' || c == ' ';
    if (fits)
      plain += c;
    else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
      plain += '_';
  }
  std::string disposition = "attachment; filename=\"" + plain + '"';
  if (plain != full) disposition += "; filename*=UTF-8''" + percent_encode(full);
  response.set("Content-Disposition", std::move(disposition));
  return response;
}

void add_security_headers(Response& response, bool strict_transport) {
  set_if_absent(response, "Content-Security-Policy", kContentSecurityPolicy);
  set_if_absent(response, "X-Content-Type-Options", "nosniff");
  set_if_absent(response, "X-Frame-Options", "DENY");  // for browsers that do not know frame-ancestors
  // Not no-referrer: with that a browser sends "Origin: null" with our own forms, and is_same_origin() has less to go
  // by.
  set_if_absent(response, "Referrer-Policy", "same-origin");
  set_if_absent(response, "Cross-Origin-Opener-Policy", "same-origin");
  set_if_absent(response, "Cross-Origin-Resource-Policy", "same-origin");
  set_if_absent(response, "Permissions-Policy", kPermissionsPolicy);
  set_if_absent(response, "Cache-Control", "no-store");
  if (strict_transport) set_if_absent(response, "Strict-Transport-Security", "max-age=31536000");
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Unknown";
  }
}

}  // namespace schoolgate::web
