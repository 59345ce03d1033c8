#include "proxy/tls/ech_fronts.h"

#include <algorithm>
#include <array>

#include "names/host.h"

namespace schoolgate::tls {
namespace {

// Written by CMake from ech_fronts.txt.
constexpr auto kFronts = std::to_array<std::string_view>({
#include "ech_fronts.inc"
});

}  // namespace

bool is_known_ech_front(std::string_view name) noexcept {
  return std::ranges::any_of(kFronts, [&](std::string_view front) { return names::is_same_or_under(name, front); });
}

}  // namespace schoolgate::tls
