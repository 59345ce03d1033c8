// Load inside TLS inside CONNECT, for the inspection part of the benchmark: raw epoll and OpenSSL, one thread. It
// believes every certificate and resumes nothing, and measures nothing but how much it got done; inspection.py reads
// the proxy's CPU time.
//
//   tls_loadgen WORK --proxy PORT --to NAME:PORT [options]     drives WORK and prints {"done":N,"errors":N,"seconds":S}
//     WORK: new     CONNECT, a full TLS 1.3 handshake, one GET, close
//           keep    one GET after another on kept connections
//           idle    opens --connections; once all have shaken hands each asks once, a few at a time; prints a line and
//                   keeps them until standard input ends
//     --http2           speak HTTP/2 inside, --streams requests at once on each connection
//     --names N         the % in NAME is 0 to N-1, by turns
//     --path PATH --agent TEXT --connections N --count N --seconds S
//
// The HTTP/2 in it is no more than a benchmark needs: requests that differ in nothing, answers judged by their status.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/loopback.h"

namespace {

using schoolgate::load::die;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string work, to, path = "/", agent = "bench";
  std::uint16_t proxy = 0;
  int connections = 32, streams = 10, names = 1;
  std::uint64_t count = 0;
  double seconds = 3;
  bool http2 = false;
};

// What one run has come to; the clients share it.
struct Run {
  const Options& options;
  SSL_CTX* context;
  int epoll;
  Clock::time_point begin = Clock::now();
  std::uint64_t started = 0, done = 0, errors = 0, ready = 0;
  bool may_ask = true;  // idle: false until all have shaken hands
  std::string first_error{};

  [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin).count(); }
  /// Whether one more request should begin; counts it.
  [[nodiscard]] bool begin_one() {
    const bool again = options.count != 0 ? started < options.count : elapsed() < options.seconds;
    started += again;
    return again;
  }
  void error(std::string text) {
    if (errors++ == 0) first_error = std::move(text);
  }
};

// --- HTTP/1.1 and HTTP/2, as far as a client needs them here
// ----------------------------------------------------------

/// What a connection says and hears once TLS stands.
class Talk {
 public:
  virtual ~Talk() = default;
  virtual void begin(std::string&) {}
  /// One more request.
  virtual void ask(std::string& out) = 0;
  /// Reads `data`; how many answers ended in it, or -1 when it is not what must come. Words of the protocol to itself
  /// go to `out`.
  virtual int hear(std::string_view data, std::string& out) = 0;
};

class Http1 final : public Talk {
 public:
  Http1(std::string_view authority, const Options& options)
      : request_("GET " + options.path + " HTTP/1.1\r\nHost: " + std::string(authority) +
                 "\r\nUser-Agent: " + options.agent + "\r\nAccept: */*\r\n\r\n") {}

  void ask(std::string& out) override { out += request_; }

  int hear(std::string_view data, std::string&) override {
    if (left_ == 0) {
      const std::size_t before = head_.size();
      head_ += data;
      const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
      if (end == std::string::npos) return head_.size() < 65536 ? 0 : -1;
      data.remove_prefix(end + 4 - before);
      head_.resize(end + 4);
      left_ = length();
      if (!head_.starts_with("HTTP/1.1 200 ") || left_ == 0) return -1;
      head_.clear();
    }
    if (data.size() > left_) return -1;  // nothing was asked that this could answer
    left_ -= data.size();
    return left_ == 0;
  }

 private:
  [[nodiscard]] std::uint64_t length() const {
    constexpr std::string_view kName = "\r\ncontent-length:";
    for (std::size_t at = 0; at + kName.size() < head_.size(); ++at)
      if (::strncasecmp(head_.data() + at, kName.data(), kName.size()) == 0)
        return std::strtoull(head_.data() + at + kName.size(), nullptr, 10);
    return 0;
  }

  std::string request_, head_;
  std::uint64_t left_ = 0;  // of the body
};

// RFC 9113 and RFC 7541. The first request puts its fields into the dynamic table, all others name them by number, as
// browsers do.
class Http2 final : public Talk {
 public:
  Http2(std::string_view authority, const Options& options) {
    first_ = "\x82\x87";  // :method GET, :scheme https
    add_field(first_, 4, options.path);
    add_field(first_, 1, authority);
    add_field(first_, 58, options.agent);
    add_field(first_, 19, "*/*");
    other_ = "\x82\x87\xc1\xc0\xbf\xbe";  // the four from the dynamic table, the youngest is number 62
  }

  void begin(std::string& out) override {
    out += "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    frame(out, kSettings, 0, 0, std::string_view("\0\x04\0\x10\0\0", 6));      // a window of 1 MiB a stream
    frame(out, kWindowUpdate, 0, 0, std::string_view("\x7f\xff\x00\x00", 4));  // and 2 GiB in all
  }

  void ask(std::string& out) override {
    frame(out, kHeaders, kEndStream | kEndHeaders, stream_, stream_ == 1 ? first_ : other_);
    stream_ += 2;
  }

  int hear(std::string_view data, std::string& out) override {
    int ended = 0;
    received_ += data;
    std::string_view rest = received_;
    while (rest.size() >= 9) {
      const auto octet = [&](std::size_t at) { return std::size_t(static_cast<unsigned char>(rest[at])); };
      const std::size_t size = octet(0) << 16 | octet(1) << 8 | octet(2), kind = octet(3), flags = octet(4);
      if (rest.size() < 9 + size) break;
      const std::string_view payload = rest.substr(9, size);
      rest.remove_prefix(9 + size);
      if (kind == kSettings && !(flags & kAck)) frame(out, kSettings, kAck, 0, {});
      if (kind == kPing && !(flags & kAck)) frame(out, kPing, kAck, 0, payload);
      if (kind == kReset || kind == kGoAway) return -1;
      if (kind == kHeaders && !is_ok(payload)) return -1;
      if ((kind == kHeaders || kind == kData) && (flags & kEndStream)) ++ended;
    }
    received_.erase(0, received_.size() - rest.size());
    return ended;
  }

 private:
  enum : std::uint8_t { kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7, kWindowUpdate = 8 };
  enum : std::uint8_t { kAck = 1, kEndStream = 1, kEndHeaders = 4 };

  static void frame(std::string& out, std::uint8_t kind, int flags, std::uint32_t stream, std::string_view payload) {
    for (const std::size_t octet :
         {payload.size() >> 16, payload.size() >> 8, payload.size(), std::size_t(kind), std::size_t(flags),
          std::size_t(stream >> 24), std::size_t(stream >> 16), std::size_t(stream >> 8), std::size_t(stream)})
      out += char(octet & 0xff);
    out += payload;
  }

  /// A field whose name is in the static table, put into the dynamic one; shorter than 127.
  static void add_field(std::string& out, int name, std::string_view value) {
    out += char(0x40 | name);
    out += char(value.size() & 0x7f);
    out += value.substr(0, 126);
  }

  /// Status 200, which has a number of its own (8); a change of the table's size may stand before it.
  static bool is_ok(std::string_view block) {
    while (!block.empty() && (block[0] & 0xe0) == 0x20) {
      std::size_t size = 1;
      if ((block[0] & 0x1f) == 0x1f)
        while (size < block.size() && (block[size++] & 0x80)) {
        }
      block.remove_prefix(size);
    }
    return !block.empty() && block[0] == '\x88';
  }

  std::string first_, other_, received_;
  std::uint32_t stream_ = 1;
};

// --- one connection
// ---------------------------------------------------------------------------------------------------

class Client {
 public:
  explicit Client(Run& run) : run_(run) {}
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start() {
    static int next = 0;
    std::string to = run_.options.to;
    if (const auto mark = to.find('%'); mark != std::string::npos)
      to.replace(mark, 1, std::to_string(next++ % run_.options.names));
    authority_ = to;
    fd_ = schoolgate::load::connect_from_next_address(run_.options.proxy);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
    if (::epoll_ctl(run_.epoll, EPOLL_CTL_ADD, fd_, &event) != 0) die("epoll_ctl");
    stage_ = Stage::connecting;
    out_ = "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n\r\n";
    received_.clear();
    open_ = 0;
  }

  void on_event(std::uint32_t events) {
    if (fd_ < 0) return;
    if (stage_ == Stage::connecting) {
      if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) return;
      stage_ = Stage::tunnel;
    }
    if (const char* wrong = go_on()) fail(wrong);
  }

  /// Idle connections ask their one question.
  void ask_now() {
    if (stage_ != Stage::talking) return;
    if (const char* wrong = ask() ? go_on() : "was not asked") fail(wrong);
  }

  [[nodiscard]] bool running() const { return fd_ >= 0; }

 private:
  enum class Stage { connecting, tunnel, handshake, talking };

  // As far as it goes without waiting; what went wrong, or null.
  const char* go_on() {
    if (stage_ == Stage::tunnel) {
      if (const char* wrong = open_tunnel()) return wrong;
    }
    if (stage_ == Stage::handshake) {
      ERR_clear_error();
      const int result = SSL_do_handshake(ssl_.get());
      if (result != 1) return waits(result) ? nullptr : "the handshake failed";
      if (!begin_talk()) return "not the protocol that was offered";
    }
    if (stage_ != Stage::talking) return nullptr;
    if (!write_some()) return "cannot be written to";
    return read_some();
  }

  const char* open_tunnel() {
    while (!out_.empty()) {
      const auto n = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN ? nullptr : "CONNECT cannot be sent";
      out_.erase(0, std::size_t(n));
    }
    std::array<char, 4096> buffer;
    const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n < 0) return errno == EAGAIN ? nullptr : "no answer to CONNECT";
    if (n == 0) return "closed after CONNECT";
    received_.append(buffer.data(), std::size_t(n));
    if (!received_.ends_with("\r\n\r\n")) return received_.size() < 4096 ? nullptr : "a long answer to CONNECT";
    if (!received_.starts_with("HTTP/1.1 200 ")) return "CONNECT was refused";
    ssl_.reset(SSL_new(run_.context));
    SSL_set_fd(ssl_.get(), fd_);
    SSL_set_connect_state(ssl_.get());
    SSL_set_tlsext_host_name(ssl_.get(), authority_.substr(0, authority_.rfind(':')).c_str());
    stage_ = Stage::handshake;
    return nullptr;
  }

  bool begin_talk() {
    if (run_.options.http2) {
      const unsigned char* protocol = nullptr;
      unsigned size = 0;
      SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
      if (std::string_view(reinterpret_cast<const char*>(protocol), size) != "h2") return false;
      talk_ = std::make_unique<Http2>(authority_, run_.options);
    } else {
      talk_ = std::make_unique<Http1>(authority_, run_.options);
    }
    stage_ = Stage::talking;
    talk_->begin(out_);
    ++run_.ready;
    if (!run_.may_ask) return true;
    const int at_once = run_.options.http2 && run_.options.work == "keep" ? run_.options.streams : 1;
    for (int i = 0; i < at_once && ask(); ++i) {
    }
    return true;
  }

  bool ask() {
    // A connection of `new` was counted when it began.
    if (run_.options.work == "keep" && !run_.begin_one()) return false;
    talk_->ask(out_);
    ++open_;
    return true;
  }

  bool waits(int result) {
    const int error = SSL_get_error(ssl_.get(), result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  }

  bool write_some() {
    while (!out_.empty()) {
      std::size_t n = 0;
      ERR_clear_error();
      const int result = SSL_write_ex(ssl_.get(), out_.data(), out_.size(), &n);
      if (result != 1) return waits(result);
      out_.erase(0, n);
    }
    return true;
  }

  const char* read_some() {
    static std::array<char, 256 * 1024> buffer;
    for (;;) {
      std::size_t n = 0;
      ERR_clear_error();
      const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &n);
      if (result != 1) return waits(result) ? nullptr : "closed before its answer";
      const int ended = talk_->hear({buffer.data(), n}, out_);
      if (ended < 0 || ended > open_) return "an answer that must not come";
      open_ -= ended;
      run_.done += std::uint64_t(ended);
      if (run_.options.work == "keep")
        for (int i = 0; i < ended && ask(); ++i) {
        }
      if (!write_some()) return "cannot be written to";
      if (open_ == 0 && ended > 0 && run_.options.work != "idle") return finish();
    }
  }

  const char* finish() {
    close();
    if (run_.options.work == "new" && run_.begin_one()) start();
    return nullptr;
  }

  void fail(std::string_view wrong) {
    run_.error(authority_ + ": " + std::string(wrong) + " (" + received_.substr(0, received_.find('\r')) + ")");
    close();
  }

  void close() {
    if (fd_ < 0) return;
    if (ssl_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ssl_.reset();
    talk_.reset();
    ::close(fd_);
    fd_ = -1;
  }

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  Run& run_;
  int fd_ = -1;
  Stage stage_ = Stage::connecting;
  std::string authority_, out_, received_;
  std::unique_ptr<SSL, Free> ssl_;
  std::unique_ptr<Talk> talk_;
  int open_ = 0;  // requests without an answer
};

// --- the command
// ------------------------------------------------------------------------------------------------------

SSL_CTX* make_context(bool http2) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  const std::string_view protocol = http2 ? "\x02h2" : "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocol.data()), unsigned(protocol.size()));
  return context;
}

int drive(const Options& options) {
  Run run{options, make_context(options.http2), ::epoll_create1(EPOLL_CLOEXEC)};
  const bool idles = options.work == "idle";
  run.may_ask = !idles;
  std::vector<std::unique_ptr<Client>> clients;
  std::array<epoll_event, 256> events;
  std::size_t asked = 0;  // of those that idle
  for (bool more = true; more && run.errors < 20 && run.elapsed() < 120;) {
    // A few connections at a time, so that no listener's queue overflows.
    const auto wanted = std::min(clients.size() + 32, std::size_t(options.connections));
    while (clients.size() < wanted && (!idles || clients.size() < run.ready + 64)) {
      if (options.work == "new" && !run.begin_one()) break;
      clients.push_back(std::make_unique<Client>(run));
      clients.back()->start();
    }
    const int n = ::epoll_wait(run.epoll, events.data(), int(events.size()), 100);
    for (int i = 0; i < n; ++i)
      static_cast<Client*>(events[std::size_t(i)].data.ptr)->on_event(events[std::size_t(i)].events);
    if (idles) {
      if (run.ready == std::uint64_t(options.connections)) run.may_ask = true;
      // A few at a time: what many requests at once take is not what idle connections take.
      for (; run.may_ask && asked < clients.size() && asked < run.done + run.errors + 16; ++asked)
        clients[asked]->ask_now();
      more = run.done + run.errors < std::uint64_t(options.connections);
    } else {
      more = false;
      for (const auto& client : clients) more = more || client->running();
    }
  }
  std::printf("{\"done\":%llu,\"errors\":%llu,\"seconds\":%.3f}\n", static_cast<unsigned long long>(run.done),
              static_cast<unsigned long long>(run.errors), run.elapsed());
  std::fflush(stdout);
  if (run.errors > 0) std::fprintf(stderr, "tls_loadgen: first error: %s\n", run.first_error.c_str());
  if (idles) {
    while (std::getchar() != EOF) {
    }
  }
  return run.errors == 0 && run.done > 0 ? 0 : 1;
}

Options read_options(int argc, char** argv) {
  Options options;
  if (argc > 1) options.work = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string_view key = argv[i];
    if (key == "--http2") {
      options.http2 = true;
      continue;
    }
    const char* value = i + 1 < argc ? argv[++i] : "";
    if (key == "--proxy")
      options.proxy = std::uint16_t(std::atoi(value));
    else if (key == "--to")
      options.to = value;
    else if (key == "--path")
      options.path = value;
    else if (key == "--agent")
      options.agent = value;
    else if (key == "--names")
      options.names = std::atoi(value);
    else if (key == "--streams")
      options.streams = std::atoi(value);
    else if (key == "--connections")
      options.connections = std::atoi(value);
    else if (key == "--seconds")
      options.seconds = std::atof(value);
    else if (key == "--count")
      options.count = std::strtoull(value, nullptr, 10);
    else
      options.work.clear();
  }
  const bool known = options.work == "new" || options.work == "keep" || options.work == "idle";
  if (!known || options.proxy == 0 || options.to.empty()) {
    std::fputs("usage: tls_loadgen new|keep|idle --proxy PORT --to NAME:PORT [options]\n", stderr);
    std::exit(2);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  schoolgate::load::raise_descriptor_limit();
  return drive(read_options(argc, argv));
}
