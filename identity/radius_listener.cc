#include "identity/radius_listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace schoolgate::identity {
namespace {

using names::IpAddress;

constexpr std::size_t kShortestRadiusSecret = 8;
constexpr std::chrono::minutes kQuiet{1};
/// How many datagrams are taken before the stop is looked at again.
constexpr int kBurst = 64;

Result<std::string> read_secret(const std::filesystem::path& file) {
  auto text = read_file(file, 4096);
  if (!text) return fail(Fault::config, text.error().what, "identity: radius: clients: secret_file");
  std::string secret = text->substr(0, text->find_first_of("\r\n"));
  if (secret.size() < kShortestRadiusSecret)
    return fail(Fault::config, "the RADIUS secret in " + file.string() + " has fewer than 8 characters",
                "write a longer one on its first line, and the same into the access points");
  return secret;
}

struct SocketName {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketName socket_name(const IpAddress& address, std::uint16_t port) {
  SocketName name;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(address.v4_host_order());
    std::memcpy(&name.storage, &v4, sizeof v4);
    name.length = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
    std::memcpy(&name.storage, &v6, sizeof v6);
    name.length = sizeof v6;
  }
  return name;
}

std::uint16_t port_of(const SocketName& name) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  std::memcpy(&v4, &name.storage, sizeof v4);
  std::memcpy(&v6, &name.storage, sizeof v6);
  return ntohs(name.storage.ss_family == AF_INET ? v4.sin_port : v6.sin6_port);
}

IpAddress address_of(const SocketName& name) {
  if (name.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &name.storage, sizeof v4);
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &name.storage, sizeof v6);
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, 16);
  return IpAddress::v6(bytes);
}

}  // namespace

Result<std::unique_ptr<RadiusListener>> RadiusListener::open(const RadiusSettings& settings, OnRequest on_request,
                                                             OnRefusal on_refusal, Now now) {
  std::unique_ptr<RadiusListener> listener(new RadiusListener);
  for (const RadiusClient& client : settings.clients) {
    auto secret = read_secret(client.secret_file);
    if (!secret) return std::unexpected(secret.error());
    listener->clients_.push_back({client.network, *std::move(secret)});
  }
  std::ranges::sort(listener->clients_, std::greater{},
                    [](const Client& client) { return client.network.prefix_length(); });
  listener->on_request_ = std::move(on_request);
  listener->on_refusal_ = std::move(on_refusal);
  listener->now_ = std::move(now);

  SocketName name = socket_name(settings.address, settings.port);
  const std::string where = settings.address.text() + " port " + std::to_string(settings.port);
  const int fd = ::socket(name.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  listener->socket_ = fd;
  if (fd < 0) return fail_errno("cannot listen for RADIUS on " + where, errno);
  if (::bind(fd, name.get(), name.length) != 0)
    return fail_errno("cannot listen for RADIUS on " + where, errno, "does another RADIUS server run here?");
  name.length = sizeof name.storage;
  if (::getsockname(fd, name.get(), &name.length) != 0)
    return fail_errno("cannot listen for RADIUS on " + where, errno);
  listener->port_ = port_of(name);
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("cannot make a pipe", errno);
  listener->wake_read_ = pipe[0];
  listener->wake_write_ = pipe[1];
  return listener;
}

RadiusListener::~RadiusListener() {
  stop();
  for (const int fd : {socket_, wake_read_, wake_write_})
    if (fd >= 0) ::close(fd);
}

void RadiusListener::start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    name_this_thread("radius");
    serve(stop);
  });
}

void RadiusListener::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  [[maybe_unused]] const auto written = ::write(wake_write_, "", 1);
  thread_.join();
}

void RadiusListener::serve(std::stop_token stop) {
  std::array<std::uint8_t, kLongestRadiusPacket + 1> buffer;
  while (!stop.stop_requested()) {
    pollfd ready[2] = {{socket_, POLLIN, 0}, {wake_read_, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) {
      log::error("RADIUS listener ended", {{"why", std::strerror(errno)}});
      return;
    }
    for (int taken = 0; taken < kBurst && !stop.stop_requested(); ++taken) {
      SocketName peer;
      peer.length = sizeof peer.storage;
      const auto got = ::recvfrom(socket_, buffer.data(), buffer.size(), 0, peer.get(), &peer.length);
      if (got < 0) break;
      take({buffer.data(), std::size_t(got)}, peer.get(), peer.length, address_of(peer));
    }
  }
}

void RadiusListener::take(std::span<const std::uint8_t> datagram, const void* peer, unsigned peer_length,
                          const IpAddress& from) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  const auto client = std::ranges::find_if(clients_, [&](const Client& known) { return known.network.contains(from); });
  if (client == clients_.end()) return refuse(RadiusRefusal::unknown_sender, from);
  const auto request = read_accounting_request(datagram, client->secret);
  if (!request) return refuse(request.error(), from);
  const auto refusal = memory_.look(*request, from, now_());
  if (refusal) refuse(*refusal, from);
  if (refusal == RadiusRefusal::stale) return;
  if (!refusal) on_request_(*request, from);
  const auto answer = accounting_response(*request, client->secret);
  if (answer && ::sendto(socket_, answer->data(), answer->size(), MSG_NOSIGNAL, static_cast<const sockaddr*>(peer),
                         peer_length) == ssize_t(answer->size()))
    answered_.fetch_add(1, std::memory_order_relaxed);
}

void RadiusListener::refuse(RadiusRefusal refusal, const IpAddress& from) {
  refused_[std::size_t(refusal)].fetch_add(1, std::memory_order_relaxed);
  if (refusal == RadiusRefusal::repeated) return;  // retransmissions are everyday life
  const TimePoint now = now_();
  if (last_logged_ != TimePoint{} && now - last_logged_ < kQuiet) return;
  last_logged_ = now;
  const char* next = refusal == RadiusRefusal::stale          ? "set the clock of the access point (NTP)"
                     : refusal == RadiusRefusal::wrong_secret ? "the secret is another one, or packets are forged"
                     : refusal == RadiusRefusal::unknown_sender
                         ? "add it to identity: radius: clients, or find out which device sends this"
                         : "";
  log::warning("RADIUS packet refused", {{"from", from.text()}, {"why", to_string(refusal)}, {"next", next}});
  if (on_refusal_) on_refusal_(refusal, from);
}

RadiusCounters RadiusListener::counters() const {
  RadiusCounters counters{.requests = requests_.load(std::memory_order_relaxed),
                          .answered = answered_.load(std::memory_order_relaxed)};
  for (std::size_t i = 0; i < kRadiusRefusals; ++i) counters.refused[i] = refused_[i].load(std::memory_order_relaxed);
  return counters;
}

}  // namespace schoolgate::identity
