// What the tests of HTTP/2 are made of: a listener that notes every event as a line, two sessions joined in memory, and
// a peer that writes its frames by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/h2_session.h"

namespace schoolgate::http {

/// Notes events as lines: "request 1 GET https www.example /", "data 1 5", "end 1", "reset 1 CANCEL". Bodies are kept
/// by stream. Consumes what comes unless told otherwise.
struct Listener final : H2Events {
  void on_request(StreamId stream, H2Head& head, bool ends) override {
    note("request " + std::to_string(stream) + " " + std::string(head.method) + " " + std::string(head.scheme) + " " +
         std::string(head.authority) + " " + std::string(head.path) + (head.too_large ? " too-large" : "") +
         (ends ? " ends" : ""));
    heads[stream] = std::move(head);
    if (when_request) when_request(stream);
  }
  void on_response(StreamId stream, H2Head& head, bool ends) override {
    note("response " + std::to_string(stream) + " " + std::to_string(head.status) +
         (head.too_large ? " too-large" : "") + (ends ? " ends" : ""));
    heads[stream] = std::move(head);
  }
  void on_interim(StreamId stream, H2Head& head) override {
    note("interim " + std::to_string(stream) + " " + std::to_string(head.status));
  }
  void on_data(StreamId stream, std::string_view bytes) override {
    bodies[stream] += bytes;
    if (consumes) session->consumed(stream, bytes.size());
    if (when_data) when_data(stream);
  }
  void on_trailers(StreamId stream, H2Head& head) override {
    std::string line = "trailers " + std::to_string(stream);
    for (const Field& field : head.fields) line += " " + std::string(field.name) + "=" + std::string(field.value);
    note(line);
  }
  void on_end(StreamId stream) override { note("end " + std::to_string(stream)); }
  void on_reset(StreamId stream, H2Code code) override {
    note("reset " + std::to_string(stream) + " " + std::string(to_string(code)));
  }
  void on_writable(StreamId stream) override {
    if (when_writable) return when_writable(stream);
    note("writable " + std::to_string(stream));
  }
  void on_goaway(StreamId last, H2Code code) override {
    note("goaway " + std::to_string(last) + " " + std::string(to_string(code)));
  }
  void on_settings() override { ++settings; }

  void note(std::string line) { lines.push_back(std::move(line)); }
  [[nodiscard]] bool has(std::string_view line) const { return std::ranges::find(lines, line) != lines.end(); }
  [[nodiscard]] std::string_view field(StreamId stream, std::string_view name) const {
    const auto at = heads.find(stream);
    if (at == heads.end()) return "(no head)";
    for (const Field& field : at->second.fields)
      if (field.name == name) return field.value;
    return "(no field)";
  }

  H2Session* session = nullptr;
  std::vector<std::string> lines;
  std::map<StreamId, H2Head> heads;
  std::map<StreamId, std::string> bodies;
  int settings = 0;
  bool consumes = true;
  std::function<void(StreamId)> when_request, when_data, when_writable;
};

/// Everything that a session has to send, taken in pieces of `piece` bytes.
inline std::string output_of(H2Session& session, std::size_t piece = 16 * 1024) {
  std::string all, room(piece, '\0');
  while (const std::size_t size = session.take_output(room)) all.append(room, 0, size);
  return all;
}

/// A client and a server of ours, joined.
struct Joined {
  explicit Joined(H2Limits limits = {}) : Joined(limits, limits) {}
  Joined(const H2Limits& client_limits, const H2Limits& server_limits)
      : client(H2Session::client(client_limits, at_client)), server(H2Session::server(server_limits, at_server)) {
    at_client.session = client.get();
    at_server.session = server.get();
  }
  /// Carries bytes both ways until neither has any.
  void run(std::size_t piece = 16 * 1024) {
    for (;;) {
      const std::string up = output_of(*client, piece);
      if (!up.empty()) server_fine = server->receive(up).has_value() && server_fine;
      const std::string down = output_of(*server, piece);
      if (!down.empty()) client_fine = client->receive(down).has_value() && client_fine;
      if (up.empty() && down.empty()) return;
    }
  }
  Listener at_client, at_server;
  std::unique_ptr<H2Session> client, server;
  bool client_fine = true, server_fine = true;
};

inline H2Head get_head(std::string_view path = "/", std::string_view authority = "www.example") {
  H2Head head;
  head.method = "GET";
  head.scheme = "https";
  head.authority = authority;
  head.path = path;
  return head;
}

inline H2Head post_head(std::string_view path = "/") {
  H2Head head = get_head(path);
  head.method = "POST";
  return head;
}

inline H2Head status_head(int status) {
  H2Head head;
  head.status = status;
  return head;
}

// --- frames by hand (RFC 9113 section 4.1, RFC 7541 section 6.2.2) --------------------------------------------------

namespace frames {

enum Type : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  altsvc = 10,
  origin = 12,
};
constexpr std::uint8_t kAck = 1, kEndStream = 1, kEndHeaders = 4, kPadded = 8;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += char(value >> (8 * i) & 0xFF);
  return text;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  return number(std::uint32_t(payload.size()), 3) + char(type) + char(flags) + number(stream, 4) + std::string(payload);
}

inline std::string start() { return std::string(kPreface) + frame(settings, 0, 0); }

inline std::string length(std::size_t size) {
  if (size < 127) return std::string(1, char(size));
  std::string text(1, char(127));
  for (size -= 127; size >= 128; size /= 128) text += char(size % 128 | 0x80);
  return text + char(size);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Literals without indexing and without Huffman coding: any bytes at all.
inline std::string block(const Pairs& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) text += '\0' + length(name.size()) + name + length(value.size()) + value;
  return text;
}

/// GET https://www.example/ with `more` behind.
inline Pairs get(const Pairs& more = {}) {
  Pairs pairs = {{":method", "GET"}, {":scheme", "https"}, {":authority", "www.example"}, {":path", "/"}};
  pairs.insert(pairs.end(), more.begin(), more.end());
  return pairs;
}
inline Pairs post(const Pairs& more = {}) {
  Pairs pairs = get(more);
  pairs[0].second = "POST";
  return pairs;
}

inline std::string request(std::uint32_t stream, const Pairs& pairs, bool ends = true) {
  return frame(headers, kEndHeaders | (ends ? kEndStream : 0), stream, block(pairs));
}

struct Frame {
  std::uint8_t type, flags;
  std::uint32_t stream;
  std::string payload;
  /// Of RST_STREAM or GOAWAY.
  [[nodiscard]] H2Code code() const {
    const std::size_t at = type == goaway ? 4 : 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4 && at + i < payload.size(); ++i)
      value = value << 8 | static_cast<unsigned char>(payload[at + i]);
    return H2Code(value);
  }
  [[nodiscard]] std::uint32_t increment() const {
    std::uint32_t value = 0;
    for (const char c : payload) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
};

/// Whole frames only; what is cut short is an entry of type 255.
inline std::vector<Frame> read(std::string_view bytes) {
  std::vector<Frame> all;
  if (bytes.starts_with(kPreface)) bytes.remove_prefix(kPreface.size());
  while (!bytes.empty()) {
    const auto at = [&](std::size_t i) { return std::uint32_t(static_cast<unsigned char>(bytes[i])); };
    if (bytes.size() < 9) return all.push_back({255, 0, 0, std::string(bytes)}), all;
    const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
    if (bytes.size() < 9 + size) return all.push_back({255, 0, 0, std::string(bytes)}), all;
    all.push_back({std::uint8_t(at(3)), std::uint8_t(at(4)), at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8),
                   std::string(bytes.substr(9, size))});
    bytes.remove_prefix(9 + size);
  }
  return all;
}

/// The frames of one type.
inline std::vector<Frame> of_type(const std::vector<Frame>& all, std::uint8_t type) {
  std::vector<Frame> some;
  for (const Frame& each : all)
    if (each.type == type) some.push_back(each);
  return some;
}

}  // namespace frames

/// A session of ours that faces frames written by hand.
struct Facing {
  explicit Facing(const H2Limits& limits = {}, bool as_server = true)
      : session(as_server ? H2Session::server(limits, events) : H2Session::client(limits, events)) {
    events.session = session.get();
  }
  /// Feeds `bytes` and returns the frames it answers.
  std::vector<frames::Frame> say(std::string_view bytes) {
    fine = session->receive(bytes).has_value() && fine;
    return frames::read(output_of(*session));
  }
  /// RST_STREAM of `stream` among `answer`: its code's name, or "none".
  static std::string reset_of(const std::vector<frames::Frame>& answer, std::uint32_t stream) {
    for (const frames::Frame& each : answer)
      if (each.type == frames::rst_stream && each.stream == stream) return std::string(to_string(each.code()));
    return "none";
  }
  static std::string goaway_of(const std::vector<frames::Frame>& answer) {
    for (const frames::Frame& each : answer)
      if (each.type == frames::goaway) return std::string(to_string(each.code()));
    return "none";
  }
  Listener events;
  std::unique_ptr<H2Session> session;
  bool fine = true;
};

}  // namespace schoolgate::http
