#include "app/claimed_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>
#include <system_error>

#include "base/file.h"
#include "config/plain_text.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

bool switch_on(int fd, int level, int option) {
  const int on = 1;
  return ::setsockopt(fd, level, option, &on, sizeof on) == 0;
}

// 0, or the error of bind().
int bind_alone(const net::Endpoint& at, net::FileDescriptor& out) {
  const bool v4 = at.address.is_v4();
  net::FileDescriptor fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress address = net::to_socket_address(at);
  if (!fd || !switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR) ||
      (!v4 && !switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY)) ||
      ::bind(fd.get(), address.get(), address.length) != 0 || !switch_on(fd.get(), SOL_SOCKET, SO_REUSEPORT))
    return errno;
  out = std::move(fd);
  return 0;
}

// The kernel's table of sockets: "sl local_address rem_address st … inode", addresses and states in hexadecimal.
std::set<std::string> sockets_listening_on(std::uint16_t port) {
  constexpr std::string_view kListens = "0A";
  char ending[8];
  std::snprintf(ending, sizeof ending, ":%04X", unsigned(port));
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::istringstream lines(read_file(table).value_or(std::string()));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
      if (state == kListens && local.ends_with(ending)) inodes.insert("socket:[" + inode + "]");
    }
  }
  return inodes;
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (sockets.contains(fs::read_symlink(entry->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::string listener_on(std::uint16_t port) {
  const auto sockets = sockets_listening_on(port);
  std::string likely;  // a gateway shows its descriptors to no other process
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !sockets.empty() && !error && entry != end;
       entry.increment(error)) {
    const std::string number = entry->path().filename().string();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string command = read_file(entry->path() / "cmdline", 64 << 10).value_or(std::string());
    std::ranges::replace(command, '\0', ' ');
    while (command.ends_with(' ')) command.pop_back();
    const std::string words = "process " + number + (command.empty() ? "" : ", " + config::printable(command, 200));
    if (holds_one_of(entry->path(), sockets)) return words;
    if (command.contains(" run ") && command.contains("--config") && number != std::to_string(::getpid()))
      likely += (likely.empty() ? "another process (running here: " : "; ") + words;
  }
  return likely.empty() ? likely : likely + ")";
}

Result<ClaimedPorts> ClaimedPorts::claim(const std::vector<net::Endpoint>& ports) {
  ClaimedPorts claimed;
  std::set<std::uint16_t> own;
  for (const net::Endpoint& at : ports) {
    net::FileDescriptor fd;
    const int error = bind_alone(at, fd);
    // Two addresses of one port may be one to the kernel; what it has against the rest, the workers are told.
    if (error == EADDRINUSE && !own.contains(at.port)) {
      const std::string holder = listener_on(at.port);
      return fail(Fault::config,
                  "cannot listen on " + at.text() + ": " + (holder.empty() ? "another process" : holder) +
                      " serves this port, with a state folder of its own or none",
                  "stop it, or choose another port for one of the two: listen in schoolgate.yaml");
    }
    if (error == 0) claimed.sockets_.push_back(std::move(fd));
    own.insert(at.port);
  }
  return claimed;
}

}  // namespace schoolgate::app
