#include "app/selftest_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "proxy/net/file_descriptor.h"

namespace schoolgate::app {
namespace {

using Clock = std::chrono::steady_clock;

ProbeAnswer no_answer(std::string_view what, int error) {
  return {.failure = std::string(what) + ": " + std::strerror(error)};
}

/// False when the deadline passed first.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, int(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/// "HTTP/1.1 403 …" is 403; nothing while the line is not whole or when it is no status line.
std::optional<int> status_of(std::string_view answer) {
  if (!answer.contains('\n') || !answer.starts_with("HTTP/1.") || answer.size() < 12 || answer[8] != ' ')
    return std::nullopt;
  int status = 0;
  for (const char c : answer.substr(9, 3)) {
    if (c < '0' || c > '9') return std::nullopt;
    status = 10 * status + (c - '0');
  }
  return status;
}

}  // namespace

std::string probe_head(const rules::Request& request) {
  const names::Url& url = request.url();
  std::string authority(url.host());
  std::string target = url.text();
  if (url.names_only()) {
    authority += ":" + std::to_string(url.port());
    target = authority;
  } else if (url.port() != 80) {
    authority += ":" + std::to_string(url.port());
  }
  return std::string(request.method()) + ' ' + target + " HTTP/1.1\r\nHost: " + authority +
         "\r\nUser-Agent: schoolgate-selftest\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

ProbeAnswer send_probe(const net::Endpoint& proxy, const names::IpAddress& from, std::string_view head,
                       std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const net::SocketAddress to = net::to_socket_address(proxy);
  const net::SocketAddress as = net::to_socket_address({from, 0});
  const net::FileDescriptor fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return no_answer("cannot make a socket", errno);
  if (::bind(fd.get(), as.get(), as.length) != 0) return no_answer("cannot send from " + from.text(), errno);
  if (::connect(fd.get(), to.get(), to.length) != 0 && errno != EINPROGRESS)
    return no_answer("cannot connect to " + proxy.text(), errno);
  if (!wait_for(fd.get(), POLLOUT, deadline)) return {.failure = "no connection to " + proxy.text() + " in time"};
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return no_answer("cannot connect to " + proxy.text(), error);

  while (!head.empty()) {
    const auto sent = ::send(fd.get(), head.data(), head.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      head.remove_prefix(std::size_t(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return no_answer("cannot send", errno);
    } else if (!wait_for(fd.get(), POLLOUT, deadline)) {
      return {.failure = "the gateway did not take the request in time"};
    }
  }
  std::string answer;
  char piece[512];
  while (answer.size() < 4096) {
    if (!wait_for(fd.get(), POLLIN, deadline)) return {.failure = "no answer in time"};
    const auto got = ::recv(fd.get(), piece, sizeof piece, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return no_answer("no answer", errno);
    if (got == 0) return {.failure = "the connection was closed without an answer"};
    answer.append(piece, std::size_t(got));
    if (const auto status = status_of(answer)) return {.status = *status, .failure = {}};
    if (answer.contains('\n')) break;
  }
  return {.failure = "the answer is not HTTP"};
}

}  // namespace schoolgate::app
