// IP addresses and networks as values. IPv4 and its IPv6-mapped form are one and the same address here.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace schoolgate::names {

class IpAddress {
 public:
  IpAddress() = default;  ///< ::, "no address"

  /// Dotted quad, or RFC 4291 section 2.2 text (no brackets, no zone id). Lenient spellings (0x7f.1, octal …) are not
  /// read here: Host::parse knows them. ::ffff:a.b.c.d becomes the IPv4 address.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;
  [[nodiscard]] static IpAddress v4(std::uint32_t host_order) noexcept;
  /// 16 bytes in network order; a mapped address becomes IPv4.
  [[nodiscard]] static IpAddress v6(std::span<const std::uint8_t, 16> bytes) noexcept;

  [[nodiscard]] bool is_v4() const noexcept;
  [[nodiscard]] std::uint32_t v4_host_order() const noexcept;  ///< only when is_v4()
  /// 127.0.0.0/8 or ::1 (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3).
  [[nodiscard]] bool is_loopback() const noexcept;
  /// Network order; IPv4 as ::ffff:a.b.c.d.
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  /// Dotted quad, or RFC 5952 text without brackets.
  [[nodiscard]] std::string text() const;
  /// The IPv4 address that NAT64 (64:ff9b::/96), 6to4 (2002::/16) or an IPv4-compatible form embeds, else *this: what a
  /// destination check must look at.
  [[nodiscard]] IpAddress embedded() const noexcept;
  /// Loopback, private (RFC 1918, fc00::/7), link-local, CGNAT, unspecified, multicast, documentation, benchmarking or
  /// otherwise not globally reachable (IANA special-purpose registries), looking through embedded().
  [[nodiscard]] bool is_special() const noexcept;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

class IpNetwork {
 public:
  IpNetwork() = default;
  /// "10.20.0.0/16", "fd00::/8", or a single address. Refuses set bits past the prefix ("10.20.1.7/16").
  [[nodiscard]] static std::optional<IpNetwork> parse(std::string_view text) noexcept;
  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  [[nodiscard]] const IpAddress& base() const noexcept { return base_; }
  /// 0 to 128, counted over the 16-byte form (IPv4 /24 is 120): comparable between the families.
  [[nodiscard]] int prefix_length() const noexcept { return prefix_length_; }
  [[nodiscard]] std::string text() const;
  auto operator<=>(const IpNetwork&) const = default;

 private:
  IpAddress base_;
  int prefix_length_ = 128;
};

}  // namespace schoolgate::names
