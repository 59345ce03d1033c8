// Any bytes from an HTTP/2 peer: no crash, no event for a stream that is over, no queue or window beyond its bound, and
// whatever is heard of translates into a head that our own strict HTTP/1 reader takes.
//
// The first byte chooses the role (lowest bit) and how the input is cut into pieces; the rest is what the peer sends,
// for a server behind the client's preface and an empty SETTINGS, so that mutations reach what lies behind them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "proxy/http/h2_session.h"
#include "proxy/http/h2_translate.h"

namespace {

using namespace schoolgate::http;

void require(bool holds) {
  if (!holds) std::abort();
}

class Echo final : public H2Events {
 public:
  explicit Echo(bool is_server) : session(is_server ? H2Session::server({}, *this) : H2Session::client({}, *this)) {}

  void on_request(StreamId stream, H2Head& head, bool ends) override {
    require(stream > 0 && open_.insert(stream).second);
    const auto outcome = read_request_head(head, ends, {}, *request_);
    require(outcome.kind != HeadOutcome::Kind::need_more);
    if (outcome.kind == HeadOutcome::Kind::bad) {
      H2Head answer;
      answer.status = outcome.status;
      return session->respond(stream, answer, true);
    }
    std::array<char, 128 * 1024> room;
    HeadWriter out(room);
    write_request_head(out, *request_, request_->target, request_->host, {"gate"});
    require(!out.overflowed());
    const std::string_view text(room.data(), out.size());
    const auto again = read_request_head(text, 0, {.bytes = room.size(), .fields = 250, .target = 64 * 1024}, *reread_);
    require(again.kind == HeadOutcome::Kind::complete && reread_->size == text.size());
    require(reread_->body.framing == request_->body.framing && reread_->body.length == request_->body.length);
    require(reread_->websocket == request_->websocket && reread_->target == request_->target);
    answer(stream);
  }
  void on_response(StreamId stream, H2Head& head, bool ends) override {
    require(open_.contains(stream));
    const auto outcome = read_response_head(head, ends, *request_, *response_);
    if (outcome.kind == HeadOutcome::Kind::bad) return;
    std::array<char, 128 * 1024> room;
    HeadWriter out(room);
    write_response_head(out, *response_, *request_, ClientFraming::as_received, true, {"gate"});
    require(!out.overflowed());
    const auto asked = std::make_unique<RequestHead>();
    asked->websocket = request_->websocket;
    asked->method = request_->method;
    const auto again = read_response_head({room.data(), out.size()}, 0, {.bytes = room.size(), .fields = 250}, *asked,
                                          *answer_reread_);
    require(again.kind == HeadOutcome::Kind::complete);
  }
  void on_interim(StreamId stream, H2Head& head) override { require(open_.contains(stream) && head.status < 200); }
  void on_data(StreamId stream, std::string_view bytes) override {
    require(open_.contains(stream));
    unconsumed_ += bytes.size();
    require(unconsumed_ <= 1024 * 1024);
    if (stream % 8 != 3) consume(stream, bytes.size());
    if (stream % 16 == 7) give_up(stream);
  }
  void on_trailers(StreamId stream, H2Head& head) override {
    require(open_.contains(stream));
    H2Head out;
    write_trailers(out, head, TrailersOf::grpc);
    session->send_trailers(stream, out);
  }
  void on_end(StreamId stream) override { require(open_.contains(stream)); }
  void on_reset(StreamId stream, H2Code) override { require(open_.erase(stream) == 1); }
  void on_writable(StreamId stream) override {
    require(open_.contains(stream));
    static_cast<void>(session->send_data(stream, kBody, true));
  }

  void ask() {
    H2Head head;
    head.method = "POST";
    head.scheme = "https";
    head.authority = "www.example";
    head.path = "/";
    if (const StreamId stream = session->request(head, false); stream != 0) {
      open_.insert(stream);
      static_cast<void>(session->send_data(stream, kBody, true));
    }
  }

  std::unique_ptr<H2Session> session;

 private:
  void answer(StreamId stream) {
    H2Head head;
    head.status = 200;
    session->respond(stream, head, stream % 4 == 1);
    static_cast<void>(session->send_data(stream, kBody, stream % 8 != 3));
  }
  void consume(StreamId stream, std::size_t size) {
    unconsumed_ -= size;
    session->consumed(stream, size);
  }
  void give_up(StreamId stream) {
    session->reset(stream, H2Code::cancel);
    open_.erase(stream);
  }

  static inline const std::string kBody = std::string(70'000, 'x');
  std::set<StreamId> open_;
  std::size_t unconsumed_ = 0;
  std::unique_ptr<RequestHead> request_ = std::make_unique<RequestHead>(), reread_ = std::make_unique<RequestHead>();
  std::unique_ptr<ResponseHead> response_ = std::make_unique<ResponseHead>(),
                                answer_reread_ = std::make_unique<ResponseHead>();
};

void drain(H2Session& session, std::size_t piece) {
  std::string room(piece, '\0');
  std::size_t all = 0;
  while (const std::size_t size = session.take_output(room)) {
    require(size <= room.size());
    require((all += size) < 64 * 1024 * 1024);
  }
  require(!session.has_output());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_server = (data[0] & 1) == 0;
  const std::size_t piece = (data[0] >> 1) == 0 ? size : data[0] >> 1;
  const std::size_t room = (data[0] & 2) != 0 ? 16 * 1024 : 700;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  Echo echo(is_server);
  if (is_server) {
    require(echo.session->receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").has_value());
    require(echo.session->receive(std::string_view("\0\0\0\4\0\0\0\0\0", 9)).has_value());
  } else {
    echo.ask();
    echo.ask();
  }
  drain(*echo.session, room);
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    const bool fine = echo.session->receive(part).has_value();
    drain(*echo.session, room);
    if (!fine) require(echo.session->finished());
    if (!is_server) echo.ask();
  }
  return 0;
}
