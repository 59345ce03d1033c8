// Moving a message body from one side to the other, a buffer at a time, with the framing that each side needs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "proxy/flow/inbox.h"
#include "proxy/http/chunked.h"
#include "proxy/http/message.h"
#include "proxy/net/asio.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

enum class PumpEnd : std::uint8_t {
  finished,     ///< the whole body is with the receiver
  from_failed,  ///< the sender stopped before its body was whole (closed, reset, too slow)
  to_failed,    ///< the receiver took no more
  malformed,    ///< the sender's chunked coding is broken
};

/// Sees the content of a body before it goes out.
class BodyTap {
 public:
  virtual ~BodyTap() = default;
  /// False: this piece does not go out, and the pump ends as from_failed.
  [[nodiscard]] virtual bool reads(std::string_view content) = 0;
  /// Nothing more comes. False: the last piece does not go out.
  [[nodiscard]] virtual bool finish() = 0;
  /// A piece that may be the last waits so long for the next: the last goes out after finish() alone.
  static constexpr std::chrono::milliseconds kHeldBack{250};
};

struct BodyPump {
  net::Socket& from;
  Inbox& inbox;  ///< what `from` has sent already; may hold bytes of the next message when the pump ends
  net::Socket& to;
  net::BufferPool& buffers;
  http::Body body;
  bool chunk_towards_receiver = false;  ///< with Framing::chunked: encode anew; otherwise only the content is sent
  std::chrono::seconds idle{60};        ///< neither side may stall for longer
  std::uint64_t moved = 0;              ///< content bytes, counted as they go
  bool stopped = false;                 ///< set from outside: the pump ends as from_failed before its next piece
  std::uint32_t last_moved = from.deadlines().now();  ///< when a byte last passed
  http::ChunkDecoder decoder{};                       ///< of a chunked body, where part of it was read before
  BodyTap* tap = nullptr;                             ///< null: nobody reads; outlives the pump
};

/// Runs to the end of the body. The sockets stay open whatever the answer is.
net::awaitable<PumpEnd> pump(BodyPump& body);

}  // namespace schoolgate::flow
