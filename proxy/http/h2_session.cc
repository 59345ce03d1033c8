#include "proxy/http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy/http/h2_checks.h"
#include "proxy/http/h2_frame_meter.h"
#include "proxy/http/h2_stream.h"

namespace schoolgate::http {
namespace {

constexpr int kMostInterim = 16;
constexpr std::size_t kFrameHead = 9;
constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 section 10.5.1
// A head over the limits is decoded on, as HPACK's state must be kept, but not for ever (hard-cases HTTP-38).
constexpr std::size_t kMostDecoded = 16;  // times the limit

// What a frame costs of `idle_frames` and what it gives back, in halves. Frames that carry nothing cost two; a small
// DATA frame costs nothing in sum, and anything of size earns the window updates and pings that belong to it.
constexpr std::uint32_t kIdleFrameCost = 2, kDataFrameCost = 1, kSmallDataGain = 1, kGain = 8;
constexpr std::size_t kSmallData = 256;

enum class Role : std::uint8_t { server, client };

struct OptionDeleter {
  void operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
};
struct CallbacksDeleter {
  void operator()(nghttp2_session_callbacks* callbacks) const noexcept { nghttp2_session_callbacks_del(callbacks); }
};
struct SessionDeleter {
  void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
};

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv pair_of(std::string_view name, std::string_view value, bool never_index = false) noexcept {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));  // only read
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          std::uint8_t(never_index ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
}

// A head as nghttp2 takes it; views the head, and its own digits.
class Pairs {
 public:
  explicit Pairs(const H2Head& head) {
    list_.reserve(head.fields.size() + 6);
    if (head.status != 0) {
      const auto [end, error] = std::to_chars(digits_.data(), digits_.data() + digits_.size(), head.status);
      list_.push_back(pair_of(":status", {digits_.data(), end}));
    }
    if (!head.method.empty()) list_.push_back(pair_of(":method", head.method));
    if (!head.scheme.empty()) list_.push_back(pair_of(":scheme", head.scheme));
    if (!head.authority.empty()) list_.push_back(pair_of(":authority", head.authority));
    if (!head.path.empty()) list_.push_back(pair_of(":path", head.path));
    if (!head.protocol.empty()) list_.push_back(pair_of(":protocol", head.protocol));
    for (const Field& field : head.fields)
      if (!field.drop) list_.push_back(pair_of(field.name, field.value, field.never_index));
  }
  Pairs(const Pairs&) = delete;
  Pairs& operator=(const Pairs&) = delete;
  [[nodiscard]] const nghttp2_nv* data() const noexcept { return list_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }

 private:
  std::array<char, 12> digits_;
  std::vector<nghttp2_nv> list_;
};

// A later event: those that turn up while nghttp2 is writing wait until it is done.
struct Later {
  StreamId stream;
  std::optional<H2Code> reset;  // else: writable
};

}  // namespace

std::string_view to_string(H2Code code) noexcept {
  static constexpr std::string_view kNames[] = {"NO_ERROR",
                                                "PROTOCOL_ERROR",
                                                "INTERNAL_ERROR",
                                                "FLOW_CONTROL_ERROR",
                                                "SETTINGS_TIMEOUT",
                                                "STREAM_CLOSED",
                                                "FRAME_SIZE_ERROR",
                                                "REFUSED_STREAM",
                                                "CANCEL",
                                                "COMPRESSION_ERROR",
                                                "CONNECT_ERROR",
                                                "ENHANCE_YOUR_CALM",
                                                "INADEQUATE_SECURITY",
                                                "HTTP_1_1_REQUIRED"};
  return std::size_t(code) < std::size(kNames) ? kNames[std::size_t(code)] : "UNKNOWN";
}

// Everything nghttp2 calls back into. Callbacks run inside receive() and take_output() only.
struct H2Session::Machine {
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
    if (stream.unconsumed != 0) nghttp2_session_consume_connection(session.get(), std::exchange(stream.unconsumed, 0));
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
  ssize_t longest_data() const noexcept {
    return ssize_t(std::max<std::size_t>(1024, room.size() > kFrameHead ? room.size() - kFrameHead : 0));
  }
  void set_callbacks(nghttp2_session_callbacks* callbacks);
  static nghttp2_data_provider provider_of(H2Stream& stream) noexcept;

  void event_reset(StreamId id, H2Code code) {
    if (writing)
      later.push_back({id, code});
    else
      events.on_reset(id, code);
  }
  void deliver_later() {
    for (std::size_t i = 0; i < later.size() && !is_over(); ++i) {
      const Later event = later[i];
      if (event.reset)
        events.on_reset(event.stream, *event.reset);
      else if (find_alive(event.stream))
        events.on_writable(event.stream);
    }
    later.clear();
  }
  void put(std::string_view bytes) noexcept {
    std::memcpy(room.data(), bytes.data(), bytes.size());
    room = room.subspan(bytes.size());
  }

  const Role role;
  const H2Limits limits;
  H2Events& events;
  std::unique_ptr<nghttp2_session, SessionDeleter> session;
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

  std::span<char> room;  // of take_output(), what is left of it
  std::size_t room_size = 0;
  std::string_view pending;  // of a frame that nghttp2 has serialised: good until it is asked for the next
  std::string spill;         // a DATA frame that no room was large enough for
  std::vector<Later> later;
};

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
    case NGHTTP2_RST_STREAM: spend_reset(); break;
    case NGHTTP2_PUSH_PROMISE:
      // Our settings have forbidden it before any request went out, acknowledged or not.
      return void(doom(H2Code::protocol_error, "a pushed stream"));
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
  const std::string_view kept = head.keep(value);
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
      const Pairs pairs(*stream.trailers);
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

// Straight from the stream's queue into the owner's buffer. A frame that does not fit waits for the next buffer; one
// that no such buffer can hold goes over a spare one.
int H2Session::Machine::send_data_frame(const nghttp2_frame& frame, const std::uint8_t* frame_head, std::size_t length,
                                        H2Stream& stream) {
  static_cast<void>(frame);  // padding is never asked for
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
      // nghttp2 has ended it by itself: it swallows what comes, and the owner should know.
      if (!failure && frame.goaway.error_code != NGHTTP2_NO_ERROR)
        set_failure(H2Code(frame.goaway.error_code), "by the rules of RFC 9113");
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
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
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

H2Session::H2Session(std::unique_ptr<Machine> machine) noexcept : machine_(std::move(machine)) {}
H2Session::~H2Session() = default;

std::unique_ptr<H2Session> H2Session::server(const H2Limits& limits, H2Events& events) {
  return std::unique_ptr<H2Session>(new H2Session(std::make_unique<Machine>(Role::server, limits, events)));
}

std::unique_ptr<H2Session> H2Session::client(const H2Limits& limits, H2Events& events) {
  return std::unique_ptr<H2Session>(new H2Session(std::make_unique<Machine>(Role::client, limits, events)));
}

Result<void> H2Session::receive(std::string_view bytes) {
  Machine& m = *machine_;
  m.receiving = true;
  while (!bytes.empty() && !m.is_over()) {
    const H2FrameMeter::Step step = m.meter.next(bytes);
    if (step.begins) m.meter_frame(step.head);
    if (m.doomed) break;
    bytes.remove_prefix(step.size);
    const auto* const piece = reinterpret_cast<const std::uint8_t*>(step.feed.data());
    const ssize_t read = step.feed.empty() ? 0 : nghttp2_session_mem_recv(m.session.get(), piece, step.feed.size());
    if (read >= 0) continue;
    // What a callback has doomed stays doomed; else nghttp2 has given up by itself.
    const bool flooded = read == NGHTTP2_ERR_FLOODED;
    m.doom(flooded ? H2Code::enhance_your_calm : H2Code::protocol_error, nghttp2_strerror(int(read)));
  }
  m.receiving = false;
  m.heed_doom();
  if (m.failure) return std::unexpected(*m.failure);
  return {};
}

std::size_t H2Session::take_output(std::span<char> room) {
  Machine& m = *machine_;
  m.room = room;
  m.room_size = room.size();
  const auto drain = [&m](auto& bytes) {
    const std::size_t size = std::min(bytes.size(), m.room.size());
    m.put(std::string_view(bytes).substr(0, size));
    return size;
  };
  for (;;) {
    if (!m.spill.empty()) m.spill.erase(0, drain(m.spill));
    if (m.spill.empty() && !m.pending.empty()) m.pending.remove_prefix(drain(m.pending));
    if (!m.spill.empty() || !m.pending.empty() || m.room.empty() || m.broken) break;
    const std::uint8_t* bytes = nullptr;
    m.writing = true;
    const ssize_t size = nghttp2_session_mem_send(m.session.get(), &bytes);
    m.writing = false;
    if (size > 0) m.pending = text_of(bytes, std::size_t(size));
    if (size < 0) m.broken = true;
    const bool ending = m.doomed.has_value(), told = !m.later.empty();
    m.heed_doom();
    m.deliver_later();
    // Nothing more for now, or a frame that does not fit; unless something has just been added.
    if (size <= 0 && m.spill.empty() && !ending && !told) break;
  }
  return m.room_size - m.room.size();
}

bool H2Session::has_output() const {
  const Machine& m = *machine_;
  return !m.spill.empty() || !m.pending.empty() || (!m.broken && nghttp2_session_want_write(m.session.get()) != 0);
}

bool H2Session::finished() const {
  const Machine& m = *machine_;
  return !has_output() && (m.broken || nghttp2_session_want_read(m.session.get()) == 0);
}

// --- what the owner asks for ----------------------------------------------------------------------------------------

StreamId H2Session::request(const H2Head& head, bool ends) {
  Machine& m = *machine_;
  if (free_streams() == 0) return 0;
  const auto id = StreamId(nghttp2_session_get_next_stream_id(m.session.get()));
  H2Stream& stream = m.add(id);
  stream.told = true;
  stream.ending = ends;
  const Pairs pairs(head);
  const nghttp2_data_provider provider = Machine::provider_of(stream);
  const std::int32_t made =
      nghttp2_submit_request(m.session.get(), nullptr, pairs.data(), pairs.size(), ends ? nullptr : &provider, nullptr);
  if (made == id) return id;
  --m.open;
  m.streams.erase(id);
  return 0;
}

void H2Session::interim(StreamId id, const H2Head& head) {
  Machine& m = *machine_;
  const H2Stream* const stream = m.find_alive(id);
  if (!stream || stream->answered || m.is_over()) return;
  const Pairs pairs(head);
  nghttp2_submit_headers(m.session.get(), NGHTTP2_FLAG_NONE, id, nullptr, pairs.data(), pairs.size(), nullptr);
}

void H2Session::respond(StreamId id, const H2Head& head, bool ends) {
  Machine& m = *machine_;
  H2Stream* const stream = m.find_alive(id);
  if (!stream || stream->answered || m.is_over()) return;
  stream->answered = true;
  stream->ending = ends;
  const Pairs pairs(head);
  const nghttp2_data_provider provider = Machine::provider_of(*stream);
  nghttp2_submit_response(m.session.get(), id, pairs.data(), pairs.size(), ends ? nullptr : &provider);
}

std::size_t H2Session::send_data(StreamId id, std::string_view bytes, bool ends) {
  Machine& m = *machine_;
  H2Stream* const stream = m.find_alive(id);
  if (!stream || stream->ending || m.is_over()) return bytes.size();
  const std::size_t taken =
      std::min(bytes.size(), m.limits.send_queue - std::min(m.limits.send_queue, stream->queue.size()));
  stream->queue.push(bytes.substr(0, taken));
  stream->wants_room = taken < bytes.size();
  if (!stream->wants_room) stream->ending = ends;
  nghttp2_session_resume_data(m.session.get(), id);  // does nothing where the head has not gone yet
  return taken;
}

void H2Session::send_trailers(StreamId id, const H2Head& trailers) {
  Machine& m = *machine_;
  H2Stream* const stream = m.find_alive(id);
  if (!stream || stream->ending || m.is_over()) return;
  if (!trailers.fields.empty()) {
    stream->trailers = std::make_unique<H2Head>();
    for (const Field& field : trailers.fields)
      if (!field.drop)
        stream->trailers->add(stream->trailers->keep(field.name), stream->trailers->keep(field.value),
                              field.never_index);
  }
  stream->ending = true;
  nghttp2_session_resume_data(m.session.get(), id);
}

void H2Session::consumed(StreamId id, std::size_t bytes) {
  Machine& m = *machine_;
  H2Stream* const stream = m.find(id);
  if (!stream || m.is_over()) return;
  bytes = std::min(bytes, stream->unconsumed);
  stream->unconsumed -= bytes;
  if (stream->closed || stream->received_all)
    nghttp2_session_consume_connection(m.session.get(), bytes);
  else
    nghttp2_session_consume(m.session.get(), id, bytes);
  if (stream->closed && stream->unconsumed == 0) m.streams.erase(id);
}

void H2Session::reset(StreamId id, H2Code code) {
  Machine& m = *machine_;
  H2Stream* const stream = m.find(id);
  if (!stream || stream->dead || m.is_over()) return;
  if (!stream->closed) return m.give_up(*stream, code);
  m.give_back(*stream);
  m.streams.erase(id);
}

void H2Session::goaway(H2Code code) {
  Machine& m = *machine_;
  if (m.is_over()) return;
  if (code == H2Code::no_error) {
    const std::int32_t last = nghttp2_session_get_last_proc_stream_id(m.session.get());
    nghttp2_submit_goaway(m.session.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  } else if (m.receiving) {
    m.doom(code, "by this end");
  } else {
    m.fail(code, "by this end");
  }
}

void H2Session::renew_allowances() noexcept {
  machine_->resets.renew();
  machine_->idle_frames.renew();
}

std::size_t H2Session::open_streams() const noexcept { return machine_->open; }

std::size_t H2Session::free_streams() const {
  const Machine& m = *machine_;
  if (m.role == Role::server || m.is_over() || m.goaway_seen ||
      nghttp2_session_check_request_allowed(m.session.get()) == 0)
    return 0;
  const std::uint32_t theirs =
      nghttp2_session_get_remote_settings(m.session.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  const std::size_t most = std::min(theirs, m.limits.streams);
  return most - std::min(most, m.open);
}

bool H2Session::peer_allows_websockets() const {
  const Machine& m = *machine_;
  return m.settings_seen &&
         nghttp2_session_get_remote_settings(m.session.get(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

std::size_t H2Session::queued(StreamId id) const noexcept {
  const H2Stream* const stream = machine_->find(id);
  return stream ? stream->queue.size() : 0;
}

}  // namespace schoolgate::http
