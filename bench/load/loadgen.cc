// Load for the proxy benchmark, and the origin of its tunnels: raw epoll, one thread, so that it costs as little as it
// can beside the proxy that is being measured. It measures nothing but how much it got done; run.py reads the proxy's
// CPU time.
//
//   loadgen origin PORT                             the far end of tunnels: answers a hello with a flight, then a page
//   loadgen WORK --proxy PORT [options]             drives WORK and prints {"done":N,"errors":N,"seconds":S}
//     WORK: get       one request after another on kept-alive connections
//           new       a connection for every request
//           tunnel    CONNECT, ClientHello and its answer, a request and its answer, close
//           bulk      --bytes through one tunnel after another
//           idle      opens --connections tunnels, prints a line, keeps them until standard input ends; with --url
//                     kept-alive connections that asked for it once
//           paced     --connections that each ask, rest for about --rest seconds and ask again; also prints how long
//                     answers took, in milliseconds: "p50", "p99", "worst"
//     --url URL --status N         what get, new and paced ask for, and the answer that must come (200)
//     --name NAME --origin PORT    where tunnels lead; --no-connect leaves out CONNECT (for a proxy that has none)
//     --connections N --seconds S --count N --bytes N
//
// What paced says an answer took begins when it was due, not when it was sent: a load that is late itself hides
// nothing.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/load/loopback.h"

namespace {

using schoolgate::load::connect_from_next_address;
using schoolgate::load::die;
using schoolgate::load::loopback;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kFlight = 3000;  // what the origin answers to a hello: ServerHello, certificate, Finished
constexpr std::size_t kRequest = 230;  // Finished and a request, as the client sends them
constexpr std::size_t kPage = 1024;    // the answer to that request

void put16(std::string& out, std::size_t value) {
  out += char(value >> 8);
  out += char(value & 0xff);
}

// A ClientHello as a browser's in size and shape: one record of about 1,800 bytes, as with a post-quantum key share.
std::string client_hello(std::string_view name) {
  std::string extensions;
  const auto extension = [&](int kind, std::string_view data) {
    put16(extensions, std::size_t(kind));
    put16(extensions, data.size());
    extensions += data;
  };
  std::string server_name;
  put16(server_name, name.size() + 3);
  server_name += '\0';
  put16(server_name, name.size());
  server_name += name;
  extension(23, "");
  extension(51, std::string(1263, '\x5a'));
  extension(0, server_name);
  extension(16, std::string_view("\0\x0c\x02h2\x08http/1.1", 14));
  extension(43, std::string_view("\x04\x03\x04\x03\x03", 5));
  extension(13, std::string_view("\0\x08\x04\x03\x08\x04\x04\x01\x05\x03", 10));
  extension(21, std::string(200, '\0'));

  std::string body("\x03\x03", 2);
  body += std::string(32, '\x11');           // random
  body += '\x20' + std::string(32, '\x22');  // session id
  body += std::string_view("\0\x06\x13\x01\x13\x02\xc0\x2b", 8);
  body += std::string_view("\x01\0", 2);  // no compression
  put16(body, extensions.size());
  body += extensions;

  std::string hello("\x16\x03\x01", 3);
  put16(hello, body.size() + 4);
  hello += std::string_view("\x01\0", 2);
  put16(hello, body.size());
  return hello + body;
}

// --- what a client does, as a list of exchanges ----------------------------------------------------------------------

struct Exchange {
  std::string send;
  enum class Expect { head, answer, bytes } expect = Expect::answer;
  std::uint64_t bytes = 0;  // for bytes
  int status = 200;         // for head and answer
};

struct Script {
  std::vector<Exchange> exchanges;
  bool keeps_connection = false;  // the exchanges are repeated on the same connection
  bool holds = false;             // after the last exchange the connection stays open, idle
  bool rests = false;             // after the last exchange it waits for resume()
};

// --- the client ------------------------------------------------------------------------------------------------------

struct Tally {
  std::uint64_t done = 0, errors = 0, held = 0;
  std::string first_error;
  void error(std::string text) {
    if (errors++ == 0) first_error = std::move(text);
  }
};

class Client {
 public:
  Client(int epoll, std::uint16_t port, const Script& script, Tally& tally)
      : epoll_(epoll), port_(port), script_(script), tally_(tally) {}
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start() {
    fd_ = connect_from_next_address(port_);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event) != 0) die("epoll_ctl");
    connecting_ = true;
    begin(0);
  }

  // Returns false when this client's connection is over and it should not start another one.
  void on_event(std::uint32_t events, bool again) {
    if (fd_ < 0) return;
    if (connecting_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) connecting_ = false;
    if (connecting_) return;
    if (!write_some() || !read_some(again)) finish_with_error(again);
  }

  [[nodiscard]] bool running() const { return fd_ >= 0; }
  [[nodiscard]] bool resting() const { return resting_; }
  /// The exchanges once more, on the connection that rested. False when it is over.
  bool resume() {
    resting_ = false;
    begin(0);
    if (write_some()) return true;
    finish_with_error(false);
    return false;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  void begin(std::size_t exchange) {
    at_ = exchange;
    sent_ = 0, received_ = 0, wanted_ = 0;
    head_.clear();
  }

  bool write_some() {
    const std::string& data = script_.exchanges[at_].send;
    while (sent_ < data.size()) {
      const auto n = ::send(fd_, data.data() + sent_, data.size() - sent_, MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
      sent_ += std::size_t(n);
    }
    return true;
  }

  bool read_some(bool again) {
    static std::array<char, 256 * 1024> buffer;
    for (;;) {
      const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
      if (n == 0) return false;
      std::string_view data(buffer.data(), std::size_t(n));
      while (!data.empty()) {
        if (idle_ || resting_) return false;  // nothing may come that nobody asked for
        if (!take(data)) return false;
        if (complete_ && !next(again)) return true;
      }
    }
  }

  // Takes what belongs to the current exchange from the front of `data`; false on an answer that must not come.
  bool take(std::string_view& data) {
    const Exchange& exchange = script_.exchanges[at_];
    complete_ = false;
    if (exchange.expect != Exchange::Expect::bytes && wanted_ == 0) {
      const std::size_t before = head_.size();
      head_ += data;
      const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
      if (end == std::string::npos) {
        data = {};
        return head_.size() < 65536;
      }
      data.remove_prefix(end + 4 - before);
      head_.resize(end + 4);
      if (head_.size() < 12 || std::atoi(head_.c_str() + 9) != exchange.status) return false;
      received_ = 0;
      wanted_ = exchange.expect == Exchange::Expect::head ? 0 : content_length();
      if (wanted_ == kNoLength) return false;
      complete_ = wanted_ == 0;
      if (complete_) return true;
    } else if (wanted_ == 0) {
      wanted_ = exchange.bytes;
    }
    const auto n = std::min<std::uint64_t>(wanted_ - received_, data.size());
    received_ += n;
    data.remove_prefix(n);
    complete_ = received_ == wanted_;
    return true;
  }

  static constexpr std::uint64_t kNoLength = ~std::uint64_t{0};
  [[nodiscard]] std::uint64_t content_length() const {
    constexpr std::string_view kName = "\r\ncontent-length:";
    for (std::size_t at = 0; at + kName.size() < head_.size(); ++at) {
      if (::strncasecmp(head_.data() + at, kName.data(), kName.size()) == 0)
        return std::strtoull(head_.data() + at + kName.size(), nullptr, 10);
    }
    return kNoLength;
  }

  // The current exchange is complete: on to the next one. False when the connection is over or rests.
  bool next(bool again) {
    if (at_ + 1 < script_.exchanges.size()) return go_on(at_ + 1, again);
    ++tally_.done;
    if (script_.rests) {
      resting_ = true;
      return false;
    }
    if (script_.holds) {
      ++tally_.held;
      idle_ = true;
      return false;
    }
    if (script_.keeps_connection && again) return go_on(0, again);
    close();
    if (again) start();
    return false;
  }

  bool go_on(std::size_t exchange, bool again) {
    begin(exchange);
    if (write_some()) return true;
    finish_with_error(again);
    return false;
  }

  void finish_with_error(bool again) {
    std::string where = "exchange " + std::to_string(at_) + ": ";
    if (head_.empty())
      where += idle_ ? "an idle tunnel ended" : "closed after " + std::to_string(received_) + " bytes";
    else
      where += head_.substr(0, head_.find('\r'));
    tally_.error(std::move(where));
    close();
    if (again && tally_.errors < 100) start();
  }

  int epoll_, fd_ = -1;
  std::uint16_t port_;
  const Script& script_;
  Tally& tally_;
  bool connecting_ = false, complete_ = false, idle_ = false, resting_ = false;
  std::size_t at_ = 0, sent_ = 0;
  std::uint64_t received_ = 0, wanted_ = 0;
  std::string head_;
};

// --- the origin of tunnels
// --------------------------------------------------------------------------------------------

class Origin {
 public:
  explicit Origin(std::uint16_t port) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), hello_size_(client_hello_size()) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto address = loopback(INADDR_LOOPBACK, port);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 4096) != 0)
      die("listen");
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int n = ::epoll_wait(epoll_, events.data(), int(events.size()), -1);
      for (int i = 0; i < n; ++i) {
        if (events[std::size_t(i)].data.ptr == nullptr)
          accept_all();
        else
          serve(static_cast<Peer*>(events[std::size_t(i)].data.ptr));
      }
    }
  }

 private:
  struct Peer {
    int fd;
    std::size_t received = 0;  // of the current message
    bool greeted = false;
    std::uint64_t owed = 0;  // bytes that are still to be sent
    std::string request{};
  };

  // The name differs from run to run but not its length in run.py: every name there is as long as this one.
  static std::size_t client_hello_size();

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* peer = new Peer{.fd = fd};
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = peer}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void serve(Peer* peer) {
    static std::array<char, 65536> buffer;
    for (;;) {
      const auto n = ::recv(peer->fd, buffer.data(), buffer.size(), 0);
      if (n < 0 && errno == EAGAIN) break;
      if (n <= 0) {
        ::close(peer->fd);
        delete peer;
        return;
      }
      take(*peer, {buffer.data(), std::size_t(n)});
    }
    send_owed(*peer);
  }

  void take(Peer& peer, std::string_view data) {
    while (!data.empty()) {
      const std::size_t size = peer.greeted ? kRequest : hello_size_;
      const auto n = std::min(size - peer.received, data.size());
      if (peer.greeted) peer.request += data.substr(0, n);
      peer.received += n;
      data.remove_prefix(n);
      if (peer.received < size) return;
      peer.received = 0;
      // A request begins with the number of bytes that it wants, in decimal.
      peer.owed += peer.greeted ? std::strtoull(peer.request.c_str(), nullptr, 10) : kFlight;
      peer.greeted = true;
      peer.request.clear();
      send_owed(peer);
    }
  }

  static void send_owed(Peer& peer) {
    static const std::string filler(256 * 1024, 'x');
    while (peer.owed > 0) {
      const auto n = ::send(peer.fd, filler.data(), std::min<std::uint64_t>(peer.owed, filler.size()), MSG_NOSIGNAL);
      if (n < 0) return;
      peer.owed -= std::uint64_t(n);
    }
  }

  int epoll_, listener_ = -1;
  std::size_t hello_size_;
};

constexpr std::string_view kTunnelName = "tunnel.bench.example";

std::size_t Origin::client_hello_size() { return client_hello(kTunnelName).size(); }

// --- the command
// ------------------------------------------------------------------------------------------------------

struct Options {
  std::string work, url, name{kTunnelName};
  std::uint16_t proxy = 0, origin = 0;
  int status = 200, connections = 64;
  double seconds = 3, rest = 1;
  std::uint64_t count = 0, bytes = 100'000'000;
  bool connect = true;
};

Options read_options(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: loadgen origin PORT | loadgen get|new|tunnel|bulk|idle|paced --proxy PORT [options]\n", stderr);
    std::exit(2);
  }
  Options options;
  options.work = argv[1];
  if (options.work == "origin") {
    options.origin = std::uint16_t(std::atoi(argv[2]));
    return options;
  }
  for (int i = 2; i < argc; ++i) {
    const std::string_view key = argv[i];
    if (key == "--no-connect") {
      options.connect = false;
      continue;
    }
    const char* value = i + 1 < argc ? argv[++i] : "";
    if (key == "--proxy")
      options.proxy = std::uint16_t(std::atoi(value));
    else if (key == "--origin")
      options.origin = std::uint16_t(std::atoi(value));
    else if (key == "--url")
      options.url = value;
    else if (key == "--name")
      options.name = value;
    else if (key == "--status")
      options.status = std::atoi(value);
    else if (key == "--connections")
      options.connections = std::atoi(value);
    else if (key == "--seconds")
      options.seconds = std::atof(value);
    else if (key == "--rest")
      options.rest = std::atof(value);
    else if (key == "--count")
      options.count = std::strtoull(value, nullptr, 10);
    else if (key == "--bytes")
      options.bytes = std::strtoull(value, nullptr, 10);
    else {
      std::fprintf(stderr, "loadgen: unknown option %s\n", argv[i]);
      std::exit(2);
    }
  }
  return options;
}

Script script_for(const Options& options) {
  using enum Exchange::Expect;
  Script script;
  if (options.work == "get" || options.work == "new" || options.work == "paced" || !options.url.empty()) {
    const std::string_view url = options.url;
    const auto host = url.substr(7, url.find('/', 7) - 7);
    script.exchanges.push_back({.send = "GET " + options.url + " HTTP/1.1\r\nHost: " + std::string(host) +
                                        "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\nAccept: */*\r\n\r\n",
                                .expect = answer,
                                .status = options.status});
    script.keeps_connection = options.work == "get";
    script.holds = options.work == "idle";
    script.rests = options.work == "paced";
    return script;
  }
  if (options.connect) {
    const std::string authority = options.name + ":" + std::to_string(options.origin);
    script.exchanges.push_back(
        {.send = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n", .expect = head});
  }
  script.exchanges.push_back({.send = client_hello(options.name), .expect = bytes, .bytes = kFlight});
  const std::uint64_t size = options.work == "bulk" ? options.bytes : kPage;
  std::string request = std::to_string(size) + " ";
  request.resize(kRequest, '.');
  if (options.work != "idle") script.exchanges.push_back({.send = std::move(request), .expect = bytes, .bytes = size});
  script.holds = options.work == "idle";
  return script;
}

int drive(const Options& options) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const Script script = script_for(options);
  Tally tally;
  std::vector<std::unique_ptr<Client>> clients;
  const auto begin = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  std::array<epoll_event, 256> events;
  // With --count that many units are done, else as many as fit into --seconds; an idle tunnel is one unit.
  const std::uint64_t limit = script.holds ? std::uint64_t(options.connections) : options.count;
  for (bool more = true; more;) {
    // A few connections at a time, so that no listener's queue overflows.
    for (int i = 0; i < 64 && clients.size() < std::size_t(options.connections); ++i) {
      clients.push_back(std::make_unique<Client>(epoll, options.proxy, script, tally));
      clients.back()->start();
    }
    const int n = ::epoll_wait(epoll, events.data(), int(events.size()), 100);
    for (int i = 0; i < n; ++i) {
      const auto running = std::uint64_t(options.connections);
      const bool again = limit != 0 ? tally.done + running <= limit : elapsed() < options.seconds;
      static_cast<Client*>(events[std::size_t(i)].data.ptr)
          ->on_event(events[std::size_t(i)].events, again && !script.holds);
    }
    if (tally.errors >= 100 || elapsed() > 120) break;
    if (script.holds) {
      more = tally.done + tally.errors < limit;
    } else {
      more = false;
      for (const auto& client : clients) more = more || client->running();
    }
  }
  std::printf("{\"done\":%llu,\"errors\":%llu,\"seconds\":%.3f}\n", static_cast<unsigned long long>(tally.done),
              static_cast<unsigned long long>(tally.errors), elapsed());
  std::fflush(stdout);
  if (tally.errors > 0) std::fprintf(stderr, "loadgen: first error: %s\n", tally.first_error.c_str());
  if (script.holds) {
    while (std::getchar() != EOF) {
    }
  }
  return tally.errors == 0 ? 0 : 1;
}

// Each connection asks at a time of its own, the first ones spread over one rest. Rests are between half and one and a
// half of --rest, so that no rhythm builds up.
int drive_paced(const Options& options) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const Script script = script_for(options);
  Tally tally;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<Clock::time_point> due;
  using Turn = std::pair<Clock::time_point, std::size_t>;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  std::vector<double> took;
  std::mt19937 chance(7);
  const auto rest_for = [&](double least, double most) {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(options.rest * std::uniform_real_distribution(least, most)(chance)));
  };
  const auto begin = Clock::now();
  for (int i = 0; i < options.connections; ++i) turns.emplace(begin + rest_for(0, 1), std::size_t(i));
  due.resize(std::size_t(options.connections));
  clients.resize(std::size_t(options.connections));
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  std::unordered_map<Client*, std::size_t> number;
  std::array<epoll_event, 256> events;
  std::size_t asked = 0;
  while (tally.errors < 100) {
    const auto now = Clock::now();
    while (now < end && !turns.empty() && turns.top().first <= now) {
      const auto [when, which] = turns.top();
      turns.pop();
      due[which] = when;
      ++asked;
      if (clients[which] != nullptr && clients[which]->running()) {
        clients[which]->resume();
        continue;
      }
      clients[which] = std::make_unique<Client>(epoll, options.proxy, script, tally);
      number[clients[which].get()] = which;
      clients[which]->start();
    }
    if (now >= end && (tally.done + tally.errors >= asked || now > end + std::chrono::seconds(30))) break;
    const int n = ::epoll_wait(epoll, events.data(), int(events.size()), 1);
    for (int i = 0; i < n; ++i) {
      auto* client = static_cast<Client*>(events[std::size_t(i)].data.ptr);
      const bool rested = client->resting();
      client->on_event(events[std::size_t(i)].events, false);
      if (rested || !client->resting()) continue;
      const std::size_t which = number[client];
      const auto answered = Clock::now();
      took.push_back(std::chrono::duration<double, std::milli>(answered - due[which]).count());
      turns.emplace(answered + rest_for(0.5, 1.5), which);
    }
  }
  std::ranges::sort(took);
  const auto part = [&](double share) {
    return took.empty() ? 0.0 : took[std::min(took.size() - 1, std::size_t(double(took.size()) * share))];
  };
  std::printf("{\"done\":%llu,\"errors\":%llu,\"seconds\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"worst\":%.3f}\n",
              static_cast<unsigned long long>(tally.done),
              static_cast<unsigned long long>(tally.errors + (asked - tally.done - tally.errors)),
              std::chrono::duration<double>(Clock::now() - begin).count(), part(0.5), part(0.99), part(1));
  if (tally.errors > 0) std::fprintf(stderr, "loadgen: first error: %s\n", tally.first_error.c_str());
  return tally.errors == 0 && tally.done == asked ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  schoolgate::load::raise_descriptor_limit();
  const Options options = read_options(argc, argv);
  if (options.work == "origin") Origin(options.origin).run();
  return options.work == "paced" ? drive_paced(options) : drive(options);
}
