// Reading what the kernel answers over netlink: structures in a run of octets, in no alignment that may be relied on.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace schoolgate::net {

using NetlinkBytes = std::span<const std::uint8_t>;

/// The structure at the beginning of `bytes`, which hold at least as many octets.
template <class T>
[[nodiscard]] T read_as(NetlinkBytes bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace schoolgate::net
