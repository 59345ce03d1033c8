// A browser as plain as can be, for the tests of the web server: one blocking TCP connection on loopback.
//
// One thread. Reads have a time limit, so a server that says nothing fails a test instead of hanging it.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace schoolgate::web {

struct Answered {
  int status = 0;
  std::string head;  ///< with the status line
  std::string body;

  /// The first header of that name (as the server writes it), or empty.
  [[nodiscard]] std::string header(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(std::size_t(sent));
    }
  }

  /// The next answer; nothing when the server closes or says nothing for ten seconds.
  [[nodiscard]] std::optional<Answered> receive(bool head_only = false) {
    Answered answer;
    std::size_t end = 0;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return std::nullopt;
    answer.head = held_.substr(0, end + 2);
    held_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + 9);
    const std::string length = answer.header("Content-Length");
    const std::size_t size = length.empty() || head_only ? 0 : std::size_t(std::atoll(length.c_str()));
    while (held_.size() < size)
      if (!more()) return std::nullopt;
    answer.body = held_.substr(0, size);
    held_.erase(0, size);
    return answer;
  }

  [[nodiscard]] std::optional<Answered> ask(std::string_view request) {
    send(request);
    return receive();
  }
  [[nodiscard]] std::optional<Answered> get(std::string_view target, std::string_view headers = {}) {
    return ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: gate.example\r\n" + std::string(headers) + "\r\n");
  }
  [[nodiscard]] std::optional<Answered> post(std::string_view target, std::string_view body,
                                             std::string_view headers = {}) {
    return ask("POST " + std::string(target) + " HTTP/1.1\r\nHost: gate.example\r\nContent-Type: " +
               "application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
               std::string(headers) + "\r\n" + std::string(body));
  }

  /// True when the server has closed the connection (within ten seconds); what it still sent is thrown away.
  [[nodiscard]] bool sees_end() {
    while (true) {
      held_.clear();
      pollfd poll{fd_, POLLIN, 0};
      if (::poll(&poll, 1, 10'000) != 1) return false;
      char bytes[4096];
      if (::recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
    }
  }

 private:
  bool more() {
    pollfd poll{fd_, POLLIN, 0};
    if (::poll(&poll, 1, 10'000) != 1) return false;
    char bytes[16 * 1024];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    held_.append(bytes, std::size_t(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string held_;
};

}  // namespace schoolgate::web
