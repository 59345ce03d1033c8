#include "app/control_plane.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>

#include "app/group_question.h"
#include "app/list_schedule.h"
#include "app/measure_wire.h"
#include "app/member_shares.h"
#include "app/question_socket.h"
#include "app/run_question.h"
#include "app/shared_connections.h"
#include "base/log.h"
#include "base/uuid.h"
#include "proxy/net/asio.h"
#include "proxy/net/linux/notify.h"

namespace schoolgate::app {
namespace {

namespace asio = net::asio;
using Local = asio::local::stream_protocol;
using net::awaitable;

// What may come after a drain: records on their way to the disk, a mail that is being sent.
constexpr auto kToFinish = std::chrono::seconds(30);

std::filesystem::path control_path(const std::filesystem::path& state) { return state / "control.sock"; }

// Who is at the other end of a socket of ours (SO_PEERCRED).
std::optional<uid_t> peer_uid(Local::socket& peer) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(peer.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return credentials.uid;
}

breaches::MachineUser peer_user(Local::socket& peer) {
  const auto uid = peer_uid(peer);
  return uid ? breaches::user_of(*uid) : breaches::MachineUser();
}

constexpr auto kRetryEvery = std::chrono::seconds(5);
constexpr auto kPatience = std::chrono::seconds(10);  // with whoever asks: for the request, and for reading the answer
// Of the socket for questions: any member of the group may connect.
constexpr int kMostConnected = 32, kMostConnectedEach = 8;
constexpr int kMostAsked = 8, kMostAskedEach = 3;
constexpr std::string_view kBusy = "cannot answer: the gateway answers others; ask again in a minute\n";
constexpr std::string_view kHasItsShare =
    "cannot answer: the gateway works on other questions of yours; ask again when they are answered\n";

class ControlPlane {
 public:
  explicit ControlPlane(RunningGateway& gateway)
      : gateway_(gateway),
        signals_(context_, SIGTERM, SIGINT, SIGHUP),
        service_(net::ServiceManager::from_environment()) {}

  Result<void> run() {
    if (ask_running_gateway(gateway_.settings().state, "version"))
      return fail(Fault::config, "another gateway is running on " + gateway_.settings().state.string(),
                  "stop it, or give this one a state folder of its own");
    wait_for_signal();
    gateway_.start();  // not before the signal that ends it in order is listened for
    log::info("serving", {{"school", gateway_.settings().site.name}, {"policy", gateway_.policy_version()}});
    serve_control();
    serve_questions();
    serve_metrics();
    retry_start();
    beat();
    lists_.start();
    watch_lists();
    watch_measures();
    watch_firewall();
    service_.ready();
    context_.run();
    stops_ = true;
    answerers_.join();
    loader_.join();
    drainer_.join();
    gateway_.finish();
    ::unlink(control_path(gateway_.settings().state).c_str());
    ::unlink(question_path(gateway_.settings().state).c_str());
    return {};
  }

 private:
  // Made for this user alone; whoever may more is let in afterwards.
  Result<void> open_socket(Local::acceptor& acceptor, const std::filesystem::path& path) {
    if (path.string().size() >= sizeof(sockaddr_un::sun_path))
      return fail(Fault::config, "the path of the state folder is too long for a socket: " + path.string());
    ::unlink(path.c_str());
    boost::system::error_code error;
    acceptor = Local::acceptor(context_);
    acceptor.open(Local(), error);
    const ::mode_t before = ::umask(0177);
    if (!error) acceptor.bind(Local::endpoint(path.string()), error);
    ::umask(before);
    if (!error) acceptor.listen(16, error);
    if (error) return fail(Fault::host, "cannot listen on " + path.string() + ": " + error.message());
    return {};
  }

  Result<void> open_metrics() {
    const auto& at = gateway_.settings().listen.metrics;
    if (!at) return {};
    boost::system::error_code error;
    const auto address = asio::ip::make_address(at->address.text(), error);
    const asio::ip::tcp::endpoint endpoint(address, at->port);
    metrics_.emplace(context_);
    if (!error) metrics_->open(endpoint.protocol(), error);
    if (!error) metrics_->set_option(asio::socket_base::reuse_address(true), error);
    if (!error) metrics_->bind(endpoint, error);
    if (!error) metrics_->listen(16, error);
    if (!error) return {};
    metrics_.reset();
    return fail(Fault::config, "cannot listen on " + at->text() + " for metrics: " + error.message());
  }

  // Neither is worth a school without a filter: what cannot be had now is tried again.
  void serve_control() {
    if (auto opened = open_socket(control_, control_path(gateway_.settings().state)); !opened)
      return gateway_.fallbacks().set("control socket",
                                      opened.error().text() + "; commands are not heard, SIGHUP and SIGTERM are");
    gateway_.fallbacks().clear("control socket");
    accept(control_, Asker::commands);
  }

  // Where there is no such folder and none can be made (a gateway of an ordinary user), questions go where commands go.
  void serve_questions() {
    const std::filesystem::path path = question_path(gateway_.settings().state);
    std::error_code error;
    std::filesystem::create_directory(path.parent_path(), error);
    if (auto opened = open_socket(questions_, path); !opened)
      return log::info("members of the group cannot ask: there is no socket for questions",
                       {{"why", opened.error().text()}, {"next", "RuntimeDirectory=schoolgate of the packaged unit"}});
    [[maybe_unused]] const int opened_to_group = ::chmod(path.c_str(), 0660);
    accept(questions_, Asker::questions);
  }

  void serve_metrics() {
    if (auto opened = open_metrics(); !opened)
      return gateway_.fallbacks().set("metrics", opened.error().text() + "; there is no page of metrics");
    gateway_.fallbacks().clear("metrics");
    if (metrics_) accept_metrics();
  }

  void retry_start() {
    retry_.expires_after(kRetryEvery);
    retry_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      if (gateway_.fallbacks().has("control socket")) serve_control();
      if (gateway_.fallbacks().has("metrics")) serve_metrics();
      asio::post(loader_, [this] { gateway_.retry_start(); });  // it waits for the disk
      retry_start();
    });
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        asio::co_spawn(context_, reload_on_signal(), asio::detached);
        wait_for_signal();
        return;
      }
      log::info("stopping", {{"signal", signal}});
      service_.stopping(gateway_.settings().limits.drain + kToFinish);
      asio::post(drainer_, [this] {
        gateway_.drain();
        asio::post(context_, [this] { context_.stop(); });
      });
    });
  }

  // On the loader's thread: compiling lists may take a while, and this loop must go on answering.
  awaitable<ControlAnswer> on_loader(std::function<ControlAnswer()> work) { return on_pool(loader_, std::move(work)); }

  awaitable<ControlAnswer> on_pool(asio::thread_pool& pool, std::function<ControlAnswer()> work) {
    const auto start = [this, &pool, work = std::move(work)](auto handler) {
      auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
      asio::post(pool, [this, waiting, work]() {
        ControlAnswer answer = work();
        asio::post(context_,
                   [waiting, answer = std::move(answer)]() mutable { std::move (*waiting)(std::move(answer)); });
      });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<net::Executor>, void(ControlAnswer)>(
        start, net::use_awaitable);
  }

  awaitable<ControlAnswer> reload(breaches::MachineUser user) {
    service_.reloading();
    std::function<ControlAnswer()> work = [this, user = std::move(user)] { return load(user); };
    ControlAnswer answer = co_await on_loader(std::move(work));
    service_.ready();
    co_return answer;
  }

  // What an update has published, on the loader's thread: lists may be large.
  awaitable<ControlAnswer> take_lists() {
    service_.reloading();
    std::function<ControlAnswer()> work = [this] {
      const auto outcome = gateway_.take_lists();
      ControlAnswer answer{.done = outcome.has_value(), .text = {}};
      for (const Problem& problem : outcome ? *outcome : outcome.error()) answer.text += problem.text() + '\n';
      answer.text += "policy " + gateway_.policy_version() +
                     (answer.done ? " is in force\n" : " stays in force: the lists could not be put in force\n");
      return answer;
    };
    ControlAnswer answer = co_await on_loader(std::move(work));
    service_.ready();
    co_return answer;
  }
  awaitable<void> take_lists_unasked() { co_await take_lists(); }

  // "measures", "measure-open {…}" and "measure-close {…}".
  ControlAnswer measure_answer(std::string_view line, const breaches::MachineUser& user) {
    ControlAnswer answer{.done = true, .text = {}};
    if (line == "measures") {
      const auto measures = gateway_.desk().measures(wall_now());
      if (!measures) return {.done = false, .text = measures.error().text() + '\n'};
      for (const rules::Measure& measure : *measures) answer.text += measure_json(measure) + '\n';
      return answer;
    }
    const bool opens = line.starts_with("measure-open ");
    if (!opens && !line.starts_with("measure-close ")) return {.done = false, .text = "unknown request\n"};
    const auto measure = measure_from_json(line.substr(line.find(' ') + 1));
    if (!measure) return {.done = false, .text = measure.error().text() + '\n'};
    if (!opens) {
      const auto closed = gateway_.desk().close_measure(measure->id, measure->by, measure->why, user);
      return closed ? ControlAnswer{.done = true, .text = "closed\n"}
                    : ControlAnswer{.done = false, .text = closed.error().text() + '\n'};
    }
    const auto opened = gateway_.desk().open_measure(*measure, user);
    if (!opened) return {.done = false, .text = opened.error().text() + '\n'};
    const auto id = Uuid::from_text(*opened);
    answer.text = (id ? id->reference() : *opened) + " is in force\n";
    return answer;
  }

  // "certificate www.example.org": a name of it on each line.
  ControlAnswer certificate_of(const std::string& host) {
    ControlAnswer answer{.done = true, .text = {}};
    for (const std::string& name : gateway_.certificate_names(host)) answer.text += name + '\n';
    return answer;
  }

  // "selftest-from 127.0.0.1:40001", "selftest-from 127.0.0.1:40001 as ks2": the next connection from there is no
  // breach of anybody.
  ControlAnswer expect_selftest(std::string from) {
    std::string group;
    if (const std::size_t as = from.find(" as "); as != std::string::npos) {
      group = from.substr(as + 4);
      from.resize(as);
    }
    const auto endpoint = net::Endpoint::parse(from);
    if (!endpoint) return {.done = false, .text = "not an address and port\n"};
    if (auto taken = gateway_.expect_selftest(*endpoint, std::move(group)); !taken)
      return {.done = false, .text = taken.error().text() + '\n'};
    return {.done = true, .text = {}};
  }

  // "selftest-differs 3 of 40": of the probes that went through the firewall.
  ControlAnswer selftest_differs(std::string_view how_many) {
    if (how_many.size() > 40 || how_many.find_first_not_of("0123456789 of") != std::string_view::npos)
      return {.done = false, .text = "not a number of probes\n"};
    gateway_.firewall_selftest_differs(how_many);
    return {.done = true, .text = {}};
  }

  // "in-force", or the state, a tab and what is wrong.
  static ControlAnswer firewall_answer(const net::FirewallReport& report) {
    std::string text(to_string(report.state));
    if (!report.why.empty()) text += '\t' + report.why;
    return {.done = true, .text = text + '\n'};
  }

  ControlAnswer confirm_clock(const breaches::MachineUser& user) {
    log::warning("the clock was confirmed", {{"by", user.name}});
    if (auto kept = gateway_.clock().confirm(); !kept) return {.done = false, .text = kept.error().text() + '\n'};
    return {.done = true, .text = gateway_.clock().words() + '\n'};
  }

  awaitable<void> reload_on_signal() { co_await reload(breaches::current_user()); }

  ControlAnswer load(const breaches::MachineUser& user) {
    const auto outcome = gateway_.reload(user);
    const Problems& problems = outcome ? *outcome : outcome.error();
    ControlAnswer answer{.done = outcome.has_value(), .text = {}};
    for (const Problem& problem : problems) answer.text += problem.text() + '\n';
    answer.text += answer.done ? "policy " + gateway_.policy_version() + " is in force\n"
                               : "refused; policy " + gateway_.policy_version() + " stays in force\n";
    return answer;
  }

  /// What may be said over a socket.
  enum class Asker { commands, questions };

  void accept(Local::acceptor& acceptor, Asker asker) {
    acceptor.async_accept([this, &acceptor, asker](const boost::system::error_code& error, Local::socket peer) {
      if (error == asio::error::operation_aborted) return;
      if (!error) admit(std::move(peer), asker);
      accept(acceptor, asker);
    });
  }

  void admit(Local::socket peer, Asker asker) {
    std::optional<MemberShares::Taken> place;
    if (asker == Asker::questions) {
      const auto uid = peer_uid(peer);
      if (uid)
        if (auto taken = connected_.take(*uid)) place.emplace(std::move(*taken));
      if (!place) return send_away(peer, uid && connected_.has_its_share(*uid) ? kHasItsShare : kBusy);
    }
    asio::co_spawn(context_, answer(std::move(peer), asker, std::move(place)), asio::detached);
  }

  // A line that fits into the buffer of a new socket: nothing waits for its reader.
  static void send_away(Local::socket& peer, std::string_view why) {
    const std::string line = "problem\n" + std::string(why);
    [[maybe_unused]] const auto sent =
        ::send(peer.native_handle(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // Closes `peer` unless the timer is cancelled or set anew before.
  static void let_go_in_time(asio::steady_timer& deadline, const std::shared_ptr<Local::socket>& peer) {
    deadline.expires_after(kPatience);
    deadline.async_wait([peer](const boost::system::error_code& expired) {
      boost::system::error_code ignored;
      if (!expired) peer->close(ignored);
    });
  }

  // One line asks, the answer is "done" or "problem" and the text. One that never asks, and one that never reads, is
  // let go with the timer: neither holds an answer's memory and a descriptor for longer.
  awaitable<void> answer(Local::socket connection, Asker asker,
                         [[maybe_unused]] std::optional<MemberShares::Taken> place) {
    const auto peer = std::make_shared<Local::socket>(std::move(connection));
    asio::steady_timer deadline(context_);
    let_go_in_time(deadline, peer);
    std::string line;
    const auto [error, size] =
        co_await asio::async_read_until(*peer, asio::dynamic_buffer(line, 64 * 1024), '\n', net::as_tuple);
    deadline.cancel();
    if (error) co_return;
    line.resize(size - 1);
    ControlAnswer answer = is_question(line) ? answer_question(line) : ControlAnswer{.text = "unknown request\n"};
    if (line.starts_with("ask ")) answer = co_await answer_member(line, peer_uid(*peer));
    if (asker == Asker::commands && !is_question(line)) answer = co_await obey(*peer, line);
    const std::string text = (answer.done ? "done\n" : "problem\n") + answer.text;
    let_go_in_time(deadline, peer);
    co_await asio::async_write(*peer, asio::buffer(text), net::as_tuple);
  }

  awaitable<ControlAnswer> obey(Local::socket& peer, const std::string& line) {
    if (line == "reload") co_return co_await reload(peer_user(peer));
    if (line == "lists") co_return co_await take_lists();
    if (line == "clock-confirm") co_return confirm_clock(peer_user(peer));
    if (line.starts_with("selftest-from ")) co_return expect_selftest(line.substr(line.find(' ') + 1));
    if (line.starts_with("selftest-differs ")) co_return selftest_differs(line.substr(line.find(' ') + 1));
    if (line != "measures" && !line.starts_with("measure-")) co_return ControlAnswer{.text = "unknown request\n"};
    const breaches::MachineUser user = peer_user(peer);
    std::function<ControlAnswer()> work = [this, &line, &user] { return measure_answer(line, user); };
    co_return co_await on_loader(std::move(work));
  }

  // Changes nothing, and names no person.
  ControlAnswer answer_question(const std::string& line) {
    if (line == "status" || line == "status-json") return status_answer(line == "status-json");
    if (line == "clock")
      return {.done = gateway_.clock().standing().is_believed(), .text = gateway_.clock().words() + '\n'};
    if (line == "opened") return {.done = true, .text = share_line(gateway_.inspection_seen().share)};
    if (line == "firewall") return firewall_answer(gateway_.firewall());
    if (line == "distrust") return {.done = true, .text = distrust_lines(gateway_.inspection_seen().distrusted)};
    if (line == "shared") return {.done = true, .text = shared_lines(gateway_.inspection_seen().shared)};
    if (line.starts_with("certificate ")) return certificate_of(line.substr(line.find(' ') + 1));
    return {.done = true, .text = gateway_.policy_version() + '\n'};
  }

  // In a process of its own, a few at a time; whoever comes when enough wait is told so.
  awaitable<ControlAnswer> answer_member(const std::string& line, std::optional<uid_t> member) {
    const auto words = words_in(line);
    if (!words || words->empty()) co_return ControlAnswer{.text = "unknown request\n"};
    const std::vector<std::string_view> views(words->begin(), words->end());
    if (auto may = may_be_asked(views); !may) co_return ControlAnswer{.text = may.error().text() + '\n'};
    if (!member) co_return ControlAnswer{.text = std::string(kBusy)};
    const auto turn = asked_.take(*member);
    if (!turn) co_return ControlAnswer{.text = std::string(asked_.has_its_share(*member) ? kHasItsShare : kBusy)};
    std::error_code error;
    const QuestionRun run{.program = std::filesystem::read_symlink("/proc/self/exe", error),
                          .config = gateway_.folder(),
                          .state = gateway_.settings().state,
                          .in_force = gateway_.configuration_in_force()->version};
    std::function<ControlAnswer()> work = [this, run, words] {
      const auto printed = run_question(run, *words, stops_);
      return printed ? ControlAnswer{.done = true, .text = text_of(*printed)}
                     : ControlAnswer{.text = printed.error().text() + '\n'};
    };
    co_return co_await on_pool(answerers_, std::move(work));
  }

  // Done: everybody is protected.
  ControlAnswer status_answer(bool json) {
    const GatewayStatus status = gateway_.status();
    return {.done = reasons_unprotected(status).empty(),
            .text = json ? status_json(status, wall_now()) : status_words(status, wall_now())};
  }

  void accept_metrics() {
    metrics_->async_accept([this](const boost::system::error_code& error, asio::ip::tcp::socket peer) {
      if (error == asio::error::operation_aborted) return;
      if (!error) asio::co_spawn(context_, answer_metrics(std::move(peer)), asio::detached);
      accept_metrics();
    });
  }

  awaitable<void> answer_metrics(asio::ip::tcp::socket peer) {
    // A reader who never finishes asking is let go with the timer.
    const auto socket = std::make_shared<asio::ip::tcp::socket>(std::move(peer));
    asio::steady_timer deadline(context_, std::chrono::seconds(10));
    deadline.async_wait([socket](const boost::system::error_code& expired) {
      boost::system::error_code ignored;
      if (!expired) socket->close(ignored);
    });
    std::string head;
    const auto [error, size] =
        co_await asio::async_read_until(*socket, asio::dynamic_buffer(head, 16 * 1024), "\r\n\r\n", net::as_tuple);
    if (error) co_return;
    const std::string text = page(head);
    co_await asio::async_write(*socket, asio::buffer(text), net::as_tuple);
  }

  std::string page(std::string_view head) const {
    const auto asks = [&](std::string_view path) { return head.starts_with("GET " + std::string(path) + ' '); };
    if (asks("/health")) return http_answer("200 OK", "text/plain", "the process works\n");
    if (asks("/ready")) {
      const auto reasons = reasons_unprotected(gateway_.status());
      return http_answer(reasons.empty() ? "200 OK" : "503 Service Unavailable", "application/json",
                         readiness_json(reasons));
    }
    if (asks("/metrics") || asks("/"))
      return http_answer("200 OK", "text/plain; version=0.0.4; charset=utf-8", gateway_.metrics());
    return http_answer("404 Not Found", "text/plain", "not found; the pages are /metrics, /health and /ready\n");
  }

  static std::string http_answer(std::string_view status, std::string_view type, const std::string& body) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
           "\r\nCache-Control: no-store\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nConnection: close\r\n\r\n" + body;
  }

  void watch_lists() {
    gateway_.watch_lists(wall_now());
    gateway_.watch_protection();
    list_watch_.expires_after(std::chrono::minutes(1));
    list_watch_.async_wait([this](const boost::system::error_code& error) {
      if (!error) watch_lists();
    });
  }

  void watch_measures() {
    gateway_.watch_clock();
    gateway_.watch_selftest(moment_now());
    gateway_.watch_measures(moment_now());
    gateway_.keep_allowances(wall_now());
    measure_watch_.expires_after(std::chrono::seconds(1));
    measure_watch_.async_wait([this](const boost::system::error_code& error) {
      if (!error) watch_measures();
    });
  }

  void watch_firewall() {
    constexpr std::uint32_t kMissed = 5;  // of these looks: half a minute
    gateway_.watch_firewall(wall_now());
    gateway_.look_at_workers(kMissed);
    firewall_watch_.expires_after(std::chrono::seconds(5));
    firewall_watch_.async_wait([this](const boost::system::error_code& error) {
      if (!error) watch_firewall();
    });
  }

  // Tells the service manager that all is well, as long as every worker's loop goes round.
  void beat() {
    const auto interval = service_.watchdog_interval();
    if (!interval) return;
    heart_.expires_after(*interval);
    heart_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      if (gateway_.workers_answer())
        service_.watchdog();
      else
        log::error("a worker does not answer");
      beat();
    });
  }

  RunningGateway& gateway_;
  // Before the context, whose end destroys what has taken of them.
  MemberShares connected_{kMostConnected, kMostConnectedEach};  // connections to the socket for questions
  MemberShares asked_{kMostAsked, kMostAskedEach};              // questions of members, running and waiting
  asio::io_context context_{1};
  asio::thread_pool loader_{1};
  asio::thread_pool answerers_{2};  // questions of members: each waits for a process
  std::atomic<bool> stops_ = false;
  asio::signal_set signals_;
  Local::acceptor control_{context_};
  Local::acceptor questions_{context_};
  std::optional<asio::ip::tcp::acceptor> metrics_;
  asio::steady_timer heart_{context_};
  asio::steady_timer retry_{context_};
  asio::steady_timer list_watch_{context_};
  asio::steady_timer measure_watch_{context_};
  asio::steady_timer firewall_watch_{context_};
  net::ServiceManager service_;
  asio::thread_pool drainer_{1};  // there from the start: an end must not fail for want of a thread
  ListSchedule lists_{context_, gateway_, [this] { asio::co_spawn(context_, take_lists_unasked(), asio::detached); }};
};

}  // namespace

Result<void> run_control_plane(RunningGateway& gateway) { return ControlPlane(gateway).run(); }

namespace {

Result<net::FileDescriptor> connect_to(const std::filesystem::path& socket) {
  const std::string path = socket.string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Fault::config, "the path of the state folder is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  net::FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno("no gateway answers on " + path, errno,
                      "is it running, and are you its user, root, or, for a question, in the group schoolgate?");
  return fd;
}

}  // namespace

Result<ControlAnswer> ask_running_gateway(const std::filesystem::path& state, std::string_view request) {
  const std::string path = control_path(state).string();
  auto connected = connect_to(path);
  if (!connected && is_question(request))
    if (auto asked = connect_to(question_path(state))) connected = std::move(asked);
  if (!connected) return std::unexpected(std::move(connected.error()));
  const net::FileDescriptor fd = std::move(*connected);
  // A command may wait for lists to be compiled; whoever asks how things are is told that nothing answers.
  if (is_question(request)) {
    const timeval patience{.tv_sec = request.starts_with("ask ") ? 150 : 10, .tv_usec = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  const std::string line = std::string(request) + '\n';
  if (::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) != ssize_t(line.size()))
    return fail_errno("the gateway does not listen on " + path, errno);
  std::string answer;
  char piece[4096];
  for (;;) {
    const auto got = ::recv(fd.get(), piece, sizeof piece, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return fail(Fault::host, "the gateway runs and does not answer", "look at its log; systemctl restart schoolgate");
    if (got <= 0) break;
    answer.append(piece, std::size_t(got));
  }
  const std::size_t end = answer.find('\n');
  if (end == std::string::npos) return fail(Fault::host, "the gateway gave no answer", "look at its log");
  return ControlAnswer{.done = answer.substr(0, end) == "done", .text = answer.substr(end + 1)};
}

}  // namespace schoolgate::app
