#include "proxy/flow/worker.h"

#include <exception>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/serve.h"
#include "proxy/net/linux/sandbox.h"

namespace schoolgate::flow {
namespace {

// Who ends a coroutine with an exception has found a defect of ours (or the machine is out of memory): one connection
// is lost, and it is said.
void report(const std::exception_ptr& thrown) {
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    log::error("a connection ended by an exception", {{"what", error.what()}});
  } catch (...) {
    log::error("a connection ended by an unknown exception");
  }
}

// For what a worker cannot be without: its clock keeps every deadline. Better gone, and started anew by the service
// manager, than serving without.
void end_process(const std::exception_ptr& thrown) {
  if (!thrown) return;
  report(thrown);
  std::terminate();
}

// Where nobody is known.
const rules::PresenceStore& nobody() {
  static const rules::PresenceStore kNobody;
  return kNobody;
}

// A verdict that passes and takes minutes of a daily allowance.
bool spends(const rules::Verdict& verdict) noexcept {
  return verdict.allowance_minutes != 0 &&
         (verdict.action == rules::Action::allow || verdict.action == rules::Action::monitor);
}

std::string_view allowance_category(const Judgement& judgement) {
  return judgement.policy->categories()[judgement.verdict.allowance_category].id;
}

// What a worker and an authenticator share of one question. Whoever answers late finds nobody who listens: the worker
// may be gone by then, so it is only touched under the mutex and while it listens.
struct Question {
  std::mutex mutex;
  net::asio::io_context* worker;  // null: nobody listens any more; under the mutex
  net::Timer* wakes = nullptr;    // in the frame that waits; the worker's thread only, as is the answer
  std::optional<Authenticator::Answer> answer;
};

// In the frame of the coroutine that waits: its end, also with the whole worker, ends the listening.
struct Listening {
  explicit Listening(Question& question) : asked(question) {}
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() {
    const std::scoped_lock lock(asked.mutex);
    asked.worker = nullptr;
    asked.wakes = nullptr;
  }
  Question& asked;
};

// The part of a URL that may be kept: everything before the query.
std::string_view without_query(const names::Url& url) {
  const std::string_view text = url.text();
  return url.query().empty() ? text : text.substr(0, text.size() - url.query().size() - 1);
}

}  // namespace

Worker::Worker(Gateway& gateway)
    : gateway_(gateway),
      dialer_(context_.get_executor(), deadlines_, gateway.guard, gateway.dialer),
      pool_(deadlines_, gateway.settings.limits.pool),
      policy_(gateway.policy),
      presences_(gateway.presences ? *gateway.presences : nobody()),
      decisions_(gateway.decisions) {
  use_gate(gateway.sign_in);
}

Worker::~Worker() { join(); }

Result<std::unique_ptr<Worker>> Worker::make(Gateway& gateway) {
  std::unique_ptr<Worker> worker(new Worker(gateway));
  auto resolver = net::Resolver::make(worker->executor(), worker->deadlines_, gateway.resolver);
  if (!resolver) return std::unexpected(std::move(resolver.error()));
  worker->resolver_ = std::move(*resolver);
  if (auto nobody = tls::TrustStore::load(
          {.system_roots = {}, .extra_roots = {}, .pins = {}, .own_authority = {}, .is_public_suffix = {}}))
    if (auto context = tls::UpstreamContext::make(std::move(*nobody))) worker->unbelieving_tls_ = std::move(*context);
  if (auto listening = worker->listen(); !listening) return std::unexpected(std::move(listening.error()));
  gateway.workers.fetch_add(1);
  return worker;
}

Result<void> Worker::listen() {
  for (const ListenAt& at : settings().listen) {
    const net::Endpoint endpoint{at.endpoint.address, at.endpoint.port};
    auto listener = Result<std::shared_ptr<net::Listener>>(nullptr);
    // TPROXY hands over connections to foreign addresses only to a transparent socket; without the capability for it
    // REDIRECT still works.
    if (at.entrance != Entrance::explicit_proxy)
      listener = net::Listener::open(executor(), endpoint, net::Listener::Kind::tproxy);
    if (at.entrance == Entrance::explicit_proxy || !listener) listener = net::Listener::open(executor(), endpoint);
    if (!listener) return std::unexpected(std::move(listener.error()));
    (*listener)->start(
        [this, entrance = at.entrance](net::Accepted accepted) { accept(std::move(accepted), entrance); });
    listeners_.push_back(std::move(*listener));
  }
  return {};
}

void Worker::accept(net::Accepted accepted, Entrance entrance) {
  if (gateway_.connections.fetch_add(1, std::memory_order_relaxed) >= limits().connections) {
    gateway_.connections.fetch_sub(1, std::memory_order_relaxed);
    counters_.shed_global.add();
    return;
  }
  if (!gateway_.clients.enter(accepted.peer.address)) {
    gateway_.connections.fetch_sub(1, std::memory_order_relaxed);
    counters_.shed_client.add();
    return;
  }
  counters_.connections_open.add();  // counted out by ~Connection
  counters_.connections_total.add();
  net::asio::co_spawn(executor(), serve(std::move(accepted), entrance, *this),
                      [](const std::exception_ptr& thrown) { report(thrown); });
}

void Worker::start() {
  net::asio::co_spawn(executor(), net::run_ticks(deadlines_), end_process);
  net::asio::co_spawn(executor(), tick(), end_process);
  thread_ = std::thread([this] {
    name_this_thread("worker");
    // Before the first byte from the network. Where the kernel has no such filter the gateway serves all the same.
    if (auto confined = net::confine(net::Confinement::worker); !confined)
      log::warning("a worker is not confined", {{"why", confined.error().text()}});
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (...) {
        report(std::current_exception());
      }
    }
    decisions_.flush();
  });
}

// Once a second: decision lines go out, what goes on is judged again when the policy or the minute has changed.
net::awaitable<void> Worker::tick() {
  net::Timer timer(executor());
  auto minute = std::chrono::floor<std::chrono::minutes>(wall_now());
  for (;;) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(net::as_tuple);
    decisions_.flush();
    static_cast<void>(policy_.current());  // lets go of a policy that nobody uses any more
    // A lesson that begins ends what the break allowed, without any change of the policy.
    const auto minute_now = std::chrono::floor<std::chrono::minutes>(wall_now());
    if (minute_now != minute) flow::note_activity(*this, minute);
    const std::uint64_t people = gateway_.presences ? gateway_.presences->generation() : 0;
    if (policy_.generation() != judged_generation_ || minute_now != minute) {
      judged_generation_ = policy_.generation();
      minute = minute_now;
      flow::judge_again(*this, JudgeAgain::everything);
    } else if (people != judged_presences_) {
      flow::judge_again(*this, JudgeAgain::who_changed);
    }
    judged_presences_ = people;
    drain_.tick();
  }
}

void Worker::forget(Connection& connection) {
  connections_.remove(connection);
  gateway_.connections.fetch_sub(1, std::memory_order_relaxed);
  gateway_.clients.leave(connection.peer.address);
  counters_.connections_open.subtract();
  if (!context_.stopped()) drain_.left(connection);
}

void Worker::drain() {
  net::asio::post(context_, [this] { drain_.begin(); });
}

void Worker::stop_listening() {
  for (const auto& listener : listeners_) listener->drain();
}

void Worker::stop_loop() { context_.stop(); }

void Worker::join() {
  if (thread_.joinable()) thread_.join();
  // The mint answers into this worker's io_context, so it has to end first: whoever made it drops the last reference.
  inspection_.reset();
}

void Worker::use(std::shared_ptr<const Inspection> inspection) {
  net::asio::post(context_, [this, inspection = std::move(inspection)] {
    pool_.clear();
    h2_.clear();  // those that run go on to their end
    if (!inspection) return inspection_.reset();
    // Made anew and not changed: a handshake that is under way keeps the trust store that it began with.
    auto context = tls::UpstreamContext::make(inspection->trust);
    if (!context) return log::error("TLS towards web sites stays as it was", {{"why", context.error().text()}});
    if (gateway_.issuers) (*context)->use(gateway_.issuers->issuers());
    upstream_tls_ = std::move(*context);
    inspection_ = inspection;
  });
}

void Worker::use(std::shared_ptr<const SignInGate> gate) {
  net::asio::post(context_, [this, gate = std::move(gate)]() mutable { use_gate(std::move(gate)); });
}

void Worker::use_gate(std::shared_ptr<const SignInGate> gate) {
  sign_in_ = std::move(gate);
  portal_dialer_.reset();
  if (!sign_in_) return;
  const names::IpAddress& portal = sign_in_->portal().address;
  net::DestinationGuard::Settings guard;
  guard.allow_private = {*names::IpNetwork::parse(portal.text() + (portal.is_v4() ? "/32" : "/128"))};
  guard.more_ports = {sign_in_->portal().port};
  portal_dialer_ = std::make_shared<net::Dialer>(
      executor(), deadlines_, std::make_shared<const net::DestinationGuard>(std::move(guard)), gateway_.dialer);
}

std::uint32_t Worker::missed_heartbeats() noexcept {
  const std::uint32_t missed = unanswered_.fetch_add(1, std::memory_order_relaxed);
  net::asio::post(context_, [this] { unanswered_.store(0, std::memory_order_relaxed); });
  return missed;
}

std::vector<net::Endpoint> Worker::listening() const {
  std::vector<net::Endpoint> out;
  for (const auto& listener : listeners_) out.push_back(listener->local());
  return out;
}

std::shared_ptr<const rules::Presence> Worker::presence_of(Connection& connection) {
  const ProxyLogin* const login = connection.login.get();
  std::shared_ptr<const rules::Presence> proved = login ? login->presence() : nullptr;
  if (proved && !proved->terms_due) return proved;
  if (gateway_.presences && gateway_.presences->generation() != connection.known_generation) {
    connection.known = presences_.find(connection.peer.address);
    connection.known_generation = presences_.generation();
  }
  if (!proved) return login && !login->may_be(connection.known.get()) ? nullptr : connection.known;
  // Who had to accept the terms of use when they proved who they are may have done so meanwhile.
  const bool accepted = connection.known && connection.known->person && !connection.known->terms_due &&
                        connection.known->person->user == proved->person->user;
  return accepted ? connection.known : proved;
}

Judgement Worker::judge(Connection& connection, const rules::Request& request, rules::Stage stage) {
  Judgement judgement = decide(connection, request, stage);
  if (judgement.presence) judgement.presence->mark_active(steady_now());
  if (judgement.doorway != Doorway::open) return judgement;
  if (spends(judgement.verdict) &&
      !gateway_.allowances.spend(Allowances::key_of(judgement.subject), allowance_category(judgement),
                                 judgement.verdict.allowance_minutes, judgement.time)) {
    judgement.verdict = judgement.policy->spent(judgement.verdict);
    counters_.allowance_blocks.add();
  }
  if (!judgement.subject.user.empty()) counters_.of_people.add();
  counters_.count_decision(judgement.verdict.action, stage, std::uint64_t(judgement.took.count()));
  return judgement;
}

Judgement Worker::judge_again(Connection& connection, const rules::Request& request, rules::Stage stage) {
  Judgement judgement = decide(connection, request, stage);
  if (judgement.doorway == Doorway::open && spends(judgement.verdict) &&
      !gateway_.allowances.any_left(Allowances::key_of(judgement.subject), allowance_category(judgement),
                                    judgement.verdict.allowance_minutes, judgement.time)) {
    judgement.verdict = judgement.policy->spent(judgement.verdict);
    counters_.allowance_blocks.add();
  }
  return judgement;
}

bool Worker::is_outdated(Connection& connection, const Judgement& judgement) {
  return judgement.policy != policy_.current() || judgement.presence != presence_of(connection);
}

Judgement Worker::judge_portal(Connection& connection, const rules::Request& request, rules::Stage stage) {
  Judgement judgement = decide(connection, request, stage);
  if (judgement.verdict.reason.tier == rules::Tier::illegal) return judgement;
  judgement.verdict = {.action = rules::Action::allow, .reason = {.tier = rules::Tier::unlisted, .stage = stage}};
  judgement.doorway = Doorway::open;
  judgement.portal = true;
  return judgement;
}

void Worker::note_activity(const Judgement& judgement, TimePoint when) {
  if (judgement.presence) judgement.presence->mark_active(steady_now());
  if (spends(judgement.verdict))
    static_cast<void>(gateway_.allowances.spend(Allowances::key_of(judgement.subject), allowance_category(judgement),
                                                judgement.verdict.allowance_minutes, when));
}

net::awaitable<Authenticator::Answer> Worker::authenticate(const names::IpAddress& client, std::string credentials) {
  net::Timer timer(executor());
  const auto question = std::make_shared<Question>();
  question->worker = &context_;
  question->wakes = &timer;
  const Listening listening(*question);
  timer.expires_after(kVerificationLimit);
  const auto done = [question](Authenticator::Answer answer) {
    const std::scoped_lock lock(question->mutex);
    if (!question->worker) return;
    net::asio::post(*question->worker, [question, answer = std::move(answer)]() mutable {
      if (!question->wakes) return;
      question->answer = std::move(answer);
      question->wakes->cancel();
    });
  };
  gateway_.authenticator->authenticate(client, std::move(credentials), done);
  co_await timer.async_wait(net::as_tuple);
  if (!question->answer) co_return Authenticator::Answer{.kind = Authenticator::Answer::Kind::unavailable};
  co_return std::move(*question->answer);
}

Judgement Worker::decide(Connection& connection, const rules::Request& request, rules::Stage stage) {
  if (connection.selftest && !connection.selftest->as_group.empty())
    return decide_for_stand_in(connection, request, stage);
  Judgement judgement{.policy = policy_.current(), .presence = presence_of(connection), .time = wall_now()};
  judgement.subject = judgement.policy->subject_for(connection.peer.address, judgement.presence.get());
  judgement.selftest = connection.selftest.has_value();
  const auto before = std::chrono::steady_clock::now();
  judgement.verdict = judgement.policy->decide(judgement.subject, request, stage, judgement.time);
  judgement.took = std::chrono::steady_clock::now() - before;
  // A reader who has seen the warning and gone on is let through for an hour.
  if (judgement.verdict.action == rules::Action::warn &&
      gateway_.passes.has(connection.peer.address, request.url().host(), judgement.time))
    judgement.verdict.action = rules::Action::allow;
  judgement.doorway = doorway_of(connection, judgement);
  return judgement;
}

// As a device of that group would be judged, whoever is at the address and whatever has to be said first; but nothing
// passes: a probe that the policy would let through must not reach the site.
Judgement Worker::decide_for_stand_in(const Connection& connection, const rules::Request& request, rules::Stage stage) {
  Judgement judgement{.policy = policy_.current(), .time = wall_now()};
  judgement.selftest = true;
  judgement.subject.address = connection.peer.address;
  const auto group = judgement.policy->find_group(connection.selftest->as_group);
  if (group) {
    judgement.subject.group = *group;
    judgement.subject.by_name_only = true;  // opening a connection would dial the site first
    judgement.verdict = judgement.policy->decide(judgement.subject, request, stage, judgement.time);
  }
  const bool passes = judgement.verdict.action < rules::Action::warn;
  if (!group || passes) judgement.verdict = {.action = rules::Action::block, .reason = {.stage = stage}};
  return judgement;
}

std::optional<Judgement> Worker::refuses_answer(const Judgement& judgement, const rules::Request& request,
                                                const rules::ResponseFacts& facts) {
  const rules::Verdict verdict =
      judgement.policy->decide_response(judgement.subject, request, judgement.verdict, facts);
  if (verdict.action != rules::Action::block) return std::nullopt;
  Judgement refusing = judgement;
  refusing.verdict = verdict;
  refusing.time = wall_now();
  counters_.count_decision(verdict.action, rules::Stage::response, 0);
  return refusing;
}

bool Worker::may_open(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept {
  return inspection && !judgement.subject.by_name_only && !rules::must_not_open(judgement.verdict.inspect_reason);
}

bool Worker::opens(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept {
  return may_open(judgement, inspection) &&
         (judgement.verdict.inspect || judgement.verdict.action == rules::Action::warn);
}

net::awaitable<Result<std::shared_ptr<const tls::Leaf>>> Worker::leaf(Held<const Inspection> inspection,
                                                                      std::string host, tls::LeafFor what) {
  using Minted = Result<std::shared_ptr<const tls::Leaf>>;
  tls::LeafMint& mint = *inspection->mint;  // `inspection` is this frame's own
  if (auto cached = mint.cached(host, what, {})) co_return cached;
  const auto start = [this, &mint, what](auto handler, std::string name) {
    // The mint answers on its own thread; the handler runs on this worker's.
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    mint.mint(std::move(name), what, {}, [this, waiting = std::move(waiting)](Minted minted) mutable {
      net::asio::post(context_, [waiting = std::move(waiting), minted = std::move(minted)]() mutable {
        std::move (*waiting)(std::move(minted));
      });
    });
  };
  co_return co_await net::asio::async_initiate<const net::asio::use_awaitable_t<net::Executor>, void(Minted)>(
      start, net::use_awaitable, std::move(host));
}

net::awaitable<breaches::Receipt> Worker::record(breaches::Breach breach) {
  gateway_.categories.add(breach.reason.category);
  const auto start = [this](auto handler, breaches::Breach filed) {
    // The log keeps a copyable callback; the handler is held beside it and runs on this worker's thread.
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    gateway_.breaches.append(std::move(filed), [this, waiting = std::move(waiting)](breaches::Receipt receipt) mutable {
      net::asio::post(context_, [waiting = std::move(waiting), receipt] { std::move (*waiting)(receipt); });
    });
  };
  co_return co_await net::asio::async_initiate<const net::asio::use_awaitable_t<net::Executor>,
                                               void(breaches::Receipt)>(start, net::use_awaitable, std::move(breach));
}

void Worker::record_later(breaches::Breach breach) {
  gateway_.categories.add(breach.reason.category);
  gateway_.breaches.append(std::move(breach), [](breaches::Receipt) {});
}

void Worker::log_decision(const Judgement& judgement, const rules::Request& request, const Outcome& outcome) {
  if (!gateway_.decisions) return;
  const rules::Reason& reason = judgement.verdict.reason;
  const rules::Category* category =
      reason.category == rules::kNoCategory ? nullptr : &judgement.policy->categories()[reason.category];
  const bool sealed = (category && category->illegal) ||
                      (reason.list >= 0 && judgement.policy->lists().lists()[std::size_t(reason.list)].sealed);
  if (reason.tier == rules::Tier::support) {
    log_help(judgement);
    return;
  }
  const std::string device = judgement.subject.address.text();
  const rules::Subject& subject = judgement.subject;
  const std::string_view rule = judgement.portal        ? std::string_view("sign-in")
                                : !outcome.rule.empty() ? outcome.rule
                                                        : rules::to_string(reason.tier);
  const std::string search = sealed ? std::string() : rules::search_term_text(request);
  const bool walled_off = reason.tier == rules::Tier::unlisted && judgement.verdict.action == rules::Action::block &&
                          judgement.doorway == Doorway::open;
  decisions_.append({.time = judgement.time,
                     .group = judgement.policy->group_id(judgement.subject.group),
                     .device = device,
                     .method = request.method(),
                     .host = sealed ? std::string_view("sealed") : request.url().host(),
                     .url = sealed ? std::string_view("sealed") : without_query(request.url()),
                     .action = outcome.action.empty() ? rules::to_string(judgement.verdict.action) : outcome.action,
                     .category = category ? std::string_view(category->id) : std::string_view(),
                     .stage = rules::to_string(reason.stage),
                     .rule = rule,
                     .search = search,
                     .person = judgement.selftest ? std::string_view() : std::string_view(subject.user),
                     .confidence = judgement.selftest ? breaches::kSelftest : rules::to_string(subject.confidence),
                     .source = subject.source,
                     .page = walled_off ? std::string_view(request.page().host) : std::string_view(),
                     .reference = outcome.reference,
                     // An https address with its path was seen: so it was opened.
                     .inspected = request.url().scheme() == "https" && !request.url().names_only(),
                     .bytes_in = outcome.bytes_in,
                     .bytes_out = outcome.bytes_out,
                     .ms = std::chrono::duration<double, std::milli>(outcome.took).count()});
}

// Who asks for help is nobody's business: the line says that somebody of the group did, and no more.
void Worker::log_help(const Judgement& judgement) {
  decisions_.append({.time = judgement.time,
                     .group = judgement.policy->group_id(judgement.subject.group),
                     .host = "support",
                     .action = rules::to_string(judgement.verdict.action),
                     .category = "support",
                     .stage = rules::to_string(judgement.verdict.reason.stage),
                     .rule = rules::to_string(rules::Tier::support)});
}

void Worker::log_refusal(Connection& connection, std::string_view host, rules::Stage stage, std::string_view rule) {
  if (!gateway_.decisions) return;
  const auto policy = policy_.current();
  const std::shared_ptr<const rules::Presence> presence = presence_of(connection);
  const rules::Subject subject = policy->subject_for(connection.peer.address, presence.get());
  const std::string device = connection.peer.address.text();
  decisions_.append({.time = wall_now(),
                     .group = policy->group_id(subject.group),
                     .device = device,
                     .host = host,
                     .action = "refused",
                     .stage = rules::to_string(stage),
                     .rule = rule,
                     .person = subject.user,
                     .confidence = connection.selftest ? breaches::kSelftest : rules::to_string(subject.confidence),
                     .source = subject.source});
}

void Worker::log_page(Connection& connection, std::string_view host, std::string_view rule,
                      std::string_view reference) {
  if (!gateway_.decisions) return;
  const auto& policy = policy_.current();
  const std::shared_ptr<const rules::Presence> presence = presence_of(connection);
  const rules::Subject subject = policy->subject_for(connection.peer.address, presence.get());
  breaches::Decision line{.time = wall_now(),
                          .group = policy->group_id(subject.group),
                          .action = "fault",
                          .stage = "page",
                          .rule = rule,
                          .reference = reference};
  const auto site = names::Host::parse(host);
  rules::Citation reason;
  if (site)
    reason = policy->cite(
        policy->decide(subject, rules::Request::of_host(*site, 443, "CONNECT"), rules::Stage::connect, line.time));
  line.sealed = reason.illegal || reason.sealed;
  const std::string device = connection.peer.address.text();
  if (reason.tier == rules::to_string(rules::Tier::support)) {  // as log_help() does: neither the person nor the site
    line.host = line.category = "support";
  } else {
    line.host = host;
    line.device = device;
    line.person = connection.selftest ? std::string_view() : std::string_view(subject.user);
    line.confidence = connection.selftest ? breaches::kSelftest : rules::to_string(subject.confidence);
    line.source = subject.source;
  }
  decisions_.append(line);
}

std::unique_ptr<Heads> Worker::take_heads() {
  if (spare_heads_.empty()) return std::make_unique<Heads>();
  auto heads = std::move(spare_heads_.back());
  spare_heads_.pop_back();
  return heads;
}

void Worker::give_back(std::unique_ptr<Heads> heads) {
  if (heads && spare_heads_.size() < 64) spare_heads_.push_back(std::move(heads));
}

}  // namespace schoolgate::flow
