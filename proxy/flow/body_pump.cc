#include "proxy/flow/body_pump.h"

#include <array>
#include <limits>
#include <string>
#include <utility>

#include "proxy/flow/alarm.h"
#include "proxy/http/chunked.h"

namespace schoolgate::flow {
namespace {

using net::IoStatus;

// Waits for bytes without holding a buffer, then takes one and receives.
net::awaitable<IoStatus> receive_more(BodyPump& body) {
  for (;;) {
    if (body.stopped) co_return IoStatus::cancelled;
    body.from.expire_after(body.idle);
    if (const IoStatus ready = co_await body.from.wait_readable(); ready != IoStatus::ok) co_return ready;
    body.inbox.prepare_relay(body.buffers);
    const net::Transfer got = body.inbox.receive(body.from);
    if (got.status == IoStatus::would_block && !body.inbox.is_full()) {
      if (body.inbox.empty()) body.inbox.release();
      continue;
    }
    co_return got.status;
  }
}

net::awaitable<PumpEnd> pump_counted(BodyPump& body, std::uint64_t left, bool until_close) {
  while (left != 0) {
    if (body.inbox.empty()) {
      const IoStatus status = co_await receive_more(body);
      if (status == IoStatus::closed && until_close) co_return PumpEnd::finished;
      if (status != IoStatus::ok) co_return PumpEnd::from_failed;
    }
    const std::string_view have = body.inbox.bytes();
    const std::size_t run = std::size_t(std::min<std::uint64_t>(left, have.size()));
    body.to.expire_after(body.idle);
    const net::Transfer sent = co_await body.to.send_all(have.substr(0, run));
    if (!sent) co_return PumpEnd::to_failed;
    body.inbox.consume(run);
    body.moved += run;
    body.last_moved = body.from.deadlines().now();
    left -= run;
  }
  co_return PumpEnd::finished;
}

net::awaitable<bool> send_piece(BodyPump& body, std::string_view content) {
  body.to.expire_after(body.idle);
  if (!body.chunk_towards_receiver) {
    const net::Transfer sent = co_await body.to.send_all(content);
    co_return bool(sent);
  }
  std::array<char, 20> room;
  const std::string_view size_line = http::chunk_size_line(content.size(), room);
  const net::Transfer opened = co_await body.to.send_all(size_line, content);
  if (!opened) co_return false;
  const net::Transfer closed = co_await body.to.send_all("\r\n");
  co_return bool(closed);
}

net::awaitable<PumpEnd> pump_chunked(BodyPump& body) {
  http::ChunkDecoder& decoder = body.decoder;
  for (;;) {
    if (body.inbox.empty() && co_await receive_more(body) != IoStatus::ok) co_return PumpEnd::from_failed;
    const auto step = decoder.decode(body.inbox.mutable_bytes());
    if (step.status == http::ChunkDecoder::Status::bad) co_return PumpEnd::malformed;
    if (step.decoded != 0) {
      body.moved += step.decoded;
      body.last_moved = body.from.deadlines().now();
      if (!co_await send_piece(body, body.inbox.bytes().substr(0, step.decoded))) co_return PumpEnd::to_failed;
    }
    body.inbox.consume(step.consumed);
    if (step.status != http::ChunkDecoder::Status::finished) continue;
    if (!body.chunk_towards_receiver) co_return PumpEnd::finished;
    const std::string last = "0\r\n" + decoder.trailers() + "\r\n";
    body.to.expire_after(body.idle);
    const net::Transfer sent = co_await body.to.send_all(last);
    co_return sent ? PumpEnd::finished : PumpEnd::to_failed;
  }
}

// What has come of a body, out of its framing.
struct Piece {
  std::string content;
  bool last = false, malformed = false;
};
Piece take_piece(BodyPump& body) {
  Piece piece;
  std::size_t size = body.inbox.bytes().size(), consumed = size;
  if (body.body.framing == http::Framing::length) {
    size = consumed = std::size_t(std::min<std::uint64_t>(body.body.length, size));
    body.body.length -= size;
    piece.last = body.body.length == 0;
  } else if (body.body.framing == http::Framing::chunked) {
    const auto step = body.decoder.decode(body.inbox.mutable_bytes());
    piece.malformed = step.status == http::ChunkDecoder::Status::bad;
    piece.last = step.status == http::ChunkDecoder::Status::finished;
    size = step.decoded;
    consumed = step.consumed;
  }
  if (!piece.malformed) {
    piece.content = body.inbox.bytes().substr(0, size);
    body.inbox.consume(consumed);
  }
  return piece;
}

// More into the inbox, or nothing when the time of what is held back is up.
net::awaitable<IoStatus> receive_in_time(BodyPump& body, bool& time_is_up) {
  const auto until = std::chrono::steady_clock::now() + BodyTap::kHeldBack;
  const Alarm alarm(body.from, until);
  const IoStatus status = co_await receive_more(body);
  time_is_up = status == IoStatus::cancelled && !body.stopped && std::chrono::steady_clock::now() >= until;
  co_return status;
}

// What somebody reads: a piece goes out when the next has been read, or none has come for a while.
net::awaitable<PumpEnd> pump_read(BodyPump& body) {
  if (body.body.framing == http::Framing::length && body.body.length == 0) co_return PumpEnd::finished;
  std::string held;
  for (;;) {
    Piece piece;
    if (body.inbox.empty()) {
      bool time_is_up = false;
      const IoStatus status = held.empty() ? co_await receive_more(body) : co_await receive_in_time(body, time_is_up);
      piece.last = status == IoStatus::closed && body.body.framing == http::Framing::until_close;
      if (status != IoStatus::ok && !piece.last && !time_is_up) co_return PumpEnd::from_failed;
    }
    if (!body.inbox.empty()) piece = take_piece(body);
    if (piece.malformed) co_return PumpEnd::malformed;
    if (!piece.content.empty() && !body.tap->reads(piece.content)) co_return PumpEnd::from_failed;
    if (piece.last && !body.tap->finish()) co_return PumpEnd::from_failed;
    if (!piece.content.empty()) body.last_moved = body.from.deadlines().now();
    if (piece.last) held += std::exchange(piece.content, {});
    if (!held.empty() && !co_await send_piece(body, held)) co_return PumpEnd::to_failed;
    body.moved += held.size();
    held = std::move(piece.content);
    if (!piece.last) continue;
    if (body.body.framing != http::Framing::chunked || !body.chunk_towards_receiver) co_return PumpEnd::finished;
    const std::string end = "0\r\n" + body.decoder.trailers() + "\r\n";
    body.to.expire_after(body.idle);
    const net::Transfer sent = co_await body.to.send_all(end);
    co_return sent ? PumpEnd::finished : PumpEnd::to_failed;
  }
}

}  // namespace

net::awaitable<PumpEnd> pump(BodyPump& body) {
  if (body.tap && body.body.framing != http::Framing::none) co_return co_await pump_read(body);
  switch (body.body.framing) {
    case http::Framing::none: co_return PumpEnd::finished;
    case http::Framing::length: co_return co_await pump_counted(body, body.body.length, false);
    case http::Framing::until_close:
      co_return co_await pump_counted(body, std::numeric_limits<std::uint64_t>::max(), true);
    case http::Framing::chunked: co_return co_await pump_chunked(body);
  }
  co_return PumpEnd::finished;
}

}  // namespace schoolgate::flow
