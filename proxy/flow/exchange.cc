// Why this file is long: the steps of one exchange share one frame (Turn) and read as one story; what reads a page has
// its own file (content_gate.cc).
#include "proxy/flow/exchange.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <variant>

#include "proxy/flow/admission.h"
#include "proxy/flow/asked.h"
#include "proxy/flow/body_pump.h"
#include "proxy/flow/breach_of.h"
#include "proxy/flow/connection_login.h"
#include "proxy/flow/content_gate.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/filing.h"
#include "proxy/flow/long_lived.h"
#include "proxy/flow/own_answer.h"
#include "proxy/flow/proxy_login.h"
#include "proxy/flow/refusal.h"
#include "proxy/http/field_names.h"
#include "proxy/http/read_head.h"
#include "proxy/http/write_head.h"

namespace schoolgate::flow {
namespace {

using net::IoStatus;

constexpr int kMostInterim = 16;  // 1xx answers to one request

// Everything that the steps of one exchange share. Lives in exchange()'s frame.
struct Turn {
  Connection& connection;
  Heads& heads;
  std::string_view target;
  const rules::Request& request;
  const Judgement& judgement;
  Destination to;   // empty on an opened connection, which leads to Inside::to
  std::string key;  // of the upstream pool

  const std::chrono::steady_clock::time_point began;
  bool private_to_client = false;  // the upstream connection must serve no other client (connection_login.h)

  std::optional<net::Socket> upstream{};
  bool reused = false;    // `upstream` came from the pool and may have died there
  bool is_bound = false;  // the client had logged in on it before
  Inbox inbox{};          // what the web site has sent
  enum class Answer : std::uint8_t { none, begun, whole } answer = Answer::none;  // as far as the client has it
  PumpEnd upload_end = PumpEnd::finished;
  enum class Cut : std::uint8_t { no, by_client, by_us } upload_cut = Cut::no;  // before an answer began
  std::optional<Judgement> refusing{};                                          // by which it was cut
  std::uint64_t uploaded = 0, downloaded = 0;
  std::string codings{};                // that are asked for, where the answer will be read
  std::unique_ptr<ContentGate> gate{};  // null: the answer passes unread

  [[nodiscard]] Worker& worker() const noexcept { return connection.worker; }
  [[nodiscard]] const Limits& limits() const noexcept { return connection.worker.limits(); }
  [[nodiscard]] bool is_answered() const noexcept { return answer != Answer::none; }
  [[nodiscard]] bool has_unread_body() const noexcept { return upload_end != PumpEnd::finished; }
};

// How an exchange ends. Each end has one teller, at the end of this file.
struct Done {  // the client has an answer, whole or as far as it came
  bool keep_client = false;
};
struct Upgraded {};       // the web site agreed to a WebSocket
struct RefusedAnswer {};  // the page has gone out in the place of an answer
struct ClientGone {};     // the client left, or its upload was cut
struct SiteFailed {       // nothing that could be passed on has come
  std::optional<net::Failure> unreachable{};
  bool slow = false;
};
struct AskAgain {};     // the connection had died in the pool
struct BoundIsOver {};  // the web site has closed the connection that the client had logged in on
using End = std::variant<Done, Upgraded, RefusedAnswer, ClientGone, SiteFailed, AskAgain, BoundIsOver>;

// A body on its way, either way: judged again for as long as it takes.
class LiveBody final : public LongLived {
 public:
  enum class Which : std::uint8_t { request, answer, stream };
  LiveBody(Turn& turn, BodyPump& body, Which which) : turn_(turn), body_(body), which_(which) {
    turn.worker().long_lived().add(*this);
  }
  ~LiveBody() { turn_.worker().long_lived().remove(*this); }

  [[nodiscard]] Connection& connection() noexcept override { return turn_.connection; }
  [[nodiscard]] const Judgement& judgement() const noexcept override { return newest_ ? *newest_ : turn_.judgement; }
  [[nodiscard]] std::uint64_t moved() const noexcept override { return body_.moved; }
  [[nodiscard]] std::chrono::seconds silent_for() const noexcept override {
    return std::chrono::seconds(body_.from.deadlines().now() - body_.last_moved);
  }
  [[nodiscard]] bool is_request() const noexcept override { return which_ != Which::stream; }
  // A download ends soon enough by its own silence; an event stream may say nothing for a quarter of an hour.
  [[nodiscard]] bool was_left() noexcept override {
    return which_ == Which::stream && turn_.connection.client.peer_has_closed();
  }
  void was_active_in(TimePoint minute) override { turn_.worker().asking().note_activity(judgement(), minute); }
  // The pump stops before its next piece, and the connection is cut: what is not whole must not look so. A client that
  // has no answer yet can still be told.
  void end() override {
    body_.stopped = true;
    if (!turn_.is_answered()) turn_.upload_cut = Turn::Cut::by_us;
    if (turn_.is_answered())
      turn_.connection.client.cancel();
    else
      turn_.connection.client.wake();
    turn_.upstream->cancel();
  }
  void judge_again() override {
    if (which_ == Which::request && turn_.is_answered()) return;  // the answer's is asked
    Worker& worker = turn_.worker();
    Judgement now = worker.asking().judge_again(turn_.connection, turn_.request, turn_.judgement.verdict.reason.stage);
    if (now.refuses()) {
      worker.counters().rejudged_closed.add();
      if (!turn_.is_answered())
        turn_.refusing = std::move(now);
      else if (now.verdict_refuses())
        file_later(worker, breach_of(now, turn_.request, {}));
      return end();
    }
    now.time = turn_.judgement.time;
    now.verdict.reason.entry = {};
    newest_ = std::move(now);
  }

 private:
  Turn& turn_;
  BodyPump& body_;
  const Which which_;
  std::optional<Judgement> newest_;  ///< none: as when it began
};

// What of the request's body has come with its head; the part of it that can be sent along at once.
std::string_view body_prefix(const Turn& turn) {
  const http::RequestHead& head = turn.heads.request;
  if (head.body.framing != http::Framing::length) return {};
  return turn.connection.inbox.bytes().substr(
      head.size, std::size_t(std::min<std::uint64_t>(head.body.length, turn.connection.inbox.bytes().size())));
}

// Room to write a head of about `size` bytes anew. Full-size relay buffers can run out, those for heads rarely do.
net::Buffer room_for_head(Worker& worker, std::size_t size) {
  net::Buffer room = size < 12 * 1024 ? worker.buffers().take_head() : net::Buffer();
  return room ? std::move(room) : worker.buffers().take_relay();
}

// A head and the first body bytes behind it, in one system call. A short body is copied into the head's room: gathering
// two pieces costs the kernel more than copying a few kilobytes costs us.
net::awaitable<net::Transfer> send_head(net::Socket& to, http::HeadWriter& head, const net::Buffer& room,
                                        std::string_view body) {
  static constexpr std::size_t kWorthCopying = 4096;
  if (body.size() <= kWorthCopying && body.size() <= room.size() - head.size()) {
    head << body;
    body = {};
  }
  const std::string_view written(room.data(), head.size());
  if (body.empty()) co_return co_await to.send_all(written);
  co_return co_await to.send_all(written, body);
}

// Head and first body bytes leave in one system call.
net::awaitable<net::Transfer> send_request(Turn& turn) {
  const http::RequestHead& head = turn.heads.request;
  net::Buffer room = room_for_head(turn.worker(), head.size);
  http::HeadWriter out(room.space());
  if (turn.judgement.policy->reads_content(turn.judgement.subject, turn.request, turn.judgement.verdict)) {
    accept_readable_codings(turn.heads.request.fields, turn.codings);
    ask_for_whole_document(turn.heads.request.fields);
  }
  http::write_request_head(out, head, turn.target, authority_of(turn.request.url()),
                           {turn.worker().gateway().settings.via});
  if (out.overflowed()) co_return net::Transfer{0, IoStatus::failed, EMSGSIZE};
  turn.upstream->expire_after(turn.limits().idle);
  co_return co_await send_head(*turn.upstream, out, room, body_prefix(turn));
}

// Reads until a whole response head is there, within one deadline however it drips.
net::awaitable<std::optional<http::HeadOutcome>> read_answer_head(Turn& turn) {
  std::size_t seen = 0;
  turn.upstream->expire_after(turn.limits().response);
  for (;;) {
    const auto outcome =
        http::read_response_head(turn.inbox.bytes(), seen, turn.limits().head, turn.heads.request, turn.heads.response);
    if (!turn.inbox.empty() && outcome.kind != http::HeadOutcome::Kind::need_more) co_return outcome;
    seen = turn.inbox.bytes().size();
    if (co_await turn.upstream->wait_readable() != IoStatus::ok) co_return std::nullopt;
    turn.inbox.prepare_relay(turn.worker().buffers());
    if (turn.inbox.is_full()) co_return http::HeadOutcome{http::HeadOutcome::Kind::bad, 502, "head too large"};
    const net::Transfer got = turn.inbox.receive(*turn.upstream);
    if (got.status != IoStatus::ok && got.status != IoStatus::would_block) co_return std::nullopt;
  }
}

// Sends an interim answer on (RFC 9110 section 15.2); HTTP/1.0 clients do not know them.
net::awaitable<bool> pass_interim(Turn& turn) {
  const http::ResponseHead& head = turn.heads.response;
  if (turn.heads.request.minor_version == 1) {
    net::Buffer room = room_for_head(turn.worker(), head.size);
    http::HeadWriter out(room.space());
    http::write_response_head(out, head, turn.heads.request, http::ClientFraming::as_received, true, {});
    turn.connection.client.expire_after(turn.limits().idle);
    // One that does not fit is left out: it only announces.
    if (!out.overflowed()) {
      const std::string_view written(room.data(), out.size());
      const net::Transfer sent = co_await turn.connection.client.send_all(written);
      if (!sent) co_return false;
    }
  }
  turn.inbox.consume(head.size);
  co_return true;
}

// A download that the group may not have: the page goes out in its place, and the rest of the answer to nobody.
net::awaitable<End> refuse_answer(Turn& turn, Judgement refusing) {
  const CameBy unseen;
  turn.answer = Turn::Answer::begun;
  turn.upstream->close();
  const std::string reference = co_await record_refusal(turn.connection, refusing, turn.request, unseen);
  turn.worker().lines().decision(refusing, turn.request, {.reference = reference});
  const bool to_head = turn.heads.request.method == http::Method::head;
  std::string page = refusal_answer(turn.connection, refusing, turn.request, reference, false, to_head);
  co_await send_own_answer(turn.connection, std::move(page));
  co_return RefusedAnswer{};
}

// Refused by what is in force now: with the page, or led to the door.
net::awaitable<End> refuse_now(Turn& turn, Judgement now) {
  if (now.doorway == Doorway::open) co_return co_await refuse_answer(turn, std::move(now));
  turn.answer = Turn::Answer::begun;
  turn.upstream->close();
  note_doorway(turn.connection, now, turn.request);
  std::string answer =
      doorway_answer(turn.connection, now, turn.request, http::known_method(turn.request.method()), false);
  co_await send_own_answer(turn.connection, std::move(answer));
  co_return RefusedAnswer{};
}

// What completes a login to us goes with the next answer, in the place of whatever the web site says there. `reply` has
// to live until the head is written.
void put_login_reply(http::ResponseHead& head, const std::string& reply) {
  static constexpr std::string_view kName = "Proxy-Authentication-Info";
  if (reply.empty()) return;
  for (http::Field& field : head.fields.items())
    if (http::equal_ignoring_case(field.name, kName)) field.drop = true;
  (void)head.fields.add({.name = kName, .value = reply});
}

// What the answer says of logins, on the connection to the web site and to us.
void put_logins(Turn& turn, const std::string& reply) {
  put_login_reply(turn.heads.response, reply);
  if (logs_in_connection(turn.heads.response)) turn.private_to_client = true;
  if (turn.connection.entrance == Entrance::explicit_proxy && !turn.connection.inside)
    tell_that_logins_hold(turn.heads.response);
}

// The web site is silent because it failed, or because the upload was cut.
End without_answer(const Turn& turn, bool slow) {
  if (turn.upload_cut != Turn::Cut::no) return ClientGone{};
  return SiteFailed{.slow = slow};
}

// How the answer's body is framed for the client, and whether its connection can serve another request then.
struct Passing {
  http::ClientFraming framing = http::ClientFraming::as_received;
  bool keep_client = false;
  bool stream = false;
};
Passing passing_of(const Turn& turn) {
  const http::ResponseHead& head = turn.heads.response;
  const http::RequestHead& asked = turn.heads.request;
  Passing how{.stream = is_stream(head)};
  if (head.body.framing == http::Framing::chunked)
    how.framing = asked.minor_version == 1 ? http::ClientFraming::chunked : http::ClientFraming::until_close;
  const bool ends_with_body =
      head.body.framing == http::Framing::until_close || how.framing == http::ClientFraming::until_close;
  const bool whole_request = asked.body.framing == http::Framing::none || turn.upload_end == PumpEnd::finished;
  how.keep_client = asked.keep_alive && whole_request && !ends_with_body && !turn.worker().draining();
  return how;
}

// The rest of the answer's body; false when it was cut.
net::awaitable<bool> pass_body(Turn& turn, http::Body rest, Passing how) {
  BodyPump body{.from = *turn.upstream,
                .inbox = turn.inbox,
                .to = turn.connection.client,
                .buffers = turn.worker().buffers(),
                .body = rest,
                .chunk_towards_receiver = how.framing == http::ClientFraming::chunked,
                .idle = how.stream ? turn.limits().idle_tunnel : turn.limits().idle,
                .tap = turn.gate.get()};
  if (turn.gate) body.decoder = std::move(turn.gate->decoder());
  LiveBody live(turn, body, how.stream ? LiveBody::Which::stream : LiveBody::Which::answer);
  // What came while the head was on its way has not seen it.
  if (turn.worker().asking().is_outdated(turn.connection, turn.judgement)) live.judge_again();
  const PumpEnd end = co_await pump(body);
  turn.downloaded += body.moved;
  co_return end == PumpEnd::finished;
}

// Head and first body bytes of an answer that is read: they wait until what is held may go out.
net::awaitable<End> pass_read(Turn& turn) {
  ContentGate& gate = *turn.gate;
  const Passing how = passing_of(turn);  // before the head's views end
  http::Body rest = turn.heads.response.body;
  const std::string reply = turn.connection.login ? turn.connection.login->take_reply() : std::string();
  put_logins(turn, reply);
  net::Buffer room = room_for_head(turn.worker(), turn.heads.response.size + reply.size());
  http::HeadWriter out(room.space());
  http::write_response_head(out, turn.heads.response, turn.heads.request, how.framing, how.keep_client,
                            {turn.worker().gateway().settings.via});
  if (out.overflowed()) co_return without_answer(turn, false);
  turn.inbox.consume(turn.heads.response.size);
  const auto held = co_await gate.hold(*turn.upstream, turn.inbox, turn.worker().buffers(), rest, turn.limits().idle);
  if (turn.refusing || turn.upload_cut != Turn::Cut::no) co_return ClientGone{};  // the upload beside it was cut
  if (held == ContentGate::Held::refused) co_return co_await refuse_answer(turn, gate.take_refusal());
  if (auto now = refused_since(turn.connection, turn.request, turn.judgement))  // while it was held
    co_return co_await refuse_now(turn, std::move(*now));
  if (held == ContentGate::Held::broken) co_return without_answer(turn, false);
  const bool whole = held == ContentGate::Held::whole;
  const std::string body = gate.take_held(how.framing == http::ClientFraming::chunked, whole);
  turn.answer = Turn::Answer::begun;
  turn.connection.client.expire_after(turn.limits().idle);
  const std::string_view written(room.data(), out.size());
  const net::Transfer sent = co_await turn.connection.client.send_all(written, body);
  if (!sent) co_return ClientGone{};
  turn.downloaded += body.size();
  const bool passed = whole || co_await pass_body(turn, rest, how);
  const bool clean = passed && gate.finish();
  if (gate.refuses()) file_later(turn.worker(), breach_of(gate.take_refusal(), turn.request, {}));
  if (!clean) {
    turn.connection.client.reset();  // a cut answer must not look whole
    co_return Done{};
  }
  turn.answer = Turn::Answer::whole;
  co_return Done{.keep_client = how.keep_client};
}

// The final answer: its head with whatever of the body came along in one system call, then the rest of the body.
net::awaitable<End> pass_final(Turn& turn) {
  if (turn.refusing) co_return ClientGone{};  // judged again while the head came: the page takes its place
  const http::ResponseHead& head = turn.heads.response;
  if (turn.connection.inside)  // HTTP/3 would lead past us
    for (http::Field& field : turn.heads.response.fields.items())
      if (field.known == http::Name::alt_svc) field.drop = true;
  if (auto refusing = turn.worker().asking().refuses_answer(turn.judgement, turn.request, facts_of(head)))
    co_return co_await refuse_answer(turn, std::move(*refusing));
  // While the web site thought about its answer the policy may have changed.
  if (auto now = refused_since(turn.connection, turn.request, turn.judgement))
    co_return co_await refuse_now(turn, std::move(*now));
  turn.gate = ContentGate::for_answer(turn.connection, turn.judgement, turn.request, head);
  if (turn.gate) co_return co_await pass_read(turn);
  const Passing how = passing_of(turn);  // before the head's views end
  http::Body rest = head.body;
  {
    const std::string reply = turn.connection.login ? turn.connection.login->take_reply() : std::string();
    put_logins(turn, reply);
    net::Buffer room = room_for_head(turn.worker(), head.size + reply.size());
    http::HeadWriter out(room.space());
    http::write_response_head(out, head, turn.heads.request, how.framing, how.keep_client,
                              {turn.worker().gateway().settings.via});
    if (out.overflowed()) co_return without_answer(turn, false);
    std::string_view prefix;
    if (rest.framing == http::Framing::length)
      prefix = turn.inbox.bytes().substr(head.size,
                                         std::size_t(std::min<std::uint64_t>(rest.length, turn.inbox.bytes().size())));
    turn.answer = Turn::Answer::begun;
    turn.connection.client.expire_after(turn.limits().idle);
    const net::Transfer sent = co_await send_head(turn.connection.client, out, room, prefix);
    if (!sent) co_return ClientGone{};
    turn.downloaded += prefix.size();
    turn.inbox.consume(head.size + prefix.size());
    if (rest.framing == http::Framing::length) rest.length -= prefix.size();
  }
  const bool more = rest.framing != http::Framing::length || rest.length != 0;
  if (more && !co_await pass_body(turn, rest, how)) {
    turn.connection.client.reset();  // a cut answer must not look whole
    co_return Done{};
  }
  turn.answer = Turn::Answer::whole;
  if (head.websocket) co_return Upgraded{};
  co_return Done{.keep_client = how.keep_client};
}

// A head that no browser would read, or too many interim ones.
net::awaitable<End> answer_protocol_fault(Turn& turn, std::string detail) {
  if (turn.refusing) co_return ClientGone{};  // judged again while the head came: the page takes its place
  turn.worker().counters().upstream_errors[std::size_t(UpstreamFault::protocol)].add();
  const FaultPage fault{.status = 502, .site = turn.request.url().host(), .detail = std::move(detail)};
  turn.answer = Turn::Answer::begun;  // one answer is enough, also where the policy changes while it goes out
  co_await answer_fault(turn.connection, fault, turn.heads.request.method);
  co_return Done{};
}

net::awaitable<End> bring_answer(Turn& turn) {
  for (int interim = 0;; ++interim) {
    const auto outcome = co_await read_answer_head(turn);
    if (!outcome) {
      const bool slow = turn.upstream->expired();
      if (turn.reused && turn.inbox.empty() && interim == 0 && !slow) co_return AskAgain{};
      co_return without_answer(turn, slow);
    }
    if (outcome->kind == http::HeadOutcome::Kind::bad) co_return co_await answer_protocol_fault(turn, outcome->why);
    if (interim == kMostInterim) co_return co_await answer_protocol_fault(turn, "too many interim answers");
    const int status = turn.heads.response.status;
    if (status == 101 || status >= 200) break;
    if (!co_await pass_interim(turn)) co_return ClientGone{};
  }
  co_return co_await pass_final(turn);
}

// The rest of the request's body, beside the answer.
net::awaitable<void> upload(Turn& turn, BodyPump& body) {
  turn.upload_end = co_await pump(body);
  if (turn.is_answered()) co_return;
  // The web site has its whole time to answer from here on; the pump had set the deadline of a stalled body.
  if (turn.upload_end == PumpEnd::finished) turn.upstream->expire_after(turn.limits().response);
  // A client that is gone takes the whole exchange with it; a web site that reads no more may still answer.
  if ((turn.upload_end == PumpEnd::from_failed || turn.upload_end == PumpEnd::malformed) && !body.stopped) {
    turn.upload_cut = Turn::Cut::by_client;
    turn.upstream->cancel();
  }
}

net::awaitable<End> bring_answer_beside(Turn& turn, BodyPump& body) {
  End end = co_await bring_answer(turn);
  // Answered early: the rest of the body is nobody's, and the pump is woken on whichever side it waits.
  body.stopped = true;
  if (turn.upload_end != PumpEnd::finished) {
    turn.connection.client.wake();
    turn.upstream->cancel();
  }
  co_return end;
}

net::awaitable<End> send_and_bring(Turn& turn) {
  const http::RequestHead& head = turn.heads.request;
  const net::Transfer sent = co_await send_request(turn);
  if (!sent && turn.reused) co_return AskAgain{};
  if (!sent) co_return SiteFailed{.slow = sent.status == IoStatus::timed_out};

  const std::size_t prefix = body_prefix(turn).size();
  turn.uploaded = prefix;
  const bool more = head.body.framing == http::Framing::chunked ||
                    (head.body.framing == http::Framing::length && prefix < head.body.length);
  if (!more) co_return co_await bring_answer(turn);

  // The head's views end here: the body needs its place in the inbox. What the answer needs of it is kept by value.
  turn.reused = false;  // part of a body has gone: no second try
  http::Body rest = head.body;
  if (rest.framing == http::Framing::length) rest.length -= prefix;
  turn.connection.inbox.consume(head.size + prefix);
  turn.heads.request.size = 0;
  turn.upload_end = PumpEnd::from_failed;
  BodyPump body{.from = turn.connection.client,
                .inbox = turn.connection.inbox,
                .to = *turn.upstream,
                .buffers = turn.worker().buffers(),
                .body = rest,
                .chunk_towards_receiver = true,
                .idle = turn.limits().idle};
  LiveBody live(turn, body, LiveBody::Which::request);
  using boost::asio::experimental::awaitable_operators::operator&&;
  End end = co_await (upload(turn, body) && bring_answer_beside(turn, body));
  turn.uploaded += body.moved;
  if (turn.refusing && !turn.is_answered()) co_return co_await refuse_now(turn, std::move(*turn.refusing));
  if (Done* const done = std::get_if<Done>(&end); done && turn.has_unread_body()) done->keep_client = false;
  co_return end;
}

// A pooled connection may have died unseen. Only a request that can be sent twice without harm is given one (RFC 9110
// section 9.2.2); everything else dials.
bool may_be_repeated(const http::RequestHead& head) {
  using http::Method;
  const bool idempotent = head.method == Method::get || head.method == Method::head || head.method == Method::options;
  return idempotent && head.body.framing == http::Framing::none;
}

// The connection that this client has logged in on, where it leads to the same web site.
bool take_bound(Turn& turn) {
  std::optional<BoundUpstream>& bound = turn.connection.bound;
  if (!bound || bound->key != turn.key) return false;
  turn.upstream = std::move(bound->socket);
  bound.reset();
  turn.private_to_client = true;
  turn.is_bound = true;
  return true;
}

// A verified connection that was opened for this client and has not been used.
bool take_opened(Turn& turn) {
  if (!turn.connection.inside || !turn.connection.inside->upstream) return false;
  if (turn.connection.inside->trust != turn.worker().outbound().trust()) {  // a reload has come in between
    turn.connection.inside->upstream.reset();
    return false;
  }
  turn.upstream = std::exchange(turn.connection.inside->upstream, std::nullopt);
  if (turn.upstream->is_quiet()) return true;
  turn.upstream.reset();
  return false;
}

net::awaitable<net::Attempt<net::Socket>> dial_web_site(Turn& turn) {
  const Inside* inside = turn.connection.inside.get();
  if (!inside) co_return co_await dial(turn.worker(), turn.to);
  if (inside->trouble) co_return std::unexpected(*inside->trouble);
  static constexpr std::string_view kHttp1[] = {"http/1.1"};
  auto verified = co_await dial_verified(turn.worker(), inside->to, inside->host, kHttp1);
  if (!verified) co_return std::unexpected(std::move(verified.error()));
  co_return std::move(verified->socket);
}

// Nothing, and turn.upstream leads there; or why it does not.
net::awaitable<std::optional<net::Failure>> connect_upstream(Turn& turn, bool fresh) {
  turn.inbox.release();
  if (take_opened(turn)) {
    turn.reused = may_be_repeated(turn.heads.request);
    co_return std::nullopt;
  }
  if (!fresh) {
    turn.upstream = turn.worker().outbound().pool().take(turn.key);
    turn.reused = turn.upstream.has_value();
    if (turn.reused) co_return std::nullopt;
  }
  turn.reused = false;
  auto dialled = co_await dial_web_site(turn);
  if (!dialled) co_return std::move(dialled.error());
  turn.upstream = std::move(*dialled);
  co_return std::nullopt;
}

// --- the ends ------------------------------------------------------------------------------------------------------

// Only a connection on which both messages ended in order, with nothing left over, may serve again: this client alone,
// where it has logged in on it.
void settle(Turn& turn) {
  if (turn.answer != Turn::Answer::whole || !turn.heads.response.keep_alive || !turn.inbox.empty() ||
      turn.has_unread_body())
    return;
  turn.upstream->clear_deadline();
  if (turn.private_to_client)
    turn.connection.bound.emplace(std::move(turn.key), std::move(*turn.upstream));
  else
    turn.worker().outbound().pool().put(turn.key, std::move(*turn.upstream));
}

void write_line(Turn& turn, std::uint64_t in, std::uint64_t out) {
  turn.worker().lines().decision(
      turn.judgement, turn.request,
      {.bytes_in = in, .bytes_out = out, .took = std::chrono::steady_clock::now() - turn.began});
}

// What of the request still lies in the inbox.
void consume_request(Turn& turn) {
  const std::size_t head = turn.heads.request.size;
  turn.connection.inbox.consume(head != 0 ? head + body_prefix(turn).size() : 0);
}

Served tell(Turn& turn, const Done& done) {
  settle(turn);
  write_line(turn, turn.downloaded, turn.uploaded);
  consume_request(turn);
  return {.keep_alive = done.keep_client, .unread_body = turn.has_unread_body(), .tunnel = std::nullopt};
}

net::awaitable<Served> tell_upgraded(Turn& turn) {
  consume_request(turn);
  const net::Transfer down = co_await turn.connection.client.send_all(turn.inbox.bytes());
  const net::Transfer up = co_await turn.upstream->send_all(turn.connection.inbox.bytes());
  Served served;
  if (!down || !up) {
    write_line(turn, down.bytes, up.bytes);
    co_return served;
  }
  served.tunnel.emplace(std::move(*turn.upstream), turn.request, turn.judgement, down.bytes, up.bytes, turn.began);
  served.tunnel->judgement.verdict.reason.entry = {};  // a view into the request that stays behind
  co_return served;
}

// The page has gone out, and its line is written.
Served tell(Turn& turn, RefusedAnswer) {
  consume_request(turn);
  return {.unread_body = true, .tunnel = std::nullopt};
}

net::awaitable<Served> tell_client_gone(Turn& turn) {
  write_line(turn, 0, turn.uploaded);
  if (turn.upload_end == PumpEnd::malformed && !turn.is_answered()) {
    turn.worker().counters().malformed.add();
    const FaultPage fault{
        .status = 400, .kind = PageKind::bad_request, .whose = Fault::client, .detail = "malformed chunked body"};
    co_await answer_fault(turn.connection, fault, turn.heads.request.method);
  }
  co_return Served{.unread_body = turn.has_unread_body(), .tunnel = std::nullopt};
}

net::awaitable<Served> tell_site_failed(Turn& turn, SiteFailed failed) {
  const std::string_view site = turn.request.url().host();
  turn.worker().lines().refusal(turn.connection, site, rules::Stage::request, "upstream");
  FaultPage fault;
  if (failed.unreachable) {
    fault = fault_of(turn.connection, *failed.unreachable, site);
  } else {
    turn.worker()
        .counters()
        .upstream_errors[std::size_t(failed.slow ? UpstreamFault::timeout : UpstreamFault::connect)]
        .add();
    std::string detail = failed.slow ? "the web site did not answer in time" : "the web site closed the connection";
    if (std::string told = told_by_tls(*turn.upstream); !told.empty()) detail = std::move(told);
    fault = {.status = failed.slow ? 504 : 502, .site = site, .detail = std::move(detail)};
  }
  co_await answer_fault(turn.connection, fault, turn.heads.request.method);
  co_return Served{.unread_body = turn.has_unread_body(), .tunnel = std::nullopt};
}

// What the client would see without us: the connection closes without an answer, and it logs in anew on another.
Served tell(Turn& turn, BoundIsOver) {
  turn.worker().lines().refusal(turn.connection, turn.request.url().host(), rules::Stage::request, "upstream");
  return {.unread_body = true, .tunnel = std::nullopt};
}

// Over what the client is bound to, else over what is kept or dialled: the first is never anybody else's, and nothing
// stands in for it.
net::awaitable<End> ask(Turn& turn) {
  if (take_bound(turn)) {
    if (!turn.upstream->is_quiet()) co_return BoundIsOver{};
    End end = co_await send_and_bring(turn);
    if (const auto* const failed = std::get_if<SiteFailed>(&end); failed && !failed->slow) co_return BoundIsOver{};
    co_return end;
  }
  End end = AskAgain{};
  for (bool fresh = !may_be_repeated(turn.heads.request); std::holds_alternative<AskAgain>(end); fresh = true) {
    if (auto failure = co_await connect_upstream(turn, fresh))
      end = SiteFailed{.unreachable = std::move(failure)};
    else if (auto now = refused_since(turn.connection, turn.request, turn.judgement))  // while it was dialled
      end = co_await refuse_now(turn, std::move(*now));
    else
      end = co_await send_and_bring(turn);
  }
  co_return end;
}

}  // namespace

net::awaitable<Served> exchange(Connection& connection, Heads& heads, std::string_view target,
                                const rules::Request& request, const Judgement& judgement, Destination to) {
  // By the trust store of now: whatever is dialled from here on was verified by it or by a newer one.
  std::string key = connection.inside ? pool_key(*connection.inside, connection.worker.outbound().trust()) : to.key();
  Turn turn{.connection = connection,
            .heads = heads,
            .target = target,
            .request = request,
            .judgement = judgement,
            .to = std::move(to),
            .key = std::move(key),
            .began = std::chrono::steady_clock::now(),
            .private_to_client = logs_in_connection(heads.request.fields)};
  if (connection.inside) turn.inbox.holds_secrets();
  End end = co_await ask(turn);
  if (const Done* const done = std::get_if<Done>(&end)) co_return tell(turn, *done);
  if (std::holds_alternative<Upgraded>(end)) co_return co_await tell_upgraded(turn);
  if (std::holds_alternative<RefusedAnswer>(end)) co_return tell(turn, RefusedAnswer());
  if (std::holds_alternative<BoundIsOver>(end)) co_return tell(turn, BoundIsOver());
  if (std::holds_alternative<ClientGone>(end)) co_return co_await tell_client_gone(turn);
  co_return co_await tell_site_failed(turn, std::move(std::get<SiteFailed>(end)));
}

}  // namespace schoolgate::flow
