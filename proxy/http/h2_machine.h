// What an H2Session consists of: nghttp2's session, the streams, and what stands between the two.
//
// For h2_session.cc and h2_machine.cc alone: the only two files that know nghttp2. The owner's calls are in the first,
// what nghttp2 calls back is in the second; callbacks run inside receive() and take_output() only. No callback may end
// the session: one that must says so (doom), and the caller of nghttp2 does it.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy/http/h2_frame_meter.h"
#include "proxy/http/h2_session.h"
#include "proxy/http/h2_stream.h"

namespace schoolgate::http {

struct H2SessionDeleter {
  void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
};

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(bytes), size};
}

struct H2Session::Machine {
  enum class Role : std::uint8_t { server, client };
  // An event that turned up while nghttp2 was writing, and waits until it is done.
  struct Later {
    StreamId stream;              // 0: its owner has given it up meanwhile
    std::optional<H2Code> reset;  // else: writable
  };

  Machine(Role which, const H2Limits& bounds, H2Events& listener);

  // --- streams
  H2Stream* find(StreamId id) const noexcept {
    const auto at = streams.find(id);
    return at == streams.end() ? nullptr : at->second.get();
  }
  // What a handler may still speak of: open for nghttp2 and not given up.
  H2Stream* find_alive(StreamId id) const noexcept {
    H2Stream* const stream = find(id);
    return stream && !stream->closed && !stream->dead ? stream : nullptr;
  }
  H2Stream& add(StreamId id) {
    auto& slot = streams[id];
    slot = std::make_unique<H2Stream>(id);
    ++open;
    return *slot;
  }
  void mark_dead(H2Stream& stream) noexcept {
    stream.dead = true;
    give_back(stream);
  }
  void give_back(H2Stream& stream) noexcept {
    const std::size_t held = std::exchange(stream.unconsumed, 0);
    if (held != 0 && !limits.connection_opens_at_once) nghttp2_session_consume_connection(session.get(), held);
  }
  // Ends a stream for the peer's fault. The owner hears of it when it has heard of the stream.
  void refuse(H2Stream& stream, H2Code code);
  void give_up(H2Stream& stream, H2Code code) {
    mark_dead(stream);
    nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, stream.id, std::uint32_t(code));
  }

  // --- the end of the connection
  // From inside a callback: the callback then answers with its return value, and the caller of nghttp2 does the rest.
  int doom(H2Code code, const char* why) {
    if (!doomed && !failure) doomed.emplace(code, why);
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  [[nodiscard]] int verdict() const noexcept { return doomed ? NGHTTP2_ERR_CALLBACK_FAILURE : 0; }
  void fail(H2Code code, std::string_view why);
  void set_failure(H2Code code, std::string_view why);
  [[nodiscard]] bool is_over() const noexcept { return failure || doomed || broken; }
  void heed_doom() {
    if (!doomed) return;
    const auto [code, why] = *std::exchange(doomed, std::nullopt);
    fail(code, why);
  }
  // Submitted as late as can be: until then requests come in that are told of, and so belong to those it promises to
  // deal with.
  [[nodiscard]] bool farewell_is_due() const noexcept { return leaving && !last_told && !is_over(); }
  void submit_farewell() {
    if (!farewell_is_due()) return;
    last_told = nghttp2_session_get_last_proc_stream_id(session.get());
    nghttp2_submit_goaway(session.get(), NGHTTP2_FLAG_NONE, *last_told, NGHTTP2_NO_ERROR, nullptr, 0);
  }
  void spend_reset() {
    if (role == Role::server && !resets.spend(1)) doom(H2Code::enhance_your_calm, "too many streams were reset");
  }

  // --- events from nghttp2
  void meter_frame(const H2FrameHead& frame);
  int on_begin_headers(const nghttp2_frame& frame);
  int on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value, bool never_index);
  int on_invalid_header(const nghttp2_frame& frame);
  int on_frame(const nghttp2_frame& frame);
  void on_head(H2Stream& stream, bool ends);
  int on_data(StreamId id, std::string_view bytes);
  int on_stream_close(StreamId id, H2Code code);
  int on_frame_sent(const nghttp2_frame& frame);
  int on_frame_not_sent(const nghttp2_frame& frame);
  ssize_t read_queue(H2Stream& stream, std::size_t most, std::uint32_t& flags);
  int send_data_frame(const nghttp2_frame& frame, const std::uint8_t* head, std::size_t length, H2Stream& stream);
  ssize_t longest_data() const noexcept;
  void set_callbacks(nghttp2_session_callbacks* callbacks);
  static nghttp2_data_provider provider_of(H2Stream& stream) noexcept;

  void event_reset(StreamId id, H2Code code) {
    if (writing)
      later.push_back({id, code});
    else
      events.on_reset(id, code);
  }
  void deliver_later();
  void forget_later(StreamId id) noexcept {
    for (Later& event : later)
      if (event.stream == id) event.stream = 0;
  }
  void put(std::string_view bytes) noexcept {
    std::memcpy(room.data(), bytes.data(), bytes.size());
    room = room.subspan(bytes.size());
  }

  const Role role;
  const H2Limits limits;
  H2Events& events;
  std::unique_ptr<nghttp2_session, H2SessionDeleter> session;
  std::unordered_map<StreamId, std::unique_ptr<H2Stream>> streams;
  std::size_t open = 0;  // of them, those that nghttp2 has
  H2FrameMeter meter;
  Allowance resets, idle_frames;
  H2Head head;              // the one being received: blocks never interleave
  std::size_t decoded = 0;  // of it, beyond the limits too
  std::size_t fields = 0;
  bool settings_seen = false, goaway_seen = false;

  std::optional<std::pair<H2Code, const char*>> doomed;
  std::optional<Error> failure;  // set once: nghttp2 is fed no more
  bool receiving = false, writing = false, broken = false;
  bool leaving = false;               // no new streams
  std::optional<StreamId> last_told;  // the last request that an orderly GOAWAY has promised to deal with
  bool goaway_sent = false;           // the last one: nothing follows it

  std::span<char> room;  // of take_output(), what is left of it
  std::size_t room_size = 0;
  std::string_view pending;  // of a frame that nghttp2 has serialised: good until it is asked for the next
  std::string spill;         // a DATA frame that no room was large enough for
  std::vector<Later> later;
};

}  // namespace schoolgate::http
