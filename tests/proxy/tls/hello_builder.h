// ClientHellos made by hand, right or wrong in any detail.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace schoolgate::tls {

using HelloBytes = std::vector<std::uint8_t>;

inline HelloBytes operator+(HelloBytes left, const HelloBytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
inline HelloBytes number(std::size_t value, std::size_t width) {
  HelloBytes out;
  while (width-- > 0) out.push_back(std::uint8_t(value >> 8 * width));
  return out;
}
inline HelloBytes text(std::string_view content) { return {content.begin(), content.end()}; }
/// `content` with its length in front.
inline HelloBytes sized(const HelloBytes& content, std::size_t width) {
  return number(content.size(), width) + content;
}

struct HelloBuilder {
  std::uint16_t version = 0x0303;
  HelloBytes session_id = HelloBytes(32, 7);
  HelloBytes cipher_suites = {0x13, 0x01, 0x13, 0x02};
  HelloBytes compression = {0};
  std::vector<std::pair<std::uint16_t, HelloBytes>> extensions;
  bool without_extensions = false;

  HelloBuilder& extension(std::uint16_t type, HelloBytes body) {
    extensions.emplace_back(type, std::move(body));
    return *this;
  }
  HelloBuilder& server_name(std::string_view name) { return extension(0, sized(name_entry(name), 2)); }
  HelloBuilder& alpn(const std::vector<std::string>& protocols) {
    HelloBytes list;
    for (const auto& protocol : protocols) list = std::move(list) + sized(text(protocol), 1);
    return extension(16, sized(list, 2));
  }
  HelloBuilder& versions(const std::vector<std::uint16_t>& offered) {
    HelloBytes list;
    for (const auto each : offered) list = std::move(list) + number(each, 2);
    return extension(43, sized(list, 1));
  }
  HelloBuilder& ech() {
    return extension(0xfe0d, HelloBytes{0, 0, 1, 0, 1, 9} + sized(HelloBytes(32, 3), 2) + sized(HelloBytes(144, 4), 2));
  }
  static HelloBytes name_entry(std::string_view name, std::uint8_t type = 0) {
    return HelloBytes{type} + sized(text(name), 2);
  }

  [[nodiscard]] HelloBytes body() const {
    HelloBytes out = number(version, 2) + HelloBytes(32, 0xaa) + sized(session_id, 1) + sized(cipher_suites, 2) +
                     sized(compression, 1);
    if (without_extensions) return out;
    HelloBytes all;
    for (const auto& [type, content] : extensions) all = std::move(all) + number(type, 2) + sized(content, 2);
    return out + sized(all, 2);
  }
  /// With its handshake header.
  [[nodiscard]] HelloBytes message() const { return HelloBytes{1} + sized(body(), 3); }
  [[nodiscard]] HelloBytes record() const { return in_records(message(), 1 << 14); }

  static HelloBytes one_record(const HelloBytes& fragment, std::uint8_t type = 22,
                               std::uint16_t record_version = 0x0301) {
    return HelloBytes{type} + number(record_version, 2) + sized(fragment, 2);
  }
  static HelloBytes in_records(const HelloBytes& message, std::size_t size) {
    HelloBytes out;
    for (std::size_t at = 0; at < message.size(); at += size) {
      const auto begin = message.begin() + std::ptrdiff_t(at);
      out = std::move(out) + one_record(HelloBytes(begin, begin + std::ptrdiff_t(std::min(size, message.size() - at))));
    }
    return out;
  }
};

}  // namespace schoolgate::tls
