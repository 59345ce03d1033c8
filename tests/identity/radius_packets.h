// RADIUS accounting packets, built octet by octet as RFC 2866 says: by the tests, not by what they test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "identity/message_digest.h"
#include "names/ip_address.h"

namespace schoolgate::identity::test {

class RadiusPacket {
 public:
  explicit RadiusPacket(std::uint8_t id, std::uint8_t code = 4) { bytes_ = {char(code), char(id), 0, 0}; }
  RadiusPacket& text(std::uint8_t type, std::string_view value) {
    attributes_ += char(type);
    attributes_ += char(value.size() + 2);
    attributes_ += value;
    return *this;
  }
  RadiusPacket& number(std::uint8_t type, std::uint32_t value) {
    const char octets[4] = {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
    return text(type, {octets, 4});
  }
  RadiusPacket& v6(std::uint8_t type, std::string_view address) {
    const auto parsed = names::IpAddress::parse(address).value();
    return text(type, {reinterpret_cast<const char*>(parsed.bytes().data()), 16});
  }
  RadiusPacket& raw(std::string_view octets) {
    attributes_ += octets;
    return *this;
  }
  [[nodiscard]] std::string signed_with(std::string_view secret) const {
    const std::size_t length = 20 + attributes_.size();
    std::string packet = bytes_;
    packet[2] = char(length >> 8);
    packet[3] = char(length);
    const std::string zeros(16, '\0');
    const auto digest = md5({packet, zeros, attributes_, secret}).value();
    packet.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    return packet + attributes_;
  }

 private:
  std::string bytes_, attributes_;
};

/// A Start as access points send it.
inline RadiusPacket radius_start(std::uint8_t id, std::string_view user = "amelia.hughes",
                                 std::string_view session = "5F00-12") {
  return RadiusPacket(id)
      .number(40, 1)
      .text(1, user)
      .text(32, "ap-hall")
      .text(31, "02-00-5E-10-00-01")
      .text(44, session)
      .number(8, 0x0A140105);
}

inline std::span<const std::uint8_t> octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace schoolgate::identity::test
