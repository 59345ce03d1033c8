// A gateway without a network, for the stateful fuzz targets: a real worker, policy and breach log, and a loop that
// turns only when the target says so. Its time is simulated too: deadlines pass when the target lets them.
//
// Connections are pairs of local sockets: one end is the worker's, the other an End that the target plays. Everything
// is on the target's thread but the writer of the breach log. Made anew after some thousand inputs, so that its records
// do not fill the disk.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "breaches/breach_log.h"
#include "proxy/flow/long_lived.h"
#include "proxy/flow/serve.h"
#include "proxy/flow/worker.h"
#include "tests/rules/policies.h"
#include "tests/rules/temporary_folder.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::flow::fuzzing {

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// What an input says, read from its front; zero once it is over.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}
  [[nodiscard]] bool over() const noexcept { return bytes_.empty(); }
  std::uint8_t byte() noexcept {
    if (bytes_.empty()) return 0;
    const auto value = std::uint8_t(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  /// A length of one byte, and so many bytes.
  std::string_view text() noexcept {
    const std::string_view out = bytes_.substr(0, byte());
    bytes_.remove_prefix(out.size());
    return out;
  }

 private:
  std::string_view bytes_;
};

/// The far end of a connection. It reads what comes unless it is told not to.
class End {
 public:
  End() = default;
  explicit End(int fd) : fd_(fd) { ::fcntl(fd, F_SETFL, O_NONBLOCK); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  End(End&& other) noexcept { *this = std::move(other); }
  End& operator=(End&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(got, other.got);
    std::swap(sent, other.sent);
    std::swap(at_end, other.at_end);
    std::swap(paused, other.paused);
    return *this;
  }
  ~End() { closes(); }

  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
  /// As much as the gateway takes.
  void sends(std::string_view bytes) {
    if (fd_ < 0) return;
    const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) sent.append(bytes.substr(0, std::size_t(count)));
  }
  void reads() {
    while (fd_ >= 0 && !paused) {
      char room[16 * 1024];
      const auto count = ::recv(fd_, room, sizeof room, 0);
      if (count <= 0) {
        at_end = at_end || count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        return;
      }
      if (got.size() < (4u << 20)) got.append(room, std::size_t(count));
    }
  }
  void finishes_sending() {
    if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
  }
  /// Without the wait that TCP has after an orderly end: thousands of them a second would use up the ports.
  void closes() {
    if (fd_ < 0) return;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(fd_, -1));
  }

  std::string got, sent;
  bool at_end = false, paused = false;

 private:
  int fd_ = -1;
};

class SimulatedGateway {
 public:
  /// `reached`: the web sites' listener on loopback, 0 for none: then nothing can be dialled.
  explicit SimulatedGateway(std::uint16_t reached = 0) {
    using rules::test::block_url;
    lists_ = std::make_unique<rules::test::TestLists>(std::vector<rules::test::TestList>{
        {.name = "gambling", .category = "gambling", .text = "casino.example\n"}});
    rules::GroupSpec pupils = rules::test::group("pupils", "10.0.0.0/8", {{"gambling", rules::Action::block}});
    rules::PolicySpec spec;
    spec.version = "open";
    spec.timezone = "Europe/London";
    spec.groups = {pupils};
    spec.fallback = "pupils";
    spec.inspection = rules::InspectionMode::selective;
    spec.rules = {block_url("web.example/secret/")};
    open_ = rules::test::compiled(spec, lists_->database());
    spec.version = "closed";
    spec.rules.push_back(rules::test::block_site("web.example"));
    closed_ = rules::test::compiled(spec, lists_->database());
    store_ = std::make_unique<rules::PolicyStore>(open_);
    log_ = std::move(*breaches::BreachLog::open({.folder = folder_.path(), .school = "School", .gateway = "gate"}));
    pages_ = std::make_unique<Pages>(std::move(*Pages::load({})));
    make_worker(reached);
  }
  SimulatedGateway(const SimulatedGateway&) = delete;
  ~SimulatedGateway() {
    work_.reset();
    log_.reset();  // its last receipts are posted to a worker that still exists
    worker_.reset();
  }

  [[nodiscard]] Worker& worker() noexcept { return *worker_; }

  /// A client that came in by the explicit proxy.
  End client(std::uint8_t number) {
    End far;
    if (auto accepted = came_in(number, far))
      net::asio::co_spawn(worker_->executor(), serve(std::move(*accepted), Entrance::explicit_proxy, *worker_),
                          net::asio::detached);
    return far;
  }
  /// Counted in as Worker::accept() does; ~Connection counts it out.
  std::optional<net::Accepted> came_in(std::uint8_t number, End& far) {
    const names::IpAddress address = names::IpAddress::v4(0x0A000000u + 4 * inputs_ + number);
    if (!gateway_->clients.enter(address)) return std::nullopt;
    gateway_->connections.fetch_add(1);
    worker_->counters().connections_open.add();
    auto [near, other] = pair();
    far = std::move(other);
    return net::Accepted{.fd = std::move(near), .peer = {address, 40'000}};
  }
  /// Two ends: one for the worker.
  static std::pair<net::FileDescriptor, End> pair() {
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    return {net::FileDescriptor(ends[0]), End(ends[1])};
  }

  /// Lets the worker do all that it can.
  void turn() {
    for (int i = 0; i < 64 && context().poll() != 0; ++i) {
    }
  }
  void pass(std::uint32_t seconds) {
    worker_->deadlines().advance(seconds);
    turn();
  }
  /// From now on web.example is blocked, or no more; what goes on is judged again.
  void publish(bool closed) {
    store_->publish(closed ? closed_ : open_);
    judge_again(*worker_, JudgeAgain::everything);
    turn();
  }
  [[nodiscard]] bool is_closed() const { return store_->current() == closed_; }

  /// Once every far end is closed: what was begun ends, and nothing is left of it. The next input has other clients:
  /// the records of one device wait for each other.
  void must_come_to_an_end() {
    ++inputs_;
    worker_->outbound().forget_kept();
    for (int waited = 0; worker_->connections().first() != nullptr; ++waited) {
      require(waited < 500);
      turn();
      worker_->deadlines().advance(30);
      context().run_one_for(std::chrono::milliseconds(worker_->connections().first() != nullptr ? 10 : 0));
    }
    worker_->outbound().forget_kept();
    turn();
    require(worker_->long_lived().first() == nullptr);
    require(gateway_->connections.load() == 0);
    if (is_closed()) publish(false);
  }

 private:
  net::asio::io_context& context() { return worker_->executor().context(); }

  void make_worker(std::uint16_t reached) {
    const auto hosts = folder_.path() / "hosts";
    std::ofstream(hosts) << "127.0.0.1 web.example other.example casino.example\n";
    net::ResolverSettings resolver;
    resolver.servers = {"127.0.0.1:9"};
    resolver.hosts_files = {hosts};
    resolver.deadline = std::chrono::seconds(1);
    FlowSettings settings;
    settings.school = "School";
    settings.gateway = settings.via = "gate";
    settings.connect_ports = {443, reached};
    settings.unnamed.not_tls = UnnamedAnswer::judge;
    gateway_.reset(new Gateway{.settings = settings,
                               .resolver = resolver,
                               .guard = std::make_shared<const net::DestinationGuard>(),
                               .dialer = {},
                               .policy = *store_,
                               .breaches = *log_,
                               .decisions = nullptr,
                               .pages = *pages_,
                               .passes = {},
                               .clients = ClientTable(1000)});
    worker_ = std::move(*Worker::make(*gateway_));
    net::DestinationGuard::Settings guard{.allow_private = {}, .listening = {}, .own_addresses = {}};
    if (reached != 0) guard.allow_private = {*names::IpNetwork::parse("127.0.0.0/8")};
    worker_->outbound().dialer().set_guard(std::make_shared<const net::DestinationGuard>(std::move(guard)));
    work_.emplace(worker_->executor());
  }

  std::uint32_t inputs_ = 0;
  rules::test::TemporaryFolder folder_;
  std::unique_ptr<rules::test::TestLists> lists_;
  std::shared_ptr<const rules::PolicySnapshot> open_, closed_;
  std::unique_ptr<rules::PolicyStore> store_;
  std::unique_ptr<breaches::BreachLog> log_;
  std::unique_ptr<Pages> pages_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<Worker> worker_;
  std::optional<net::asio::executor_work_guard<net::Executor>> work_;
};

/// The one of this process, made anew from time to time.
inline SimulatedGateway& gateway_for_next_input(std::uint16_t reached = 0) {
  // OpenSSL first, so that it is still there when the last gateway ends with the process.
  static const bool cryptography = !sha256({}).empty();
  require(cryptography);
  static std::unique_ptr<SimulatedGateway> gateway;
  static int inputs = 0;
  if (!gateway || ++inputs % 5'000 == 0) {
    if (std::filesystem::exists("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
    gateway.reset();
    gateway = std::make_unique<SimulatedGateway>(reached);
  }
  return *gateway;
}

}  // namespace schoolgate::flow::fuzzing
