#include "proxy/net/linux/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace schoolgate::net {
namespace {

std::optional<long long> number_from_environment(const char* name) noexcept {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  long long value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || stop != end || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager out;
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // sd_notify(3): an absolute path, or '@' and a name in the abstract namespace.
  if (path == nullptr || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address.sun_path) return out;
  std::memcpy(address.sun_path, path, std::strlen(path));
  if (path[0] == '@') address.sun_path[0] = '\0';
  const auto length = socklen_t(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  FileDescriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return out;
  out.socket_ = std::move(fd);

  const auto pid = number_from_environment("WATCHDOG_PID");
  if (const auto limit = number_from_environment("WATCHDOG_USEC"); limit && (!pid || *pid == ::getpid()))
    out.interval_ = std::chrono::microseconds(*limit / 2);
  return out;
}

void ServiceManager::reloading() const noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  char message[64] = "RELOADING=1\nMONOTONIC_USEC=";
  const std::size_t used = std::strlen(message);
  const auto [end, error] =
      std::to_chars(message + used, message + sizeof message, now.tv_sec * 1'000'000LL + now.tv_nsec / 1000);
  if (error == std::errc{}) send({message, std::size_t(end - message)});
}

void ServiceManager::stopping(std::chrono::seconds at_most) const noexcept {
  char message[64] = "STOPPING=1\nEXTEND_TIMEOUT_USEC=";
  const std::size_t used = std::strlen(message);
  const auto [end, error] = std::to_chars(message + used, message + sizeof message,
                                          std::chrono::duration_cast<std::chrono::microseconds>(at_most).count());
  if (error == std::errc{}) send({message, std::size_t(end - message)});
}

void ServiceManager::status(std::string_view text) const {
  std::string message = "STATUS=" + std::string(text);
  for (char& c : message)
    if (c == '\n') c = ' ';  // a line would be another assignment
  send(message);
}

void ServiceManager::send(std::string_view message) const noexcept {
  if (socket_) (void)::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace schoolgate::net
