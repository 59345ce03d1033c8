#include "proxy/net/linux/sandbox.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

namespace schoolgate::net {
namespace {

using Names = std::initializer_list<const char*>;

// Memory, threads, time, signals, and what the C library does for itself.
constexpr Names kToLive = {"arch_prctl",
                           "brk",
                           "clock_getres",
                           "clock_gettime",
                           "clock_nanosleep",
                           "exit",
                           "exit_group",
                           "futex",
                           "futex_waitv",
                           "get_robust_list",
                           "getcpu",
                           "getegid",
                           "geteuid",
                           "getgid",
                           "getpid",
                           "getppid",
                           "getrandom",
                           "getresgid",
                           "getresuid",
                           "getrlimit",
                           "getrusage",
                           "gettid",
                           "gettimeofday",
                           "getuid",
                           "madvise",
                           "membarrier",
                           "mincore",
                           "mlock",
                           "mlock2",
                           "mremap",
                           "msync",
                           "munlock",
                           "munmap",
                           "nanosleep",
                           "pause",
                           "prctl",
                           "restart_syscall",
                           "rseq",
                           "rt_sigaction",
                           "rt_sigpending",
                           "rt_sigprocmask",
                           "rt_sigqueueinfo",
                           "rt_sigreturn",
                           "rt_sigsuspend",
                           "rt_sigtimedwait",
                           "rt_tgsigqueueinfo",
                           "sched_getaffinity",
                           "sched_getparam",
                           "sched_getscheduler",
                           "sched_setaffinity",
                           "sched_yield",
                           "set_robust_list",
                           "set_tid_address",
                           "sigaltstack",
                           "sysinfo",
                           "tgkill",
                           "time",
                           "times",
                           "uname"};

// Using what is open.
constexpr Names kToUse = {"_llseek",
                          "close",
                          "close_range",
                          "dup",
                          "dup2",
                          "dup3",
                          "epoll_create",
                          "epoll_create1",
                          "epoll_ctl",
                          "epoll_pwait",
                          "epoll_pwait2",
                          "epoll_wait",
                          "eventfd",
                          "eventfd2",
                          "fadvise64",
                          "fcntl",
                          "fdatasync",
                          "fstat",
                          "fstatfs",
                          "fsync",
                          "lseek",
                          "pipe",
                          "pipe2",
                          "poll",
                          "ppoll",
                          "pread64",
                          "preadv",
                          "preadv2",
                          "pselect6",
                          "pwrite64",
                          "pwritev",
                          "pwritev2",
                          "read",
                          "readv",
                          "select",
                          "sendfile",
                          "signalfd4",
                          "splice",
                          "timerfd_create",
                          "timerfd_gettime",
                          "timerfd_settime",
                          "write",
                          "writev"};

// Sockets. Opening one is a rule of its own.
constexpr Names kToTalk = {"accept",     "accept4", "bind",     "connect",    "getpeername", "getsockname",
                           "getsockopt", "recv",    "recvfrom", "recvmmsg",   "recvmsg",     "send",
                           "sendmmsg",   "sendmsg", "sendto",   "setsockopt", "shutdown",    "socketpair"};

// Files, for reading.
constexpr Names kToLook = {"access",    "chdir",      "faccessat",  "faccessat2", "fchdir", "getcwd",
                           "getdents",  "getdents64", "lstat",      "newfstatat", "open",   "openat",
                           "readahead", "readlink",   "readlinkat", "stat",       "statfs", "statx"};

// Stores, lists and logs.
constexpr Names kToKeep = {"chmod",
                           "chown",
                           "copy_file_range",
                           "creat",
                           "fallocate",
                           "fchmod",
                           "fchmodat",
                           "fchmodat2",
                           "fchown",
                           "fchownat",
                           "flock",
                           "ftruncate",
                           "inotify_add_watch",
                           "inotify_init",
                           "inotify_init1",
                           "inotify_rm_watch",
                           "lchown",
                           "link",
                           "linkat",
                           "listen",
                           "memfd_create",
                           "mkdir",
                           "mkdirat",
                           "openat2",
                           "rename",
                           "renameat",
                           "renameat2",
                           "rmdir",
                           "symlink",
                           "symlinkat",
                           "sync_file_range",
                           "truncate",
                           "umask",
                           "unlink",
                           "unlinkat",
                           "utime",
                           "utimensat",
                           "utimes"};

// Asking whether a time server keeps the clock (setting it takes a capability that is long gone); starting and ending
// the key holder and the update of the lists, which acts as the owner of the state folder.
constexpr Names kToStart = {
    "adjtimex",      "alarm",       "capget",     "capset",       "execve",       "execveat",
    "fork",          "getgroups",   "getitimer",  "getpgid",      "getpgrp",      "getpriority",
    "getsid",        "ioprio_get",  "ioprio_set", "kill",         "prlimit64",    "sched_setscheduler",
    "seccomp",       "setfsgid",    "setfsuid",   "setgid",       "setgroups",    "setitimer",
    "setpgid",       "setpriority", "setregid",   "setresgid",    "setresuid",    "setreuid",
    "setrlimit",     "setsid",      "setuid",     "timer_create", "timer_delete", "timer_gettime",
    "timer_settime", "tkill",       "vfork",      "wait4",        "waitid"};

// No program of ours, and no library that it uses, ever asks for these: whoever does is somebody else.
constexpr Names kNobodysOwn = {"acct",
                               "bpf",
                               "chroot",
                               "clock_adjtime",
                               "clock_settime",
                               "delete_module",
                               "finit_module",
                               "fsconfig",
                               "fsmount",
                               "fsopen",
                               "init_module",
                               "ioperm",
                               "iopl",
                               "kexec_file_load",
                               "kexec_load",
                               "mount",
                               "mount_setattr",
                               "move_mount",
                               "open_by_handle_at",
                               "open_tree",
                               "perf_event_open",
                               "pivot_root",
                               "process_vm_readv",
                               "process_vm_writev",
                               "ptrace",
                               "quotactl",
                               "reboot",
                               "setdomainname",
                               "sethostname",
                               "setns",
                               "settimeofday",
                               "swapoff",
                               "swapon",
                               "umount2",
                               "unshare",
                               "userfaultfd",
                               "vhangup"};

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;  // the leak check traces its own threads
#else
constexpr bool kSanitized = false;
#endif

constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);
constexpr std::uint32_t kUnknown = SCMP_ACT_ERRNO(ENOSYS);  // what libraries take for an older kernel
constexpr std::uint32_t kKill = SCMP_ACT_KILL_PROCESS;

struct Release {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

// Whether the audit log hears of what a filter refuses. Of what it kills for, it always does.
enum class Refusals { told, silent };

// A filter being written: what is done with calls, and with those that no rule names. The first error stays.
class Filter {
 public:
  explicit Filter(std::uint32_t otherwise, Refusals refusals = Refusals::told)
      : otherwise_(otherwise), filter_(seccomp_init(otherwise)) {
    if (!filter_) {
      note(-ENOMEM);
      return;
    }
    note(seccomp_attr_set(filter_.get(), SCMP_FLTATR_ACT_BADARCH, kKill));  // calls of a 32-bit program, or x32
    note(seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_NNP, 1));
    // Both are the kernel's and the library's to have: a filter without them filters the same.
    if (refusals == Refusals::told) (void)seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_LOG, 1);
    (void)seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: every call costs alike
  }

  void rule(std::uint32_t action, Names names) {
    for (const char* name : names) rule(action, name, {});
  }

  /// `when`: what the call's arguments must be, all of them. A name that this kind of processor, or this libseccomp,
  /// does not know is passed over: nobody can call it by that name.
  void rule(std::uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> when) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call < 0 || error_ != 0 || action == otherwise_) return;
    note(seccomp_rule_add_array(filter_.get(), action, call, unsigned(when.size()), when.begin()));
  }

  [[nodiscard]] Result<void> load() {
    if (error_ == 0) note(seccomp_load(filter_.get()));
    if (error_ == 0) return {};
    return fail_errno("the filter of system calls cannot be put on", -error_, "is seccomp in this kernel?");
  }

 private:
  void note(int result) {
    if (result != 0 && error_ == 0) error_ = result;
  }

  std::uint32_t otherwise_;
  std::unique_ptr<void, Release> filter_;
  int error_ = 0;
};

scmp_arg_cmp masked(unsigned argument, std::uint64_t mask, std::uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, bits};
}
scmp_arg_cmp equal(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }

// No memory is written and run: not at once (mmap), not first the one and then the other (mprotect).
void allow_memory(Filter& filter) {
  filter.rule(SCMP_ACT_ALLOW, "mmap", {masked(2, PROT_EXEC, 0)});
  filter.rule(SCMP_ACT_ALLOW, "mmap", {masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)});
  filter.rule(SCMP_ACT_ALLOW, "mprotect", {masked(2, PROT_EXEC, 0)});
}

void allow_control_of_descriptors(Filter& filter) {
  for (const std::uint64_t request : {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFINDEX,
                                      SIOCGIFNAME, SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFMTU, SIOCOUTQ})
    filter.rule(SCMP_ACT_ALLOW, "ioctl", {equal(1, request)});
  for (const std::uint64_t request : {TCGETS, TIOCGWINSZ, TIOCGPGRP})  // what a terminal is asked, not told
    filter.rule(SCMP_ACT_ALLOW, "ioctl", {equal(1, request)});
}

constexpr std::uint64_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

void kill_intruders(Filter& filter) {
  for (const char* name : kNobodysOwn)
    if (!kSanitized || name != std::string_view("ptrace")) filter.rule(kKill, name, {});
}

// What clone3 asks for lies in memory, where no filter can look: it is unknown here, and the C library takes clone, at
// every new thread. So this is a filter of its own: nobody needs to hear of it.
Result<void> hide_clone3() {
  Filter filter(SCMP_ACT_ALLOW, Refusals::silent);
  filter.rule(kUnknown, {"clone3"});
  return filter.load();
}

Result<void> confine_gateway() {
  if (auto hidden = hide_clone3(); !hidden) return hidden;
  Filter filter(kUnknown);
  for (const Names& names : {kToLive, kToUse, kToTalk, kToLook, kToKeep, kToStart}) filter.rule(SCMP_ACT_ALLOW, names);
  allow_memory(filter);
  allow_control_of_descriptors(filter);
  for (const std::uint64_t family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK})
    filter.rule(SCMP_ACT_ALLOW, "socket", {equal(0, family)});
  filter.rule(SCMP_ACT_ALLOW, "clone", {masked(0, kNamespaces, 0)});
  filter.rule(SCMP_ACT_ALLOW, {"clone3"});  // which the filter before this one answers
  if (kSanitized) filter.rule(SCMP_ACT_ALLOW, {"ptrace"});
  kill_intruders(filter);
  return filter.load();
}

// On top of the gateway's, so it only takes away.
Result<void> confine_worker() {
  Filter filter(SCMP_ACT_ALLOW);
  filter.rule(kKill, {"execve", "execveat", "fork", "vfork"});
  if (!kSanitized) filter.rule(kKill, "clone", {masked(0, CLONE_THREAD, 0)});
  for (const char* name : kToKeep) filter.rule(kRefuse, name, {});
  for (const char* name : kToStart)
    if (std::string_view(name).substr(0, 4) != "exec" && !std::string_view(name).ends_with("fork") &&
        name != std::string_view("seccomp"))
      filter.rule(kRefuse, name, {});
  for (const auto& [name, flags] : {std::pair{"open", 1u}, std::pair{"openat", 2u}}) {
    filter.rule(kRefuse, name, {masked(flags, O_ACCMODE, O_WRONLY)});
    filter.rule(kRefuse, name, {masked(flags, O_ACCMODE, O_RDWR)});
    filter.rule(kRefuse, name, {masked(flags, O_CREAT, O_CREAT)});
  }
  return filter.load();
}

Result<void> confine_key_holder() {
  Filter filter(kUnknown);
  filter.rule(SCMP_ACT_ALLOW, kToLive);
  filter.rule(SCMP_ACT_ALLOW, {"close", "fcntl", "fstat", "getsockopt", "lseek", "newfstatat", "poll", "read",
                               "recvfrom", "recvmsg", "sendmsg", "sendto", "shutdown", "write", "writev"});
  filter.rule(SCMP_ACT_ALLOW, "mmap", {masked(2, PROT_EXEC, 0)});
  filter.rule(SCMP_ACT_ALLOW, "mprotect", {masked(2, PROT_EXEC, 0)});
  filter.rule(kKill, {"connect", "execve", "execveat", "fork", "socket", "vfork"});
  if (!kSanitized) filter.rule(kKill, {"clone", "clone3"});
  if (kSanitized) filter.rule(SCMP_ACT_ALLOW, {"clone", "ptrace", "openat", "open", "readlink", "wait4", "getdents64"});
  kill_intruders(filter);
  return filter.load();
}

}  // namespace

Result<void> confine(Confinement what) {
  switch (what) {
    case Confinement::gateway: return confine_gateway();
    case Confinement::worker: return confine_worker();
    case Confinement::key_holder: return confine_key_holder();
  }
  return fail(Fault::self, "no such confinement");
}

}  // namespace schoolgate::net
