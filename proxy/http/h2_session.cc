#include "proxy/http/h2_session.h"

#include <algorithm>
#include <utility>

#include "proxy/http/h2_machine.h"
#include "proxy/http/h2_pairs.h"

namespace schoolgate::http {

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

H2Session::H2Session(std::unique_ptr<Machine> machine) noexcept : machine_(std::move(machine)) {}
H2Session::~H2Session() = default;

std::unique_ptr<H2Session> H2Session::server(const H2Limits& limits, H2Events& events) {
  return std::unique_ptr<H2Session>(new H2Session(std::make_unique<Machine>(Machine::Role::server, limits, events)));
}

std::unique_ptr<H2Session> H2Session::client(const H2Limits& limits, H2Events& events) {
  return std::unique_ptr<H2Session>(new H2Session(std::make_unique<Machine>(Machine::Role::client, limits, events)));
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
  m.submit_farewell();
  const auto drain = [&m](auto& bytes) {
    const std::size_t size = std::min(bytes.size(), m.room.size());
    m.put(std::string_view(bytes).substr(0, size));
    return size;
  };
  for (;;) {
    if (!m.spill.empty()) m.spill.erase(0, drain(m.spill));
    if (m.spill.empty() && !m.pending.empty()) m.pending.remove_prefix(drain(m.pending));
    if (!m.spill.empty() || !m.pending.empty() || m.room.empty() || m.broken || m.goaway_sent) break;
    const std::uint8_t* bytes = nullptr;
    m.writing = true;
    const ssize_t size = nghttp2_session_mem_send(m.session.get(), &bytes);
    m.writing = false;
    if (size > 0) m.pending = text_of(bytes, std::size_t(size));
    if (size < 0) {
      m.broken = true;
      if (!m.failure) m.set_failure(H2Code::internal_error, nghttp2_strerror(int(size)));
    }
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
  return !m.spill.empty() || !m.pending.empty() ||
         (!m.broken && !m.goaway_sent && (m.farewell_is_due() || nghttp2_session_want_write(m.session.get()) != 0));
}

bool H2Session::finished() const {
  const Machine& m = *machine_;
  return !has_output() && (m.broken || m.goaway_sent || nghttp2_session_want_read(m.session.get()) == 0);
}

// --- what the owner asks for ----------------------------------------------------------------------------------------

StreamId H2Session::request(const H2Head& head, bool ends) {
  Machine& m = *machine_;
  if (free_streams() == 0) return 0;
  const auto id = StreamId(nghttp2_session_get_next_stream_id(m.session.get()));
  H2Stream& stream = m.add(id);
  stream.told = true;
  stream.ending = ends;
  const H2Pairs pairs(head);
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
  const H2Pairs pairs(head);
  nghttp2_submit_headers(m.session.get(), NGHTTP2_FLAG_NONE, id, nullptr, pairs.data(), pairs.size(), nullptr);
}

void H2Session::respond(StreamId id, const H2Head& head, bool ends) {
  Machine& m = *machine_;
  H2Stream* const stream = m.find_alive(id);
  if (!stream || stream->answered || m.is_over()) return;
  stream->answered = true;
  stream->ending = ends;
  const H2Pairs pairs(head);
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
  const bool over = stream->closed || stream->received_all;
  if (m.limits.connection_opens_at_once) {
    if (!over) nghttp2_session_consume_stream(m.session.get(), id, bytes);
  } else if (over) {
    nghttp2_session_consume_connection(m.session.get(), bytes);
  } else {
    nghttp2_session_consume(m.session.get(), id, bytes);
  }
  if (stream->closed && stream->unconsumed == 0) m.streams.erase(id);
}

void H2Session::reset(StreamId id, H2Code code) {
  Machine& m = *machine_;
  m.forget_later(id);
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
    m.leaving = true;
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
  if (m.role == Machine::Role::server || m.is_over() || m.goaway_seen || m.leaving ||
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
