#include "proxy/flow/h2_call.h"

#include <algorithm>
#include <utility>

#include "proxy/flow/admission.h"
#include "proxy/flow/asked.h"
#include "proxy/flow/breach_of.h"
#include "proxy/flow/connection_login.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/filing.h"
#include "proxy/flow/inside.h"
#include "proxy/flow/warning_passes.h"
#include "proxy/http/field_names.h"
#include "proxy/http/read_head.h"

namespace schoolgate::flow {

using http::H2Code;
using http::H2Head;

namespace {

// A head without the room that it was read into: one block of just its size.
std::size_t copy_compactly(const H2Head& from, H2Head& to) {
  std::size_t size =
      from.method.size() + from.scheme.size() + from.authority.size() + from.path.size() + from.protocol.size();
  std::size_t count = 0;
  for (const http::Field& field : from.fields)
    if (!field.drop) size += field.name.size() + field.value.size(), ++count;
  char* at = to.room(size);
  const auto copied = [&at](std::string_view text) {
    const std::string_view copy(at, text.size());
    at = std::copy(text.begin(), text.end(), at);
    return copy;
  };
  to.method = copied(from.method);
  to.scheme = copied(from.scheme);
  to.authority = copied(from.authority);
  to.path = copied(from.path);
  to.protocol = copied(from.protocol);
  to.fields.reserve(count);
  for (const http::Field& field : from.fields)
    if (!field.drop) {
      const std::string_view name = copied(field.name);
      to.add(name, copied(field.value), field.never_index);
    }
  return size + count * sizeof(http::Field);
}

// RFC 9110 section 9.2.2.
bool is_idempotent(http::Method method) noexcept {
  using http::Method;
  return method == Method::get || method == Method::head || method == Method::options || method == Method::put ||
         method == Method::del;
}

}  // namespace

H2Call::H2Call(Connection& connection, H2CallOwner& owner, http::StreamId stream, StreamCharge charge)
    : connection_(connection),
      worker_(connection.worker),
      owner_(&owner),
      stream_(stream),
      charge_(std::move(charge)),
      heads_(connection.worker.heads().take()),
      last_moved_(connection.worker.deadlines().now()) {}

H2Call::~H2Call() {
  if (listed_) worker_.long_lived().remove(*this);
  worker_.heads().give_back(std::move(heads_));
}

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
  repeatable_ = is_idempotent(asked_head.method);
  trailers_ = http::trailers_of(asked_head.fields);
  auto arrived = what_is_asked(connection_, asked_head, target_);
  if (const auto* fault = std::get_if<FaultPage>(&arrived)) return answer_fault(*fault);
  if (const auto* back = std::get_if<Redirect>(&arrived)) return answer_page(redirect_answer(back->url, true));
  Asked& asked = std::get<Asked>(arrived);
  target_ = std::string(asked.target);  // which may view it

  request_ = rules::Request::of_url(std::move(asked.url), method_name(asked_head, method_), target_);
  request_->comes_from(page_of(asked_head.fields));
  Admission admission = admit(connection_, *request_, rules::Stage::request, &asked_head.fields);
  judgement_ = std::move(admission.judgement);
  if (admission.as<Door>() || admission.as<Refused>()) return refuse_now(CameBy::of(asked_head.fields));
  if (admission.as<AskAnew>()) return answer_status(421, "ask again on a new connection");
  if (!admission.as<Goes>()) return end();
  // The web site's connection is everybody's: a login that held for it would be everybody's too.
  if (logs_in_connection(asked_head.fields)) return require_http1();
  // Bodies are read where HTTP/1.1 is spoken. The connection may be older than the policy, or offer nothing else.
  if (!websocket_ && !judgement_->portal &&
      judgement_->policy->reads_content(judgement_->subject, *request_, judgement_->verdict))
    return require_http1();
  if (std::string adjusted(adjust(*judgement_, *request_, asked_head, target_, adjusted_)); adjusted != target_)
    target_ = std::move(adjusted);
  prepare();
  if (!account_for_held()) {
    connection_.worker.counters().shed_bytes.add();
    return answer_fault({.status = 503, .site = request_->url().host(), .detail = "too many requests wait already"});
  }
  send_on();
}

// What is kept from here on is the head as it is sent, and no more: thousands of streams may wait.
void H2Call::prepare() {
  H2Head out;
  const std::string_view authority = authority_of(request_->url());
  http::write_request_head(out, heads_->request, "https", target_, authority,
                           {connection_.worker.gateway().settings.via});
  sent_size_ = copy_compactly(out, sent_);
  connection_.worker.heads().give_back(std::move(heads_));
  from_ = H2Head();
}

// --- the gateway's own answers ------------------------------------------------------------------------------------

void H2Call::answer_status(int status, std::string detail) {
  connection_.worker.counters().malformed.add();
  answer_fault({.status = status, .kind = PageKind::bad_request, .whose = Fault::client, .detail = std::move(detail)});
}

void H2Call::answer_fault(const FaultPage& fault) {
  answer_page(flow::fault_answer(connection_, fault, true, to_head_));
}

// A page is made as HTTP/1 text; here it becomes a head and a body.
void H2Call::answer_page(const std::string& http1) {
  if (!owner_) return;
  auto heads = connection_.worker.heads().take();
  heads->request.method = to_head_ ? http::Method::head : http::Method::get;
  const auto read = http::read_response_head(http1, 0, {}, heads->request, heads->response);
  H2Head head;
  if (read.kind == http::HeadOutcome::Kind::complete) http::write_response_head(head, heads->response, {});
  answered_ = true;
  const std::string_view body = std::string_view(http1).substr(heads->response.size);
  owner_->session().respond(stream_, head, body.empty());
  connection_.worker.heads().give_back(std::move(heads));
  if (!body.empty()) {
    download_.bytes = body;
    download_.ends = true;
    return push_download();
  }
  download_done_ = true;
  owner_->flush();
  finish();
}

// The door, or the page: nothing of it goes on.
void H2Call::refuse_now(CameBy came_by) {
  if (judgement_->doorway == Doorway::open) return owner_->spawn(refuse(came_by));
  note_doorway(connection_, *judgement_, *request_);
  // Who has to say to the proxy who they are can do so on a new tunnel only.
  if (judgement_->doorway == Doorway::login) owner_->session().goaway(H2Code::no_error);
  answer_page(doorway_answer(connection_, *judgement_, *request_, http::known_method(request_->method()), true));
}

net::awaitable<void> H2Call::refuse(CameBy came_by) {
  const auto self = shared_from_this();  // whatever becomes of the stream meanwhile
  const std::string reference = co_await record_and_log(connection_, *judgement_, *request_, came_by);
  logged_ = true;
  if (owner_) answer_page(refusal_answer(connection_, *judgement_, *request_, reference, true, to_head_));
}

net::awaitable<void> H2Call::refuse_answer(Judgement judgement) {
  const auto self = shared_from_this();
  const CameBy unseen;
  const std::string reference = co_await record_refusal(connection_, judgement, *request_, unseen);
  connection_.worker.lines().decision(judgement, *request_, {.reference = reference});
  logged_ = true;
  if (owner_) answer_page(refusal_answer(connection_, judgement, *request_, reference, true, to_head_));
}

// --- towards the web site -----------------------------------------------------------------------------------------

void H2Call::send_on() {
  Worker& worker = connection_.worker;
  const auto upstream = worker.outbound().open_h2(pool_key(*connection_.inside, worker.outbound().trust()));
  if (upstream && upstream->usable()) return forward(*upstream);
  owner_->spawn(connect_then_send_on());
}

net::awaitable<void> H2Call::connect_then_send_on() {
  const auto self = shared_from_this();
  const Inside& inside = *connection_.inside;
  Worker& worker = connection_.worker;
  using Reached = net::Attempt<std::shared_ptr<H2Upstream>>;
  Reached reached =
      inside.trouble ? Reached(std::unexpected(*inside.trouble)) : co_await H2Upstream::reach(worker, inside);
  if (!owner_ || judgement_->refuses()) co_return;  // refused meanwhile: the page is on its way
  if (!reached) {
    const FaultPage fault = fault_of(connection_, reached.error(), request_->url().host());
    worker.lines().refusal(connection_, request_->url().host(), rules::Stage::request, "upstream");
    logged_ = true;
    answer_fault(fault);
  } else if (!*reached) {
    begin_with_http1();
  } else {
    forward(**reached);
  }
}

// The web site spoke HTTP/2 a moment ago and does so no more: the client begins anew with all that it asks, and then
// both sides agree again.
void H2Call::begin_with_http1() {
  owner_->session().goaway(H2Code::no_error);
  require_http1();
}

// This request goes over HTTP/1.1 or not at all (RFC 9113 section 7). Without a GOAWAY, as servers say it: curl 7.88
// takes one beside it for the end of an answer.
void H2Call::require_http1() {
  owner_->session().reset(stream_, H2Code::http_1_1_required);
  owner_->flush();
  leave_upstream();
  log_end();
  std::exchange(owner_, nullptr)->ended(stream_);
}

// Policy or person may have changed while it waited. False: it is refused by what is in force now, and answered so.
bool H2Call::still_passes() {
  if (judgement_->refuses()) return false;
  if (worker_.asking().is_outdated(connection_, *judgement_)) judge_again();
  return owner_ && !judgement_->refuses();
}

void H2Call::forward(H2Upstream& upstream) {
  if (!still_passes()) return;
  if (websocket_ && !upstream.session().peer_allows_websockets())
    return answer_status(501, "the web site takes no WebSocket over HTTP/2");
  up_ = upstream.request(sent_, request_ends_, shared_from_this());
  if (up_ == 0) {
    if (++tries_ > 3)
      return answer_fault({.status = 503, .site = request_->url().host(), .detail = "too many streams"});
    return owner_->spawn(connect_then_send_on());
  }
  upstream_ = upstream.shared_from_this();
  if (!std::exchange(listed_, true)) connection_.worker.long_lived().add(*this);
  set_silent(websocket_);
  patience_.expire_after(connection_.worker.limits().response);
  upload_done_ = request_ends_;
  push_upload();
}

void H2Call::upload(std::string_view bytes) {
  uploaded_ += bytes.size();
  if (answered_ && up_ == 0) return owner_->session().consumed(stream_, bytes.size());  // nobody wants it any more
  upload_.bytes.append(bytes);
  bytes_have_moved();
  push_upload();
  if (!owner_ || account_for_held()) return;
  // A client that sends more than anybody takes loses its own streams, and nobody else's.
  connection_.worker.counters().shed_bytes.add();
  end();
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
    const std::size_t known = std::min(taken, given_back_);
    given_back_ -= known;
    if (owner_) owner_->session().consumed(stream_, taken - known);
    if (!answered_) {
      kept_whole_ = kept_whole_ && kept_.size() + taken <= kMostKept;
      if (kept_whole_)
        kept_.append(upload_.bytes, 0, taken);
      else
        kept_ = std::string();
    }
    upload_.bytes.erase(0, taken);
    if (!account_for_held()) {
      kept_whole_ = false;
      kept_ = std::string();
    }
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
  auto heads = connection_.worker.heads().take();
  heads->request.method = http::Method::get;
  H2Head out;
  if (http::read_response_head(head, false, heads->request, heads->response).kind ==
      http::HeadOutcome::Kind::complete) {
    http::write_response_head(out, heads->response, {});
    owner_->session().interim(stream_, out);
    owner_->flush();
  }
  connection_.worker.heads().give_back(std::move(heads));
}

void H2Call::on_answer(H2Head& head, bool ends) {
  if (!owner_ || !still_passes()) return;
  auto heads = connection_.worker.heads().take();
  heads->request.method = to_head_ ? http::Method::head : http::Method::get;
  heads->request.websocket = websocket_;
  heads->request.fields.clear();
  const auto outcome = http::read_response_head(head, ends, heads->request, heads->response);
  if (outcome.kind != http::HeadOutcome::Kind::complete) {
    connection_.worker.counters().upstream_errors[std::size_t(UpstreamFault::protocol)].add();
    leave_upstream();
    connection_.worker.heads().give_back(std::move(heads));
    return answer_fault({.status = 502, .site = request_->url().host(), .detail = outcome.why});
  }
  const rules::ResponseFacts facts = facts_of(heads->response);
  if (auto refusing = connection_.worker.asking().refuses_answer(*judgement_, *request_, facts)) {
    leave_upstream();
    connection_.worker.heads().give_back(std::move(heads));
    return owner_->spawn(refuse_answer(std::move(*refusing)));
  }
  trailers_ = http::trailers_of(heads->response.fields);
  set_silent(websocket_ || is_stream(heads->response));
  H2Head out;
  http::write_response_head(out, heads->response, {connection_.worker.gateway().settings.via});
  answered_ = true;
  sent_ = H2Head();
  sent_size_ = 0;
  kept_ = std::string();
  bytes_have_moved();
  download_done_ = ends;
  owner_->session().respond(stream_, out, ends);
  connection_.worker.heads().give_back(std::move(heads));
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
    if (taken != 0) bytes_have_moved();
    owner_->flush();
  }
  download_.bytes.append(bytes);
  if (account_for_held()) return;
  // A client that takes nothing of what it asks for loses its own streams, and nobody else's.
  connection_.worker.counters().shed_bytes.add();
  end();
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
    if (taken != 0) bytes_have_moved();
    (void)account_for_held();
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
  patience_.clear_deadline();
  if (may_be_asked_anew(code)) return ask_anew();
  if (!answered_ && code == H2Code::http_1_1_required) return require_http1();
  connection_.worker.counters().upstream_errors[std::size_t(UpstreamFault::protocol)].add();
  if (!answered_) {
    connection_.worker.lines().refusal(connection_, request_->url().host(), rules::Stage::request, "upstream");
    logged_ = true;
    return answer_fault({.status = 502,
                         .site = request_->url().host(),
                         .detail = upstream_->end().empty() ? "the web site gave the request up" : upstream_->end()});
  }
  end();
}

// Surely not processed: refused, or above the last stream of a GOAWAY, which the session tells as refused, too. Of a
// burst the next connection may again take only a part, so that is asked a few times. A connection that ended without a
// word may have carried the request all the way, so only what can be done twice without harm is sent again, once.
bool H2Call::may_be_asked_anew(H2Code code) {
  if (answered_ || !kept_whole_ || asked_anew_ == kMostAskedAnew) return false;
  if (code == H2Code::refused_stream) return true;
  return upstream_->over() && repeatable_ && !std::exchange(lost_once_, true);
}

void H2Call::ask_anew() {
  ++asked_anew_;
  connection_.worker.counters().asked_anew.add();
  given_back_ += kept_.size();
  upload_.bytes.insert(0, std::exchange(kept_, std::string()));
  upload_done_ = false;
  set_silent(false);
  owner_->spawn(connect_then_send_on());
}

// --- how long it may take, and what it may hold --------------------------------------------------------------------

void H2Call::bytes_have_moved() {
  last_moved_ = connection_.worker.deadlines().now();
  if (up_ == 0) return;
  const Limits& limits = connection_.worker.limits();
  patience_.expire_after(silent_ ? limits.idle_tunnel : limits.response);
}

std::chrono::seconds H2Call::silent_for() const noexcept {
  return std::chrono::seconds(connection_.worker.deadlines().now() - last_moved_);
}

bool H2Call::account_for_held() {
  const std::size_t queued = owner_ ? owner_->session().queued(stream_) : 0;
  const std::size_t sending = up_ != 0 ? upstream_->session().queued(up_) : 0;
  return charge_.holds(sent_size_ + kept_.size() + upload_.bytes.size() + sending + download_.bytes.size() + queued);
}

void H2Call::set_silent(bool silent) {
  if (silent == silent_ || !owner_) return;
  silent_ = silent;
  const int change = silent ? 1 : -1;
  owner_->add_silent(change);
  if (upstream_) upstream_->add_silent(change);
}

void H2Call::out_of_patience() {
  const auto self = shared_from_this();
  if (!owner_) return;
  connection_.worker.counters().upstream_errors[std::size_t(UpstreamFault::timeout)].add();
  if (answered_) return end();
  leave_upstream();
  connection_.worker.lines().refusal(connection_, request_->url().host(), rules::Stage::request, "upstream");
  logged_ = true;
  answer_fault({.status = 504, .site = request_->url().host(), .detail = "the web site did not answer in time"});
}

void H2Call::judge_again() {
  if (!owner_ || judgement_->refuses()) return;
  const auto self = shared_from_this();
  Worker& worker = connection_.worker;
  Judgement now = worker.asking().judge_again(connection_, *request_, judgement_->verdict.reason.stage);
  if (!now.refuses()) {
    now.time = judgement_->time;
    judgement_ = std::move(now);
    return;
  }
  worker.counters().rejudged_closed.add();
  if (!answered_) {
    leave_upstream();
    judgement_ = std::move(now);
    return refuse_now({});
  }
  if (now.verdict_refuses()) file_later(worker, breach_of(now, *request_, {}));
  end();
}

// --- the end ------------------------------------------------------------------------------------------------------

void H2Call::leave_upstream() {
  patience_.clear_deadline();
  set_silent(false);
  if (up_ != 0) upstream_->give_up(std::exchange(up_, 0));
  if (std::exchange(listed_, false)) connection_.worker.long_lived().remove(*this);
}

void H2Call::log_end() {
  if (!judgement_ || judgement_->refuses() || std::exchange(logged_, true)) return;
  connection_.worker.lines().decision(
      *judgement_, *request_,
      {.bytes_in = downloaded_, .bytes_out = uploaded_, .took = std::chrono::steady_clock::now() - began_});
}

// A cut answer must not look whole.
void H2Call::end() {
  const auto self = shared_from_this();
  if (!owner_) return;
  leave_upstream();
  log_end();
  owner_->session().reset(stream_, H2Code::internal_error);
  owner_->flush();
  std::exchange(owner_, nullptr)->ended(stream_);
}

void H2Call::client_left() {
  const auto self = shared_from_this();
  leave_upstream();
  owner_ = nullptr;
  log_end();
}

// Once the answer is with the session there is nothing left to do for either stream.
void H2Call::finish() {
  if (!owner_ || !download_done_) return;
  const auto self = shared_from_this();
  if (up_ != 0 && upload_done_) {
    upstream_->done(up_);
    up_ = 0;
  }
  leave_upstream();
  log_end();
  std::exchange(owner_, nullptr)->ended(stream_);
}

}  // namespace schoolgate::flow
