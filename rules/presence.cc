#include "rules/presence.h"

#include <cstring>

#include "base/ascii.h"

namespace schoolgate::rules {

std::size_t AddressHash::operator()(const names::IpAddress& address) const noexcept {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, address.bytes().data(), 8);
  std::memcpy(&low, address.bytes().data() + 8, 8);
  std::uint64_t mixed = (high ^ (low * 0x9e3779b97f4a7c15ULL)) * 0xbf58476d1ce4e5b9ULL;
  return std::size_t(mixed ^ (mixed >> 29));
}

std::string member_name(std::string_view text) { return ascii_lower(text); }

}  // namespace schoolgate::rules
