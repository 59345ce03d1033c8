#include "tests/app/scratch_school.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

extern char** environ;

namespace schoolgate::app::test {
namespace {

namespace fs = std::filesystem;

int exit_status(int pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int spawn(const std::vector<std::string>& words, posix_spawn_file_actions_t& actions,
          const std::vector<std::string>& more_environment = {}) {
  std::string program = SCHOOLGATE_BINARY;
  std::vector<char*> arguments{program.data()};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** entry = environ; *entry; ++entry) environment.push_back(*entry);
  for (const std::string& entry : more_environment) environment.push_back(const_cast<char*>(entry.c_str()));
  environment.push_back(nullptr);
  int pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environment.data());
  EXPECT_EQ(error, 0) << program << ": " << std::strerror(error);
  return error == 0 ? pid : -1;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

Ran run_schoolgate(std::vector<std::string> words) {
  int out[2], err[2];
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  const int pid = spawn(words, actions);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);
  Ran ran;
  pollfd ends[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  std::string* const texts[2] = {&ran.out, &ran.err};
  for (int open = 2; open > 0;) {
    if (::poll(ends, 2, -1) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (ends[i].revents == 0) continue;
      char piece[4096];
      const auto got = ::read(ends[i].fd, piece, sizeof piece);
      if (got > 0) {
        texts[i]->append(piece, std::size_t(got));
      } else {
        ::close(ends[i].fd);
        ends[i].fd = -1;
        --open;
      }
    }
  }
  if (pid > 0) ran.status = exit_status(pid);
  return ran;
}

Gateway::Gateway(const fs::path& config, const fs::path& notify) {
  const int listening = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  notify.string().copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

  int alive[2];  // its far end closes when the gateway ends
  EXPECT_EQ(::pipe2(alive, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, alive[1], 3);
  const std::string log = notify.string() + ".log";
  ::posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  pid_ = spawn({"run", "--config", config.string()}, actions, {"NOTIFY_SOCKET=" + notify.string()});
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(alive[1]);
  pollfd ends[2] = {{listening, POLLIN, 0}, {alive[0], POLLIN, 0}};
  while (!up_ && ::poll(ends, 2, 60'000) > 0 && ends[0].revents != 0) {
    char message[256];
    const auto got = ::recv(listening, message, sizeof message, 0);
    up_ = got > 0 && std::string_view(message, std::size_t(got)).contains("READY=1");
  }
  ::close(listening);
  ::close(alive[0]);
  std::ifstream said(log);
  EXPECT_TRUE(up_) << "the gateway is not up; it said:\n"
                   << std::string(std::istreambuf_iterator<char>(said), std::istreambuf_iterator<char>());
}

Gateway::~Gateway() {
  if (pid_ > 0) stop();
}

int Gateway::stop() {
  ::kill(pid_, SIGTERM);
  const int status = exit_status(pid_);
  pid_ = -1;
  return status;
}

ScratchSchool::ScratchSchool() {
  std::string name = (fs::temp_directory_path() / "schoolgate-app-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make " << name;
  folder_ = name;
  fs::copy(fs::path(SCHOOLGATE_SOURCE_DIR) / "config" / "demo", config(), fs::copy_options::recursive);
  edit("schoolgate.yaml", "../../build/demo/state", state().string());
  edit("schoolgate.yaml", "../../build/demo/decisions.jsonl", (folder_ / "decisions.jsonl").string());
  std::set<int> taken;  // a port that nobody holds may be given out twice
  for (const char* port : {"1:8080", "1:8081", "1:8443", "1:8880", "1:8881", "1:9443", "1:9100"}) {
    int free = free_port();
    while (!taken.insert(free).second) free = free_port();
    edit("schoolgate.yaml", port, "1:" + std::to_string(free));
  }
}

ScratchSchool::~ScratchSchool() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string ScratchSchool::read(const std::string& name) const {
  std::ifstream file(config() / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void ScratchSchool::write(const std::string& name, std::string_view text) const {
  std::ofstream(config() / name, std::ios::binary) << text;
}

void ScratchSchool::edit(const std::string& name, std::string_view old, std::string_view text) const {
  std::string content = read(name);
  const std::size_t at = content.find(old);
  if (at == std::string::npos || content.find(old, at + 1) != std::string::npos)
    ADD_FAILURE() << name << " does not hold '" << old << "' exactly once";
  else
    write(name, content.replace(at, old.size(), text));
}

Ran ScratchSchool::run(std::vector<std::string> verb, std::vector<std::string> options) const {
  verb.insert(verb.end(), {"--config", config().string()});
  verb.insert(verb.end(), options.begin(), options.end());
  return run_schoolgate(std::move(verb));
}

std::unique_ptr<Gateway> ScratchSchool::start() const {
  return std::make_unique<Gateway>(config(), folder_ / "notify");
}

}  // namespace schoolgate::app::test
