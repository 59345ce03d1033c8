// Cookie headers and hosts: what is read can be written again and means the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "web/cookie.h"
#include "web/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate::web;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Cookies cookies = Cookies::parse(text);
  if (cookies.size() > 50) std::abort();
  const std::string_view value = cookies.get("sid");
  const auto header = SetCookie{.name = "sid", .value = std::string(value), .secure = false}.header();
  if (!header) std::abort();
  if (Cookies::parse("sid=" + std::string(value)).get("sid") != value && !value.starts_with('"')) std::abort();
  if (const auto split = SetCookie{.name = "a", .value = std::string(text)}.header())
    if (split->find_first_of("\r\n") != std::string::npos) std::abort();
  if (const auto host = read_host(text))
    if (host->find_first_of("\r\n <>\"'/@") != std::string::npos || read_host(*host) != host) std::abort();
  return 0;
}
