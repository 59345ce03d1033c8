#include "tests/proxy/tls/captures.h"

#include <zlib.h>

#include <cstdlib>
#include <span>
#include <stdexcept>

#include "proxy/net/endpoint.h"

namespace schoolgate::tls {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t big(Bytes bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, width)) value = value << 8 | byte;
  return value;
}

std::vector<std::uint8_t> whole_file(const std::filesystem::path& path) {
  gzFile file = ::gzopen(path.c_str(), "rb");  // reads plain files as they are
  if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
  std::vector<std::uint8_t> out, piece(1 << 16);
  for (int n; (n = ::gzread(file, piece.data(), unsigned(piece.size()))) > 0;)
    out.insert(out.end(), piece.begin(), piece.begin() + n);
  ::gzclose(file);
  return out;
}

// The IP packet inside a frame; empty when there is none. Link types: https://www.tcpdump.org/linktypes.html
Bytes network_layer(Bytes frame, std::uint32_t link_type) {
  const auto after = [&](std::size_t header) { return frame.size() > header ? frame.subspan(header) : Bytes(); };
  switch (link_type) {
    case 0: return after(4);                                             // BSD loopback
    case 9: return after(frame.size() > 2 && frame[0] == 0xff ? 4 : 2);  // PPP
    case 12:
    case 101: return frame;      // raw IP
    case 113: return after(16);  // Linux cooked
    case 276: return after(20);  // Linux cooked v2
    case 1: break;
    default: throw std::runtime_error("link type " + std::to_string(link_type));
  }
  std::size_t header = 14;
  while (frame.size() > header && (big(frame, header - 2, 2) == 0x8100 || big(frame, header - 2, 2) == 0x88a8))
    header += 4;
  if (frame.size() > header && big(frame, header - 2, 2) == 0x8864) header += 8;  // PPPoE
  return after(header);
}

struct Stream {
  std::optional<std::uint32_t> first;                         // sequence number of its first byte
  std::map<std::uint32_t, std::vector<std::uint8_t>> pieces;  // by place in the stream
};

names::IpAddress address_at(Bytes packet, std::size_t at, bool v4) {
  if (v4) return names::IpAddress::v4(big(packet, at, 4));
  return names::IpAddress::v6(std::span<const std::uint8_t, 16>(packet.data() + at, 16));
}

void take_packet(Bytes packet, std::map<Direction, Stream>& streams) {
  if (packet.size() < 40) return;
  const bool v4 = packet[0] >> 4 == 4;
  const std::size_t ip_header = v4 ? std::size_t(packet[0] & 15) * 4 : 40;
  if (packet[v4 ? 9 : 6] != 6) return;  // TCP only
  const std::size_t length = v4 ? big(packet, 2, 2) : 40 + big(packet, 4, 2);
  if (length != 0 && length < packet.size()) packet = packet.first(length);  // frames are padded
  if (packet.size() < ip_header + 20) return;
  const Bytes segment = packet.subspan(ip_header);
  const std::size_t tcp_header = std::size_t(segment[12] >> 4) * 4;
  if (segment.size() < tcp_header) return;

  const net::Endpoint from{address_at(packet, v4 ? 12 : 8, v4), std::uint16_t(big(segment, 0, 2))};
  const net::Endpoint to{address_at(packet, v4 ? 16 : 24, v4), std::uint16_t(big(segment, 2, 2))};
  Stream& stream = streams[{from.text(), to.text()}];
  const std::uint32_t sequence = big(segment, 4, 4);
  const bool syn = segment[13] & 2;
  const Bytes payload = segment.subspan(tcp_header);
  if (syn && !stream.first) stream.first = sequence + 1;
  if (payload.empty()) return;
  if (!stream.first) stream.first = sequence;
  auto& piece = stream.pieces[sequence - *stream.first];
  if (piece.size() < payload.size()) piece.assign(payload.begin(), payload.end());
}

}  // namespace

Streams read_tcp_streams(const std::filesystem::path& capture) {
  const std::vector<std::uint8_t> content = whole_file(capture);
  const Bytes file(content);
  if (file.size() < 24) throw std::runtime_error(capture.string() + " is too short");
  const std::uint32_t magic = big(file, 0, 4);
  const bool swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
  if (!swapped && magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
    throw std::runtime_error(capture.string() + " is no pcap");
  const auto number = [&](std::size_t at) {
    const std::uint32_t value = big(file, at, 4);
    return swapped ? __builtin_bswap32(value) : value;
  };
  const std::uint32_t link_type = number(20) & 0xffff;

  std::map<Direction, Stream> streams;
  for (std::size_t at = 24; at + 16 <= file.size();) {
    const std::size_t captured = number(at + 8);
    at += 16;
    if (captured > file.size() - at) break;
    take_packet(network_layer(file.subspan(at, captured), link_type), streams);
    at += captured;
  }

  Streams out;
  for (const auto& [direction, stream] : streams) {
    auto& bytes = out[direction];
    for (const auto& [place, piece] : stream.pieces) {
      if (place > bytes.size()) break;  // a gap, or a wrapped number
      const std::size_t known = bytes.size() - place;
      if (known < piece.size()) bytes.insert(bytes.end(), piece.begin() + std::ptrdiff_t(known), piece.end());
    }
  }
  return out;
}

std::optional<std::filesystem::path> data_folder() {
  const char* named = std::getenv("SCHOOLGATE_DATA");
  if (named == nullptr || !std::filesystem::is_directory(named)) return std::nullopt;
  return std::filesystem::path(named);
}

}  // namespace schoolgate::tls
