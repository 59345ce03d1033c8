#include "proxy/flow/h2_call.h"

#include <array>
#include <utility>

#include "proxy/flow/asked.h"
#include "proxy/flow/breach_of.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/inside.h"
#include "proxy/flow/warning_passes.h"
#include "proxy/http/read_head.h"

namespace schoolgate::flow {

using http::H2Code;
using http::H2Head;

H2Call::H2Call(Connection& connection, H2CallOwner& owner, http::StreamId stream)
    : connection_(connection), owner_(&owner), stream_(stream), heads_(connection.worker.take_heads()) {}

H2Call::~H2Call() { connection_.worker.give_back(std::move(heads_)); }

void H2Call::begin(H2Head& head, bool ends) {
  Worker& worker = connection_.worker;
  from_ = std::move(head);
  request_ends_ = ends;
  upload_.ends = ends;
  http::RequestHead& asked_head = heads_->request;
  const auto outcome = http::read_request_head(from_, ends, worker.limits().head, asked_head);
  if (outcome.kind != http::HeadOutcome::Kind::complete) return answer_status(outcome.status, outcome.why);
  to_head_ = asked_head.method == http::Method::head;
  websocket_ = asked_head.websocket;
  trailers_ = http::trailers_of(asked_head.fields);
  auto arrived = what_is_asked(connection_, asked_head, target_);
  if (const auto* fault = std::get_if<Fault>(&arrived)) return answer_fault(*fault);
  if (const auto* back = std::get_if<Redirect>(&arrived)) return answer_page(redirect_answer(back->url, true));
  Asked& asked = std::get<Asked>(arrived);
  target_ = std::string(asked.target);  // which may view it

  request_ = rules::Request::of_url(std::move(asked.url), method_name(asked_head, method_), target_);
  request_->comes_from(page_of(asked_head.fields));
  judgement_ = worker.judge(connection_, *request_, rules::Stage::request);
  if (judgement_->doorway != Doorway::open) {
    note_doorway(connection_, *judgement_, *request_);
    // Who has to say to the proxy who they are can do so on a new tunnel only.
    if (judgement_->doorway == Doorway::login) owner_->session().goaway(H2Code::no_error);
    return answer_page(doorway_answer(connection_, *judgement_, *request_, asked_head.method, true));
  }
  if (judgement_->refuses()) return owner_->spawn(refuse());
  if (judgement_->verdict.action == rules::Action::monitor)
    worker.record_later(breach_of(*judgement_, *request_, Origin::of(asked_head.fields)));
  if (connection_.inside->for_page) return answer_status(421, "ask again on a new connection");
  if (std::string adjusted(adjust(*judgement_, *request_, asked_head, target_, adjusted_)); adjusted != target_)
    target_ = std::move(adjusted);
  send_on();
}

// --- the gateway's own answers ------------------------------------------------------------------------------------

void H2Call::answer_status(int status, std::string detail) {
  connection_.worker.counters().malformed.add();
  answer_fault({.status = status,
                .kind = PageKind::bad_request,
                .whose = schoolgate::Fault::client,
                .detail = std::move(detail)});
}

void H2Call::answer_fault(const Fault& fault) { answer_page(flow::fault_answer(connection_, fault, true, to_head_)); }

// A page is made as HTTP/1 text; here it becomes a head and a body.
void H2Call::answer_page(const std::string& http1) {
  if (!owner_) return;
  auto heads = connection_.worker.take_heads();
  heads->request.method = to_head_ ? http::Method::head : http::Method::get;
  const auto read = http::read_response_head(http1, 0, {}, heads->request, heads->response);
  H2Head head;
  if (read.kind == http::HeadOutcome::Kind::complete) http::write_response_head(head, heads->response, {});
  answered_ = true;
  const std::string_view body = std::string_view(http1).substr(heads->response.size);
  owner_->session().respond(stream_, head, body.empty());
  connection_.worker.give_back(std::move(heads));
  if (!body.empty()) {
    download_.bytes = body;
    download_.ends = true;
    return push_download();
  }
  download_done_ = true;
  owner_->flush();
  finish();
}

net::awaitable<void> H2Call::refuse() {
  const auto self = shared_from_this();  // whatever becomes of the stream meanwhile
  const Origin origin = Origin::of(heads_->request.fields);
  const std::string reference = co_await record_refusal(connection_, *judgement_, *request_, origin);
  connection_.worker.log_decision(*judgement_, *request_, {});
  if (owner_) answer_page(refusal_answer(connection_, *judgement_, *request_, reference, true, to_head_));
}

net::awaitable<void> H2Call::refuse_answer(Judgement judgement) {
  const auto self = shared_from_this();
  const Origin unseen;
  const std::string reference = co_await record_refusal(connection_, judgement, *request_, unseen);
  connection_.worker.log_decision(judgement, *request_, {});
  if (owner_) answer_page(refusal_answer(connection_, judgement, *request_, reference, true, to_head_));
}

// --- towards the web site -----------------------------------------------------------------------------------------

void H2Call::send_on() {
  Worker& worker = connection_.worker;
  const auto upstream = worker.open_h2(pool_key(*connection_.inside, worker.trust()));
  if (upstream && upstream->usable()) return forward(*upstream);
  owner_->spawn(connect_then_send_on());
}

net::awaitable<void> H2Call::connect_then_send_on() {
  const auto self = shared_from_this();
  static constexpr std::string_view kH2[] = {"h2"};
  const Inside& inside = *connection_.inside;
  Worker& worker = connection_.worker;
  auto reached = inside.trouble ? net::Attempt<Verified>(std::unexpected(*inside.trouble))
                                : co_await dial_verified(worker, inside.to, inside.host, kH2);
  if (!owner_) co_return;
  if (!reached) {
    const Fault fault = fault_of(connection_, reached.error(), request_->url().host());
    worker.log_refusal(connection_, request_->url().host(), rules::Stage::request, "upstream");
    answer_fault(fault);
  } else if (reached->protocol != "h2") {
    // It spoke HTTP/2 a moment ago and does so no more: the client begins anew, and then both sides agree again.
    owner_->session().reset(stream_, H2Code::http_1_1_required);
    owner_->session().goaway(H2Code::no_error);
    owner_->flush();
    owner_->ended(stream_);
    owner_ = nullptr;
  } else {
    const auto upstream = H2Upstream::start(worker, std::move(reached->socket), pool_key(inside, reached->trust));
    forward(*upstream);
  }
}

void H2Call::forward(H2Upstream& upstream) {
  ++tries_;
  if (websocket_ && !upstream.session().peer_allows_websockets())
    return answer_status(501, "the web site takes no WebSocket over HTTP/2");
  H2Head out;
  const std::string_view authority = authority_of(request_->url());
  http::write_request_head(out, heads_->request, "https", target_, authority, {connection_.worker.settings().via});
  up_ = upstream.request(out, request_ends_, shared_from_this());
  if (up_ == 0) {
    if (tries_ > 2) return answer_fault({.status = 503, .site = request_->url().host(), .detail = "too many streams"});
    return owner_->spawn(connect_then_send_on());
  }
  upstream_ = upstream.shared_from_this();
  upload_done_ = request_ends_;
  push_upload();
}

void H2Call::upload(std::string_view bytes) {
  uploaded_ += bytes.size();
  if (answered_ && up_ == 0) return owner_->session().consumed(stream_, bytes.size());  // nobody wants it any more
  upload_.bytes.append(bytes);
  push_upload();
}

void H2Call::upload_trailers(H2Head& trailers) { upload_.trailers = std::move(trailers); }

void H2Call::upload_ends() {
  upload_.ends = true;
  push_upload();
}

void H2Call::on_upload_room() { push_upload(); }

void H2Call::push_upload() {
  if (up_ == 0 || upload_done_) return;
  http::H2Session& session = upstream_->session();
  const bool last = upload_.ends && !upload_.trailers;
  if (!upload_.bytes.empty() || last) {
    const std::size_t taken = session.send_data(up_, upload_.bytes, last);
    if (owner_) owner_->session().consumed(stream_, taken);
    upload_.bytes.erase(0, taken);
  }
  if (upload_.ends && upload_.bytes.empty()) {
    if (upload_.trailers) {
      H2Head out;
      http::write_trailers(out, *upload_.trailers, trailers_);
      session.send_trailers(up_, out);
    }
    upload_done_ = true;
  }
  upstream_->flush();
  if (owner_) owner_->flush();
  finish();
}

// --- back to the client -------------------------------------------------------------------------------------------

void H2Call::on_interim(H2Head& head) {
  if (!owner_ || answered_) return;
  auto heads = connection_.worker.take_heads();
  heads->request.method = http::Method::get;
  H2Head out;
  if (http::read_response_head(head, false, heads->request, heads->response).kind ==
      http::HeadOutcome::Kind::complete) {
    http::write_response_head(out, heads->response, {});
    owner_->session().interim(stream_, out);
    owner_->flush();
  }
  connection_.worker.give_back(std::move(heads));
}

void H2Call::on_answer(H2Head& head, bool ends) {
  if (!owner_) return;
  auto heads = connection_.worker.take_heads();
  heads->request.method = to_head_ ? http::Method::head : http::Method::get;
  heads->request.websocket = websocket_;
  heads->request.fields.clear();
  const auto outcome = http::read_response_head(head, ends, heads->request, heads->response);
  if (outcome.kind != http::HeadOutcome::Kind::complete) {
    connection_.worker.counters().upstream_errors[std::size_t(UpstreamFault::protocol)].add();
    upstream_->give_up(std::exchange(up_, 0));
    connection_.worker.give_back(std::move(heads));
    return answer_fault({.status = 502, .site = request_->url().host(), .detail = outcome.why});
  }
  const rules::ResponseFacts facts = facts_of(heads->response);
  if (auto refusing = connection_.worker.refuses_answer(*judgement_, *request_, facts)) {
    upstream_->give_up(std::exchange(up_, 0));
    connection_.worker.give_back(std::move(heads));
    return owner_->spawn(refuse_answer(std::move(*refusing)));
  }
  trailers_ = http::trailers_of(heads->response.fields);
  H2Head out;
  http::write_response_head(out, heads->response, {connection_.worker.settings().via});
  answered_ = true;
  download_done_ = ends;
  owner_->session().respond(stream_, out, ends);
  connection_.worker.give_back(std::move(heads));
  owner_->flush();
  finish();
}

void H2Call::on_answer_data(std::string_view bytes) {
  downloaded_ += bytes.size();
  if (!owner_ || !answered_) return upstream_->session().consumed(up_, bytes.size());
  if (download_.bytes.empty()) {
    const std::size_t taken = owner_->session().send_data(stream_, bytes, false);
    upstream_->session().consumed(up_, taken);
    bytes.remove_prefix(taken);
    owner_->flush();
  }
  download_.bytes.append(bytes);
}

void H2Call::on_answer_trailers(H2Head& trailers) { download_.trailers = std::move(trailers); }

void H2Call::on_answer_end() {
  download_.ends = true;
  push_download();
}

void H2Call::download_room() { push_download(); }

void H2Call::push_download() {
  if (!owner_ || download_done_) return;
  http::H2Session& session = owner_->session();
  const bool last = download_.ends && !download_.trailers;
  if (!download_.bytes.empty() || last) {
    const std::size_t taken = session.send_data(stream_, download_.bytes, last);
    if (up_ != 0) upstream_->session().consumed(up_, taken);
    download_.bytes.erase(0, taken);
  }
  if (download_.ends && download_.bytes.empty()) {
    if (download_.trailers) {
      H2Head out;
      http::write_trailers(out, *download_.trailers, trailers_);
      session.send_trailers(stream_, out);
    }
    download_done_ = true;
  }
  owner_->flush();
  if (up_ != 0) upstream_->flush();
  finish();
}

void H2Call::on_answer_reset(H2Code code) {
  const http::StreamId was = std::exchange(up_, 0);
  if (!owner_ || was == 0) return;
  if (code == H2Code::no_error && download_.ends) return;  // whole: the rest of the request was not wanted
  const bool nothing_sent = request_ends_ && !answered_;
  if (code == H2Code::refused_stream && nothing_sent && tries_ < 3) return owner_->spawn(connect_then_send_on());
  connection_.worker.counters().upstream_errors[std::size_t(UpstreamFault::protocol)].add();
  if (!answered_) {
    connection_.worker.log_refusal(connection_, request_->url().host(), rules::Stage::request, "upstream");
    return answer_fault({.status = 502,
                         .site = request_->url().host(),
                         .detail = upstream_->end().empty() ? "the web site gave the request up" : upstream_->end()});
  }
  // A cut answer must not look whole.
  owner_->session().reset(stream_, H2Code::internal_error);
  owner_->flush();
  download_done_ = upload_done_ = true;
  finish();
}

// --- the end ------------------------------------------------------------------------------------------------------

void H2Call::client_left() {
  owner_ = nullptr;
  if (up_ != 0) upstream_->give_up(std::exchange(up_, 0));
  if (judgement_ && !judgement_->refuses())
    connection_.worker.log_decision(
        *judgement_, *request_,
        {.bytes_in = downloaded_, .bytes_out = uploaded_, .took = std::chrono::steady_clock::now() - began_});
}

// Once the answer is with the session there is nothing left to do for either stream.
void H2Call::finish() {
  if (!owner_ || !download_done_) return;
  const auto self = shared_from_this();
  if (up_ != 0) {
    if (upload_done_)
      upstream_->done(up_);
    else
      upstream_->give_up(up_);
    up_ = 0;
    connection_.worker.log_decision(
        *judgement_, *request_,
        {.bytes_in = downloaded_, .bytes_out = uploaded_, .took = std::chrono::steady_clock::now() - began_});
  }
  std::exchange(owner_, nullptr)->ended(stream_);
}

}  // namespace schoolgate::flow
