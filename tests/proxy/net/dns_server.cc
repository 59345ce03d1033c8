#include "tests/proxy/net/dns_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "proxy/net/endpoint.h"
#include "proxy/net/file_descriptor.h"

extern char** environ;

namespace schoolgate::net {
namespace {

// Free for UDP and for TCP: dnsmasq listens to both.
std::uint16_t free_port() {
  for (int tries = 0; tries < 50; ++tries) {
    const SocketAddress any = to_socket_address({*names::IpAddress::parse("127.0.0.1"), 0});
    const FileDescriptor udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (::bind(udp.get(), any.get(), any.length) != 0) break;
    const std::uint16_t port = local_endpoint(udp.get())->port;
    const SocketAddress same = to_socket_address({*names::IpAddress::parse("127.0.0.1"), port});
    const FileDescriptor tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(tcp.get(), same.get(), same.length) == 0) return port;
  }
  throw std::runtime_error("no free port");
}

}  // namespace

DnsServer::DnsServer(const std::vector<std::string>& options, std::uint16_t port)
    : port_(port != 0 ? port : free_port()) {
  std::vector<std::string> words = {"dnsmasq",
                                    "--keep-in-foreground",
                                    "--conf-file=/dev/null",
                                    "--no-resolv",
                                    "--no-hosts",
                                    "--pid-file",
                                    "--log-facility=-",
                                    "--bind-interfaces",
                                    "--user=",
                                    "--listen-address=127.0.0.1",
                                    "--port=" + std::to_string(port_)};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const FileDescriptor log(ends[0]);
  FileDescriptor child_end(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, child_end.get(), 2);
  // Debian keeps it in /usr/sbin, which is not on everybody's path.
  int failed = ::posix_spawn(&pid_, "/usr/sbin/dnsmasq", &actions, nullptr, arguments.data(), environ);
  if (failed != 0) failed = ::posix_spawnp(&pid_, "dnsmasq", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("dnsmasq does not start: install dnsmasq-base");
  child_end.reset();

  std::string said;
  char piece[512];
  while (said.find("started") == std::string::npos) {
    const ssize_t n = ::read(log.get(), piece, sizeof piece);
    if (n <= 0) throw std::runtime_error("dnsmasq did not start: " + said);
    said.append(piece, std::size_t(n));
  }
}

void DnsServer::stop() noexcept {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace schoolgate::net
