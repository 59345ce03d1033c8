#include "blocklists/public_suffix.h"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace schoolgate::blocklists {
namespace {

// No ICANN suffix has more labels, and none of two and more is longer than this.
constexpr std::ptrdiff_t kMostDots = 3;
constexpr std::size_t kLongest = 80;

const psl_ctx_t* suffixes() noexcept {
  // The list compiled into libpsl, or the distribution's file; either lives as long as the program.
  static const psl_ctx_t* const list = [] {
    const psl_ctx_t* built_in = ::psl_builtin();
    return built_in != nullptr ? built_in : ::psl_latest(nullptr);
  }();
  return list;
}

}  // namespace

bool is_public_suffix(std::string_view host) noexcept {
  if (host.empty() || host.starts_with('[')) return false;
  const auto dots = std::count(host.begin(), host.end(), '.');
  if (dots == 0) return true;
  if (dots > kMostDots || host.size() > kLongest || suffixes() == nullptr) return false;
  std::array<char, kLongest + 1> text;
  std::memcpy(text.data(), host.data(), host.size());
  text[host.size()] = '\0';
  return ::psl_is_public_suffix2(suffixes(), text.data(), PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

std::string_view registrable_domain(std::string_view host) noexcept {
  if (host.empty() || (host.back() >= '0' && host.back() <= '9'))
    return host;  // an address, as no suffix ends in a digit
  for (std::string_view name = host;;) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return host;
    const std::string_view parent = name.substr(dot + 1);
    if (is_public_suffix(parent)) return is_public_suffix(name) ? host : name;
    name = parent;
  }
}

}  // namespace schoolgate::blocklists
