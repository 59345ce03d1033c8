// One end of an HTTP/2 connection (RFC 9113) as a machine: bytes in, events; calls, bytes out.
//
// No socket, no clock, no thread: the owner of the connection feeds it what was received, asks it for what is to be
// sent and implements H2Events. All calls come from that one thread. nghttp2 does the framing, HPACK and the rules of
// streams; this class adds what a gateway between strangers needs: bounded queues, windows that open only when a reader
// has read, allowances for frames that cost us more than their sender, and heads checked for having one meaning.
//
// What may be called when: inside an event every member but receive() and take_output() may be called, and the session
// must not be destroyed; events do not throw. Calls about streams that are over do nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "proxy/http/h2_head.h"

namespace schoolgate::http {

using StreamId = std::int32_t;  ///< 31 bits and never 0 for a stream

/// RFC 9113 section 7.
enum class H2Code : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};
/// As in the RFC: "PROTOCOL_ERROR".
[[nodiscard]] std::string_view to_string(H2Code code) noexcept;

struct H2Limits {
  std::uint32_t streams = 100;                    ///< at a time, of the client
  std::size_t head_bytes = 60 * 1024;             ///< beyond: H2Head::too_large
  std::size_t fields = 200;                       ///< the same; each cookie crumb counts. At most Fields::kCapacity
  std::uint32_t stream_window = 256 * 1024;       ///< what a stream may send ahead of consumed()
  std::uint32_t connection_window = 1024 * 1024;  ///< what all of them may
  /// What all of them may opens again as soon as bytes have come, and consumed() opens the stream's window alone: for a
  /// connection that strangers share, where one that takes nothing must not stop the others.
  bool connection_opens_at_once = false;
  std::size_t send_queue = 64 * 1024;  ///< what send_data() keeps for one stream
  std::uint32_t resets = 200;          ///< a client's resets and those it provokes
  bool websockets = true;              ///< server: announce extended CONNECT (RFC 8441)
  std::uint32_t idle_frames = 1000;    ///< frames that carry nothing
};

/// What happened. Called from inside receive(), but for on_writable and on_reset, which may also come from inside
/// take_output(). For one stream: on_request or on_response (after any on_interim), on_data, on_trailers, on_end, in
/// this order; on_reset at any point, and nothing after it.
class H2Events {
 public:
  /// A request (server). `head` may be moved from; else it is gone after the call. `ends`: there is no body, and no
  /// on_end comes.
  virtual void on_request(StreamId, H2Head& head, bool ends) { (void)head, (void)ends; }
  /// The final answer (client), 200 or above; `head` and `ends` as above.
  virtual void on_response(StreamId, H2Head& head, bool ends) { (void)head, (void)ends; }
  /// An answer of 100 to 199 (client). More than 16 end the stream.
  virtual void on_interim(StreamId, H2Head& head) { (void)head; }
  /// Body bytes, a view into what receive() was given. The receiver calls consumed() once they are done
  /// with: until then the peer's window stays smaller by as much.
  virtual void on_data(StreamId, std::string_view bytes) = 0;
  /// Trailers; on_end follows.
  virtual void on_trailers(StreamId, H2Head& trailers) { (void)trailers; }
  /// The peer has sent all of its message.
  virtual void on_end(StreamId) = 0;
  /// The stream is over before both messages were whole: the peer gave it up, or broke the rules on it and this end
  /// did. Not called for what reset() ended. With no_error from a server the answer is whole, and the rest of the
  /// request is not wanted. Unconsumed bytes have been given back.
  virtual void on_reset(StreamId, H2Code code) = 0;
  /// There is room again, after send_data() had taken less than it was given.
  virtual void on_writable(StreamId) = 0;
  /// The peer begins no (client) or accepts no (server) more streams. Streams of ours above `last` it has not looked
  /// at: each gets an on_reset with refused_stream, and may be sent again elsewhere.
  virtual void on_goaway(StreamId last, H2Code code) { (void)last, (void)code; }
  /// The peer's settings have arrived: free_streams() and peer_allows_websockets() now say what it said.
  virtual void on_settings() {}

 protected:
  ~H2Events() = default;
};

class H2Session {
 public:
  /// `events` must outlive the session. A new session has output at once: its settings (and the client's preface).
  [[nodiscard]] static std::unique_ptr<H2Session> server(const H2Limits& limits, H2Events& events);
  [[nodiscard]] static std::unique_ptr<H2Session> client(const H2Limits& limits, H2Events& events);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  /// Bytes from the peer, any number of them. An error means that the connection is over: no more events come, a GOAWAY
  /// waits in the output, and whatever is received later is ignored. Some violations show only in the output that
  /// follows: ask finished() after sending.
  [[nodiscard]] Result<void> receive(std::string_view bytes);

  /// Fills `room` with as many frames as are ready and fit, and returns how many bytes that were: to be called until it
  /// returns 0. DATA is cut to the room there is, so 16 KiB and more gather well; any size works.
  [[nodiscard]] std::size_t take_output(std::span<char> room);
  [[nodiscard]] bool has_output() const;

  /// Client: begins a request. 0 when no stream can begin now: too many are open, the peer has said GOAWAY, or the
  /// connection is over. `head` is copied.
  [[nodiscard]] StreamId request(const H2Head& head, bool ends);
  /// Server: an interim answer, 100 or 102 to 199. Not after respond().
  void interim(StreamId stream, const H2Head& head);
  /// Server: the final answer, once. When it ends before the request has, the rest of the request is not wanted: the
  /// stream is then given up with no_error, as RFC 9113 section 8.1 has it.
  void respond(StreamId stream, const H2Head& head, bool ends);

  /// Queues body bytes and returns how many were taken: at most what `send_queue` has room for. When fewer than given,
  /// on_writable comes as soon as half the queue is free, and `ends` has not been heeded. `ends` with the last bytes,
  /// or alone. A stream that is over takes everything and drops it.
  [[nodiscard]] std::size_t send_data(StreamId stream, std::string_view bytes, bool ends);
  /// Ends the message with trailers. Instead of `ends`.
  void send_trailers(StreamId stream, const H2Head& trailers);

  /// `bytes` of on_data have been dealt with: the peer may send as many more. Also for streams that have ended in
  /// order; they count against the connection's window until everything is consumed or reset() is called.
  void consumed(StreamId stream, std::size_t bytes);

  /// Gives a stream up; what it has queued is dropped, what is unconsumed is given back, no event comes any more.
  void reset(StreamId stream, H2Code code);
  /// no_error: no new streams, those that are open go on to their end. Anything else: the connection is over.
  void goaway(H2Code code);
  /// Renews the allowances for resets and for frames that carry nothing. The session has no clock: its owner calls this
  /// about once a minute while the connection is in use, so that a long quiet connection may go on with its pings.
  void renew_allowances() noexcept;

  /// Over: nothing more will be read, and everything is sent. The socket can be closed.
  [[nodiscard]] bool finished() const;
  [[nodiscard]] std::size_t open_streams() const noexcept;
  /// Client: how many more requests can begin now; 0 after GOAWAY. Before on_settings a guess of 100 is made.
  [[nodiscard]] std::size_t free_streams() const;
  /// Client: the server takes extended CONNECT (RFC 8441). False before on_settings.
  [[nodiscard]] bool peer_allows_websockets() const;
  /// Bytes of a stream that wait for its window or for take_output().
  [[nodiscard]] std::size_t queued(StreamId stream) const noexcept;

 private:
  struct Machine;
  explicit H2Session(std::unique_ptr<Machine> machine) noexcept;
  std::unique_ptr<Machine> machine_;
};

}  // namespace schoolgate::http
