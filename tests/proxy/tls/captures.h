// Reading captured traffic: what clients sent, stream by stream, out of pcap files.
//
// Enough of pcap (both byte orders, micro- and nanoseconds, plain or gzip), of the link layers that the captures use
// and of TCP to put a client's bytes back in order. For tests only: it trusts its files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace schoolgate::tls {

/// "192.0.2.1:443" or "[2001:db8::1]:443", as expected.tsv writes them.
struct Direction {
  std::string from, to;
  auto operator<=>(const Direction&) const = default;
};

/// What was sent in one direction of a TCP connection, up to the first byte that the capture lacks.
using Streams = std::map<Direction, std::vector<std::uint8_t>>;

/// Throws std::runtime_error for a file that is no pcap.
[[nodiscard]] Streams read_tcp_streams(const std::filesystem::path& capture);

/// The folder of test data: $SCHOOLGATE_DATA; nothing when there is none.
[[nodiscard]] std::optional<std::filesystem::path> data_folder();

}  // namespace schoolgate::tls
