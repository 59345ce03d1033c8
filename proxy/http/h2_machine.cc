#include "proxy/http/h2_machine.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "proxy/http/h2_checks.h"
#include "proxy/http/h2_pairs.h"
#include "proxy/http/octets.h"

namespace schoolgate::http {
namespace {

constexpr int kMostInterim = 16;
constexpr std::size_t kFrameHead = 9, kLeastData = 1024;
constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 section 10.5.1
// A head over the limits is decoded on, as HPACK's state must be kept, but not for ever (hard-cases HTTP-38).
constexpr std::size_t kMostDecoded = 16;  // times the limit

// What a frame costs of `idle_frames` and what it gives back, in halves. Frames that carry nothing cost two; a small
// DATA frame costs nothing in sum, and anything of size earns the window updates and pings that belong to it.
constexpr std::uint32_t kIdleFrameCost = 2, kDataFrameCost = 1, kSmallDataGain = 1, kGain = 8;
constexpr std::size_t kSmallData = 256;

struct OptionDeleter {
  void operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
};
struct CallbacksDeleter {
  void operator()(nghttp2_session_callbacks* callbacks) const noexcept { nghttp2_session_callbacks_del(callbacks); }
};
}  // namespace

void H2Session::Machine::set_callbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        return static_cast<Machine*>(self)->on_begin_headers(*frame);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t flags, void* self) {
        return static_cast<Machine*>(self)->on_header(*frame, text_of(name, name_size), text_of(value, value_size),
                                                      (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
      });
  nghttp2_session_callbacks_set_on_invalid_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t*, std::size_t, const std::uint8_t*,
         std::size_t, std::uint8_t, void* self) { return static_cast<Machine*>(self)->on_invalid_header(*frame); });
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                       [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
                                                         return static_cast<Machine*>(self)->on_frame(*frame);
                                                       });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes, std::size_t size,
                    void* self) { return static_cast<Machine*>(self)->on_data(stream, text_of(bytes, size)); });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t stream, std::uint32_t code, void* self) {
        return static_cast<Machine*>(self)->on_stream_close(stream, H2Code(code));
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks,
                                                       [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
                                                         return static_cast<Machine*>(self)->on_frame_sent(*frame);
                                                       });
  nghttp2_session_callbacks_set_on_frame_not_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
        return static_cast<Machine*>(self)->on_frame_not_sent(*frame);
      });
  nghttp2_session_callbacks_set_data_source_read_length_callback(
      callbacks,
      [](nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t connection, std::int32_t stream,
         std::uint32_t frame, void* self) -> ssize_t {
        const ssize_t most = std::min<ssize_t>({connection, stream, ssize_t(frame)});
        return std::min(most, static_cast<Machine*>(self)->longest_data());
      });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t length,
                    nghttp2_data_source* source, void* self) {
        return static_cast<Machine*>(self)->send_data_frame(*frame, head, length, *static_cast<H2Stream*>(source->ptr));
      });
}

// --- receiving ------------------------------------------------------------------------------------------------------

// Before nghttp2 sees it.
void H2Session::Machine::meter_frame(const H2FrameHead& frame) {
  bool afforded = true;
  switch (frame.type) {
    case NGHTTP2_DATA:
      afforded = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0 || idle_frames.spend(kDataFrameCost);
      break;
    case NGHTTP2_CONTINUATION: break;  // nghttp2 bounds their number, and on_header the head (hard-cases HTTP-35)
    case NGHTTP2_PUSH_PROMISE:
      // Our settings have forbidden it before any request went out, acknowledged or not.
      return void(doom(H2Code::protocol_error, "a pushed stream"));
    case NGHTTP2_RST_STREAM: spend_reset(); [[fallthrough]];
    default: afforded = idle_frames.spend(kIdleFrameCost);
  }
  if (!afforded) doom(H2Code::enhance_your_calm, "too many frames that carry nothing");
}

int H2Session::Machine::on_begin_headers(const nghttp2_frame& frame) {
  head.clear();
  decoded = fields = 0;
  if (role == Role::server && frame.headers.cat == NGHTTP2_HCAT_REQUEST) add(frame.hd.stream_id);
  return 0;
}

int H2Session::Machine::on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value,
                                  bool never_index) {
  const std::size_t cost = name.size() + value.size() + kFieldOverhead;
  decoded += cost;
  ++fields;
  if (decoded > kMostDecoded * limits.head_bytes || fields > kMostDecoded * limits.fields)
    return doom(H2Code::enhance_your_calm, "a head without end");
  if (decoded > limits.head_bytes || fields > limits.fields || fields > Fields::kCapacity) head.too_large = true;
  if (head.too_large || !find_alive(frame.hd.stream_id)) return 0;
  head.size = decoded;
  const std::string_view kept = head.keep(name.starts_with(':') ? value : trim_space(value));
  if (!name.starts_with(':'))
    head.add(head.keep(name), kept, never_index);
  else if (name == ":method")
    head.method = kept;
  else if (name == ":scheme")
    head.scheme = kept;
  else if (name == ":authority")
    head.authority = kept;
  else if (name == ":path")
    head.path = kept;
  else if (name == ":protocol")
    head.protocol = kept;
  else if (name == ":status")
    std::from_chars(kept.data(), kept.data() + kept.size(), head.status);
  return 0;
}

// A field that nghttp2 would let pass us by in silence.
int H2Session::Machine::on_invalid_header(const nghttp2_frame& frame) {
  if (H2Stream* const stream = find_alive(frame.hd.stream_id)) refuse(*stream, H2Code::protocol_error);
  return verdict();
}

void H2Session::Machine::refuse(H2Stream& stream, H2Code code) {
  give_up(stream, code);
  spend_reset();
  if (stream.told) event_reset(stream.id, code);
}

int H2Session::Machine::on_frame(const nghttp2_frame& frame) {
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      if (H2Stream* const stream = find_alive(frame.hd.stream_id)) {
        idle_frames.earn(kGain);
        on_head(*stream, ends);
      }
      break;
    case NGHTTP2_DATA:
      if (H2Stream* const stream = find_alive(frame.hd.stream_id); stream && ends) {
        stream->received_all = true;
        events.on_end(stream->id);
      }
      break;
    case NGHTTP2_SETTINGS:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) break;
      settings_seen = true;
      events.on_settings();
      break;
    case NGHTTP2_GOAWAY:
      goaway_seen = true;
      events.on_goaway(frame.goaway.last_stream_id, H2Code(frame.goaway.error_code));
      break;
    default: break;
  }
  return verdict();
}

void H2Session::Machine::on_head(H2Stream& stream, bool ends) {
  const StreamId id = stream.id;
  stream.received_all = ends;
  if (role == Role::server && !stream.told) {
    if (last_told && id > *last_told) return give_up(stream, H2Code::refused_stream);
    if (!head.too_large && fault_of_h2_request(head)) return refuse(stream, H2Code::protocol_error);
    stream.told = true;
    return events.on_request(id, head, ends);
  }
  if (role == Role::client && !stream.answered) {
    if (!head.too_large && fault_of_h2_response(head)) return refuse(stream, H2Code::protocol_error);
    if (head.status < 200) {
      if (head.too_large || ++stream.interims > kMostInterim) return refuse(stream, H2Code::enhance_your_calm);
      return events.on_interim(id, head);
    }
    stream.answered = true;
    return events.on_response(id, head, ends);
  }
  if (head.too_large || fault_of_h2_trailers(head)) return refuse(stream, H2Code::protocol_error);
  events.on_trailers(id, head);
  if (ends && !doomed && find_alive(id)) events.on_end(id);
}

int H2Session::Machine::on_data(StreamId id, std::string_view bytes) {
  idle_frames.earn(bytes.size() < kSmallData ? kSmallDataGain : kGain);
  H2Stream* const stream = find_alive(id);
  if (!stream) {
    nghttp2_session_consume_connection(session.get(), bytes.size());
    return 0;
  }
  stream->unconsumed += bytes.size();
  if (limits.connection_opens_at_once) nghttp2_session_consume_connection(session.get(), bytes.size());
  events.on_data(id, bytes);
  return verdict();
}

int H2Session::Machine::on_stream_close(StreamId id, H2Code code) {
  const auto at = streams.find(id);
  if (at == streams.end() || at->second->closed) return 0;
  H2Stream& stream = *at->second;
  --open;
  const bool in_order = code == H2Code::no_error && stream.sent_all && stream.received_all;
  if (in_order && role == Role::server) resets.earn(1);
  if (in_order && !stream.dead && stream.unconsumed != 0) {
    stream.closed = true;
    return 0;
  }
  const bool tell = !in_order && !stream.dead && stream.told;
  give_back(stream);
  streams.erase(at);
  if (tell) event_reset(id, code);
  return 0;
}

// --- sending --------------------------------------------------------------------------------------------------------

ssize_t H2Session::Machine::read_queue(H2Stream& stream, std::size_t most, std::uint32_t& flags) {
  const std::size_t size = stream.queue.size();
  if (size == 0 && !stream.ending) return NGHTTP2_ERR_DEFERRED;
  const std::size_t length = std::min(size, most);
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (length == size && stream.ending) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.trailers) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const H2Pairs pairs(*stream.trailers);
      nghttp2_submit_trailer(session.get(), stream.id, pairs.data(), pairs.size());
    }
  }
  return ssize_t(length);
}

nghttp2_data_provider H2Session::Machine::provider_of(H2Stream& stream) noexcept {
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t most, std::uint32_t* flags,
                              nghttp2_data_source* source, void* self) {
    return static_cast<Machine*>(self)->read_queue(*static_cast<H2Stream*>(source->ptr), most, *flags);
  };
  return provider;
}

// What fits beside the frame's head; a little more where that would be next to nothing, and the frame then waits.
ssize_t H2Session::Machine::longest_data() const noexcept {
  return ssize_t(std::max(kLeastData, room.size() - std::min(room.size(), kFrameHead)));
}

void H2Session::Machine::deliver_later() {
  for (std::size_t i = 0; i < later.size() && !is_over(); ++i) {
    const Later event = later[i];
    if (event.reset && event.stream != 0)
      events.on_reset(event.stream, *event.reset);
    else if (find_alive(event.stream))
      events.on_writable(event.stream);
  }
  later.clear();
}

// Straight from the stream's queue into the owner's buffer. A frame that does not fit waits for the next buffer; one
// that no such buffer can hold goes over a spare one.
int H2Session::Machine::send_data_frame(const nghttp2_frame& frame, const std::uint8_t* frame_head, std::size_t length,
                                        H2Stream& stream) {
  static_cast<void>(frame);  // padding is never asked for
  if (goaway_sent) return NGHTTP2_ERR_WOULDBLOCK;
  const std::string_view bytes = stream.queue.front(length);
  if (kFrameHead + length <= room.size() && spill.empty()) {
    put(text_of(frame_head, kFrameHead));
    put(bytes);
  } else if (room.size() == room_size && spill.empty()) {
    spill.assign(text_of(frame_head, kFrameHead));
    spill.append(bytes);
  } else {
    return NGHTTP2_ERR_WOULDBLOCK;
  }
  stream.queue.pop(length);
  if (stream.wants_room && !stream.dead && stream.queue.size() <= limits.send_queue / 2) {
    stream.wants_room = false;
    later.push_back({stream.id, std::nullopt});
  }
  return 0;
}

int H2Session::Machine::on_frame_sent(const nghttp2_frame& frame) {
  H2Stream* const stream = find(frame.hd.stream_id);
  switch (frame.hd.type) {
    case NGHTTP2_RST_STREAM:
      if (!stream || !stream->dead) spend_reset();  // nghttp2's own, which the peer has provoked (hard-cases HTTP-36)
      break;
    case NGHTTP2_GOAWAY:
      if (frame.goaway.error_code == NGHTTP2_NO_ERROR) break;
      goaway_sent = true;
      // Without a failure nghttp2 has ended it by itself: it swallows what comes, and the owner should know.
      if (!failure) set_failure(H2Code(frame.goaway.error_code), "by the rules of RFC 9113");
      break;
    case NGHTTP2_DATA:
      if (frame.hd.length != 0) idle_frames.earn(frame.hd.length < kSmallData ? kSmallDataGain : kGain);
      [[fallthrough]];
    case NGHTTP2_HEADERS:
      if (!stream || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) break;
      stream->sent_all = true;
      if (role == Role::server && !stream->received_all && !stream->dead) give_up(*stream, H2Code::no_error);
      break;
    default: break;
  }
  return 0;
}

int H2Session::Machine::on_frame_not_sent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS) return 0;
  const auto at = streams.find(frame.hd.stream_id);
  if (at == streams.end() || at->second->closed) return 0;
  H2Stream& stream = *at->second;
  if (role == Role::client && frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    const bool tell = !stream.dead;
    --open;
    streams.erase(at);
    if (tell) later.push_back({frame.hd.stream_id, H2Code::refused_stream});
  } else if (!stream.dead) {
    give_up(stream, H2Code::internal_error);  // a head too large for a frame: the peer must not wait for it
    later.push_back({stream.id, H2Code::internal_error});
  }
  return 0;
}

// --- beginning and end ----------------------------------------------------------------------------------------------

H2Session::Machine::Machine(Role which, const H2Limits& bounds, H2Events& listener)
    : role(which),
      limits(bounds),
      events(listener),
      meter(which == Role::server ? NGHTTP2_CLIENT_MAGIC_LEN : 0),
      resets(bounds.resets),
      idle_frames(2 * bounds.idle_frames) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
  const std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> owned_callbacks(callbacks);
  if (nghttp2_option_new(&option) != 0) throw std::bad_alloc();
  const std::unique_ptr<nghttp2_option, OptionDeleter> owned_option(option);
  set_callbacks(callbacks);
  nghttp2_option_set_no_auto_window_update(option, 1);
  // Spaces around values are taken off here: apps and web sites of rank send them.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
  nghttp2_session* created = nullptr;
  const int made = role == Role::server ? nghttp2_session_server_new2(&created, callbacks, this, option)
                                        : nghttp2_session_client_new2(&created, callbacks, this, option);
  if (made != 0) throw std::bad_alloc();
  session.reset(created);

  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, std::uint32_t(limits.head_bytes)},
  };
  if (role == Role::server) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams});
    if (limits.websockets) settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
    settings.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});  // trees of streams cost us, and serve nobody
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  nghttp2_submit_settings(created, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(created, NGHTTP2_FLAG_NONE, 0, std::int32_t(limits.connection_window));
}

void H2Session::Machine::set_failure(H2Code code, std::string_view why) {
  failure = Error{role == Role::server ? Fault::client : Fault::upstream,
                  "HTTP/2 connection ended with " + std::string(to_string(code)) + ": " + std::string(why),
                  {}};
}

void H2Session::Machine::fail(H2Code code, std::string_view why) {
  if (failure) return;
  set_failure(code, why);
  if (nghttp2_session_terminate_session(session.get(), std::uint32_t(code)) != 0) broken = true;
}

}  // namespace schoolgate::http
