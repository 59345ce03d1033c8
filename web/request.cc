#include "web/request.h"

namespace schoolgate::web {

std::string_view to_string(Method method) noexcept {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
  }
  return "";
}

std::string_view Request::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::string_view Request::param(std::string_view name) const noexcept {
  for (const auto& [key, value] : params)
    if (key == name) return value;
  return {};
}

std::string_view Request::cookie(std::string_view name) const noexcept { return cookies.get(cookie_name(name, tls)); }

std::string Request::local_address() const {
  if (query.empty()) return path;
  return path + '?' + encode_query(query.fields());
}

}  // namespace schoolgate::web
