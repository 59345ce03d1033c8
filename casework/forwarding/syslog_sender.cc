#include "casework/forwarding/syslog_sender.h"

#include <curl/curl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>

#include "casework/forwarding/syslog_message.h"

namespace schoolgate::casework {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kWait{10};
constexpr int kLookMilliseconds = 200;            // milliseconds between two looks at `stopping`
constexpr std::size_t kDatagram = 60 * 1024;      // under what IPv4 carries
constexpr std::size_t kPieceAtOnce = 256 * 1024;  // messages joined into one write

struct CloseCurl {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
};
struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

std::unexpected<Error> unreachable(const ForwardSettings& to, const std::string& why) {
  return fail(Fault::upstream, "the collector at " + to.host + ':' + std::to_string(to.port) + ": " + why,
              "check forward.syslog and the collector");
}

std::string bracketed(const std::string& host) { return host.contains(':') ? '[' + host + ']' : host; }

}  // namespace

struct SyslogSender::Impl {
  ForwardSettings settings;
  const std::atomic<bool>& stopping;
  std::unique_ptr<CURL, CloseCurl> stream;
  int datagrams = -1;
  char curl_words[CURL_ERROR_SIZE] = {};

  ~Impl() { close(); }
  void close() {
    stream.reset();
    if (datagrams >= 0) ::close(datagrams);
    datagrams = -1;
  }

  Result<void> connect_stream();
  Result<void> connect_datagrams();
  Result<void> wait_for(short events, Clock::time_point until);
  bool peer_has_gone();
  Result<void> write(std::string_view bytes);
  Result<bool> send_stream(std::span<const std::string> messages);
  Result<bool> send_datagrams(std::span<const std::string> messages);
};

Result<void> SyslogSender::Impl::connect_stream() {
  [[maybe_unused]] static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  stream.reset(curl_easy_init());
  CURL* curl = stream.get();
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
  const bool tls = settings.transport == ForwardSettings::Transport::tls;
  // CONNECT_ONLY: libcurl resolves, connects and verifies; what goes over the connection is ours.
  const std::string url =
      (tls ? "https://" : "http://") + bracketed(settings.host) + ':' + std::to_string(settings.port);
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SSL_ENABLE_ALPN, 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, long(std::chrono::milliseconds(kWait).count()));
  set(CURLOPT_TIMEOUT_MS, long(std::chrono::milliseconds(kWait).count()));
  set(CURLOPT_ERRORBUFFER, curl_words);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stopping));
  set(
      CURLOPT_XFERINFOFUNCTION, +[](void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> int {
        return static_cast<const std::atomic<bool>*>(stopping)->load();
      });
  if (!settings.authority.empty()) {
    set(CURLOPT_CAINFO, settings.authority.c_str());
    set(CURLOPT_CAPATH, nullptr);
  }
  curl_words[0] = '\0';
  if (const CURLcode done = curl_easy_perform(curl); done != CURLE_OK) {
    const std::string why = curl_words[0] != '\0' ? curl_words : curl_easy_strerror(done);
    close();
    return unreachable(settings, why);
  }
  return {};
}

Result<void> SyslogSender::Impl::wait_for(short events, Clock::time_point until) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(stream.get(), CURLINFO_ACTIVESOCKET, &socket);
  while (!stopping && Clock::now() < until) {
    pollfd waiting{.fd = socket, .events = events, .revents = 0};
    if (::poll(&waiting, 1, kLookMilliseconds) > 0) return {};
  }
  return unreachable(settings, stopping ? "the gateway stops" : "nothing was taken for ten seconds");
}

// A collector never sends anything: bytes or an end mean that it is going, and what is written now would be lost
// without an error.
bool SyslogSender::Impl::peer_has_gone() {
  char byte = 0;
  std::size_t got = 0;
  return curl_easy_recv(stream.get(), &byte, 1, &got) != CURLE_AGAIN;
}

Result<void> SyslogSender::Impl::write(std::string_view bytes) {
  const auto until = Clock::now() + kWait;
  while (!bytes.empty()) {
    std::size_t taken = 0;
    const CURLcode done = curl_easy_send(stream.get(), bytes.data(), bytes.size(), &taken);
    bytes.remove_prefix(taken);
    if (done == CURLE_AGAIN) {
      if (auto ready = wait_for(POLLOUT, until); !ready) return ready;
    } else if (done != CURLE_OK) {
      return unreachable(settings, curl_easy_strerror(done));
    }
  }
  return {};
}

Result<bool> SyslogSender::Impl::send_stream(std::span<const std::string> messages) {
  if (stream && peer_has_gone()) close();
  const bool is_new = !stream;
  if (is_new)
    if (auto connected = connect_stream(); !connected) return std::unexpected(std::move(connected.error()));
  std::string piece;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    piece += octet_counted(messages[i]);
    if (piece.size() < kPieceAtOnce && i + 1 < messages.size()) continue;
    if (auto written = write(piece); !written) return std::unexpected(std::move(written.error()));
    piece.clear();
  }
  return is_new;
}

Result<void> SyslogSender::Impl::connect_datagrams() {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(settings.host.c_str(), std::to_string(settings.port).c_str(), &wanted, &list);
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  if (failed != 0) return unreachable(settings, ::gai_strerror(failed));
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    datagrams = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (datagrams >= 0 && ::connect(datagrams, at->ai_addr, at->ai_addrlen) == 0) return {};
    close();
  }
  return unreachable(settings, "no way there");
}

Result<bool> SyslogSender::Impl::send_datagrams(std::span<const std::string> messages) {
  if (datagrams < 0)
    if (auto connected = connect_datagrams(); !connected) return std::unexpected(std::move(connected.error()));
  for (const std::string& message : messages)
    if (::send(datagrams, message.data(), std::min(message.size(), kDatagram), MSG_NOSIGNAL) < 0)
      return fail_errno("cannot send to the collector at " + settings.host, errno);
  return true;
}

SyslogSender::SyslogSender(ForwardSettings settings, const std::atomic<bool>& stopping)
    : impl_(new Impl{.settings = std::move(settings), .stopping = stopping, .stream = {}}) {}
SyslogSender::~SyslogSender() = default;

bool SyslogSender::has_gone() { return !impl_->stream || impl_->peer_has_gone(); }

Result<bool> SyslogSender::send(std::span<const std::string> messages) {
  if (messages.empty()) return true;
  auto sent = impl_->settings.transport == ForwardSettings::Transport::udp ? impl_->send_datagrams(messages)
                                                                           : impl_->send_stream(messages);
  if (!sent) impl_->close();
  return sent;
}

}  // namespace schoolgate::casework
