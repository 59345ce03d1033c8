#include "proxy/net/linux/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_alg.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "proxy/net/linux/privileges.h"

extern char** environ;

namespace schoolgate::net {
namespace {

// How a process ended that did `act` while confined: what act returned (0 when all went well), or kKilled.
constexpr int kKilled = -1;
constexpr int kNotConfined = 125;

int outcome(std::initializer_list<Confinement> confinements, const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    (void)leave_no_core();
    for (const Confinement confinement : confinements)
      if (!confine(confinement)) ::_exit(kNotConfined);
    ::_exit(act());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? kKilled : 1000 + WTERMSIG(status);
  return WEXITSTATUS(status);
}

std::string temporary(const char* name) { return std::filesystem::temp_directory_path() / name; }

// 0, or errno.
int told(long result) { return result < 0 ? errno : 0; }

int start(const char* program) {
  pid_t child = 0;
  char* const words[] = {const_cast<char*>(program), nullptr};
  if (const int error = ::posix_spawn(&child, program, nullptr, nullptr, words, environ); error != 0) return error;
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return errno;
  return status == 0 ? 0 : 200;
}

int serve_once() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener, 1) != 0) return errno;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(client, reinterpret_cast<sockaddr*>(&at), size) != 0) return errno;
  const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  char byte = 'x';
  if (::send(client, &byte, 1, MSG_NOSIGNAL) != 1 || ::recv(server, &byte, 1, 0) != 1) return errno;
  return 0;
}

TEST(Sandbox, TheGatewayDoesItsWork) {
  EXPECT_EQ(outcome({Confinement::gateway}, serve_once), 0);
  EXPECT_EQ(outcome({Confinement::gateway}, [] { return start("/bin/true"); }), 0);
  EXPECT_EQ(outcome({Confinement::gateway},
                    [] {
                      std::thread([] { (void)::getppid(); }).join();
                      return 0;
                    }),
            0);
  const auto find_name = [] {  // as the machine finds it: a minimal one has no /etc/hosts
    addrinfo* found = nullptr;
    return std::abs(::getaddrinfo("localhost", "80", nullptr, &found));
  };
  EXPECT_EQ(outcome({Confinement::gateway}, find_name), outcome({}, find_name));
  EXPECT_EQ(outcome({Confinement::gateway},
                    [] {
                      std::string name = temporary("sandbox-XXXXXX");
                      const int file = ::mkstemp(name.data());
                      const int error =
                          told(::write(file, "x", 1)) | told(::fdatasync(file)) | told(::fchmod(file, 0600));
                      ::unlink(name.c_str());
                      return error;
                    }),
            0);
}

TEST(Sandbox, WhatOnlyAnIntruderAsksForEndsTheProcess) {
  const std::pair<const char*, std::function<int()>> intrusions[] = {
      {"mount", [] { return told(::mount("none", "/mnt", "tmpfs", 0, nullptr)); }},
      {"unshare", [] { return told(::unshare(CLONE_NEWUSER)); }},
      {"setns", [] { return told(::setns(0, 0)); }},
      {"chroot", [] { return told(::chroot("/")); }},
      {"bpf", [] { return told(::syscall(SYS_bpf, 0, nullptr, 0)); }},
      {"init_module", [] { return told(::syscall(SYS_init_module, nullptr, 0, "")); }},
      {"process_vm_readv",
       [] { return told(::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0)); }},
      {"perf_event_open", [] { return told(::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0)); }},
      {"kexec_load", [] { return told(::syscall(SYS_kexec_load, 0, 0, nullptr, 0)); }},
      {"settimeofday", [] { return told(::syscall(SYS_settimeofday, nullptr, nullptr)); }},
  };
  for (const auto& [name, act] : intrusions)
    for (const Confinement confinement : {Confinement::gateway, Confinement::key_holder})
      EXPECT_EQ(outcome({confinement}, act), kKilled) << name;
}

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // whose leak check traces its own threads
TEST(Sandbox, NobodyIsTraced) {
  EXPECT_EQ(outcome({Confinement::gateway}, [] { return told(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }),
            kKilled);
}
#endif

TEST(Sandbox, MemoryIsNeverWrittenAndRun) {
  EXPECT_NE(outcome({Confinement::gateway},
                    [] {
                      void* at =
                          ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                      return at == MAP_FAILED ? errno : 0;
                    }),
            0);
  EXPECT_NE(outcome({Confinement::gateway},
                    [] {
                      void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                      if (at == MAP_FAILED) return 0;
                      return told(::mprotect(at, 4096, PROT_READ | PROT_EXEC));
                    }),
            0);
}

TEST(Sandbox, StrangeFamiliesOfSocketsAreUnknown) {
  for (const int family : {AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH})
    EXPECT_EQ(outcome({Confinement::gateway}, [family] { return told(::socket(family, SOCK_RAW, 0)); }), ENOSYS)
        << family;
}

TEST(Sandbox, ATerminalIsNotTypedInto) {
  EXPECT_EQ(outcome({Confinement::gateway},
                    [] {
                      char letter = 'x';
                      return told(::ioctl(0, 0x5412 /* TIOCSTI */, &letter));
                    }),
            ENOSYS);
}

TEST(Sandbox, AnotherNameSpaceIsNotHadByCloneEither) {
  EXPECT_EQ(outcome({Confinement::gateway},
                    [] { return told(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0)); }),
            ENOSYS);
}

TEST(Sandbox, AWorkerServes) {
  EXPECT_EQ(outcome({Confinement::gateway, Confinement::worker},
                    [] {
                      const int file = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
                      char byte;
                      return told(::read(file, &byte, 1));
                    }),
            0);
  EXPECT_EQ(outcome({Confinement::gateway, Confinement::worker},
                    [] {
                      const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                      sockaddr_in at{};
                      at.sin_family = AF_INET;
                      at.sin_port = ::htons(1);
                      at.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
                      if (::connect(client, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) return 0;
                      return errno == EINPROGRESS || errno == ECONNREFUSED ? 0 : errno;
                    }),
            0);
}

TEST(Sandbox, AWorkerStartsNothing) {
  EXPECT_NE(outcome({Confinement::gateway, Confinement::worker}, [] { return start("/bin/true"); }), 0);
  EXPECT_EQ(outcome({Confinement::gateway, Confinement::worker},
                    [] {
                      char* const words[] = {const_cast<char*>("true"), nullptr};
                      return told(::execve("/bin/true", words, environ));
                    }),
            kKilled);
}

TEST(Sandbox, AWorkerWritesNoFileAndListensNowhereNew) {
  const auto worker = [](const std::function<int()>& act) {
    return outcome({Confinement::gateway, Confinement::worker}, act);
  };
  EXPECT_EQ(worker([] { return told(::open("/dev/null", O_WRONLY | O_CLOEXEC)); }), EPERM);
  EXPECT_EQ(worker([] { return told(::open("/dev/null", O_RDWR | O_CLOEXEC)); }), EPERM);
  EXPECT_EQ(worker([] { return told(::open(temporary("sandbox").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)); }),
            EPERM);
  EXPECT_EQ(worker([] { return told(::unlink(temporary("sandbox").c_str())); }), EPERM);
  EXPECT_EQ(worker([] { return told(::mkdir(temporary("sandbox").c_str(), 0700)); }), EPERM);
  EXPECT_EQ(worker([] { return told(::kill(::getppid(), 0)); }), EPERM);
  EXPECT_EQ(worker([] { return told(::listen(::socket(AF_INET, SOCK_STREAM, 0), 1)); }), EPERM);
}

TEST(Sandbox, OtherThreadsKeepWhatAWorkerGaveUp) {
  EXPECT_EQ(outcome({Confinement::gateway},
                    [] {
                      bool confined = false;
                      std::thread([&] { confined = confine(Confinement::worker).has_value(); }).join();
                      return confined ? start("/bin/true") : kNotConfined;
                    }),
            0);
}

TEST(Sandbox, TheKeyHolderAnswersOnItsSocketAndDoesNothingElse) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const auto holder = [](const std::function<int()>& act) { return outcome({Confinement::key_holder}, act); };
  EXPECT_EQ(holder([&] {
              char packet[8];
              if (::send(ends[0], "sign", 4, MSG_NOSIGNAL) != 4 || ::recv(ends[1], packet, sizeof packet, 0) != 4)
                return errno;
              std::string memory(1 << 20, 'x');  // mapped and given back
              return memory.back() == 'x' && ::time(nullptr) != 0 ? 0 : 1;
            }),
            0);
  EXPECT_EQ(holder([] { return told(::socket(AF_INET, SOCK_STREAM, 0)); }), kKilled);
  EXPECT_NE(holder([] { return start("/bin/true"); }), 0);
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  EXPECT_EQ(holder([] { return told(::open("/etc/hostname", O_RDONLY)); }), ENOSYS);
#endif
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Sandbox, WhoeverIsStartedIsConfinedToo) {
  EXPECT_EQ(outcome({Confinement::gateway},
                    [] {
                      pid_t child = 0;
                      std::string shell = "sh", flag = "-c", line = "exec unshare -n true";
                      char* const words[] = {shell.data(), flag.data(), line.data(), nullptr};
                      if (::posix_spawn(&child, "/bin/sh", nullptr, nullptr, words, environ) != 0) return 1;
                      int status = 0;
                      ::waitpid(child, &status, 0);
                      return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? 0 : 2;
                    }),
            0);
}

}  // namespace
}  // namespace schoolgate::net
