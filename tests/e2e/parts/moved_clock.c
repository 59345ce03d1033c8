/* The time of a process under test, set from outside: LD_PRELOAD this and name a file in MOVED_CLOCK.
 *
 * Wall time and CLOCK_BOOTTIME go `rate` times as fast as the machine's. In the gateway itself (the second word of its
 * command is "run") CLOCK_MONOTONIC does too, so that a wait of a minute is over in a second; what it starts and
 * commands keep their deadlines as they are. Wall time and CLOCK_BOOTTIME are moved besides: both together as a machine
 * is that slept meanwhile, the wall clock alone as by a hand or a time server. The file is mapped, so that a move costs
 * no call and a confined process (the key's holder) sees it too; a sequence number keeps readers from a half-written
 * one. parts/moved_clock.py writes it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct moved {
  int64_t sequence;                       /* odd while the rest is written */
  int64_t anchor, rate;                   /* of CLOCK_MONOTONIC, nanoseconds */
  int64_t wall_at_anchor, boot_at_anchor; /* nanoseconds */
};

static const volatile struct moved* moved;
static int (*real_clock_gettime)(clockid_t, struct timespec*);
static int is_fast; /* waits are shortened in this process */

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_the_gateway(void) {
  char words[4096];
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = read(fd, words, sizeof words - 1);
  close(fd);
  if (size <= 0) return 0;
  words[size] = '\0';
  const size_t first = strlen(words) + 1;
  return first < (size_t)size && strcmp(words + first, "run") == 0;
}

__attribute__((constructor)) static void begin(void) {
  real_clock_gettime = NEXT(clock_gettime);
  const char* path = getenv("MOVED_CLOCK");
  if (!path) return;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void* at = mmap(NULL, sizeof(struct moved), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (at != MAP_FAILED) moved = at;
  is_fast = is_the_gateway();
}

static int64_t real_time(clockid_t clock) {
  struct timespec t;
  if (real_clock_gettime)
    real_clock_gettime(clock, &t);
  else
    syscall(SYS_clock_gettime, clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct moved now_moved(void) {
  struct moved copy;
  do {
    copy.sequence = __atomic_load_n(&moved->sequence, __ATOMIC_ACQUIRE);
    copy.anchor = moved->anchor;
    copy.rate = moved->rate;
    copy.wall_at_anchor = moved->wall_at_anchor;
    copy.boot_at_anchor = moved->boot_at_anchor;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
  } while ((copy.sequence & 1) || copy.sequence != moved->sequence);
  return copy;
}

static struct timespec spec(int64_t ns) { return (struct timespec){ns / 1000000000, ns % 1000000000}; }
static int64_t rate(void) { return moved && is_fast ? moved->rate : 1; }

static int64_t told(clockid_t clock) {
  if (!moved) return real_time(clock);
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME: break;
    default: return real_time(clock);
  }
  const struct moved at = now_moved();
  if (!is_fast && clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE && clock != CLOCK_BOOTTIME)
    return real_time(clock);
  const int64_t gone = (real_time(CLOCK_MONOTONIC) - at.anchor) * at.rate;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) return at.wall_at_anchor + gone;
  return clock == CLOCK_BOOTTIME ? at.boot_at_anchor + gone : at.anchor + gone;
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  *out = spec(told(clock));
  return 0;
}
int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  (void)zone;
  const int64_t ns = told(CLOCK_REALTIME);
  *out = (struct timeval){ns / 1000000000, ns % 1000000000 / 1000};
  return 0;
}
time_t time(time_t* out) {
  const time_t seconds = told(CLOCK_REALTIME) / 1000000000;
  if (out) *out = seconds;
  return seconds;
}

/* --- waits ---------------------------------------------------------------------------------------------------------
 */

static struct timespec shorter(const struct timespec* wait) {
  const int64_t ns = (int64_t)wait->tv_sec * 1000000000 + wait->tv_nsec;
  return spec(ns > 0 ? ns / rate() + 1 : ns);
}
static int shorter_ms(int wait) { return wait > 0 ? (int)(((int64_t)wait + rate() - 1) / rate()) : wait; }

/* When it is `until` by a moved clock, by the machine's own one of that kind. */
static struct timespec real_end(clockid_t clock, const struct timespec* until) {
  const int64_t left = (int64_t)until->tv_sec * 1000000000 + until->tv_nsec - told(clock);
  return spec(real_time(clock) + (left > 0 ? left / rate() + 1 : 0));
}

int timerfd_settime(int fd, int flags, const struct itimerspec* wanted, struct itimerspec* before) {
  struct itimerspec set = *wanted;
  if (!(flags & TFD_TIMER_ABSTIME))
    set.it_value = shorter(&wanted->it_value); /* absolute ones are of the past: "now" */
  set.it_interval = shorter(&wanted->it_interval);
  return NEXT(timerfd_settime)(fd, flags, &set, before);
}
int epoll_wait(int fd, struct epoll_event* events, int most, int wait) {
  return NEXT(epoll_wait)(fd, events, most, shorter_ms(wait));
}
int poll(struct pollfd* them, nfds_t count, int wait) { return NEXT(poll)(them, count, shorter_ms(wait)); }
int select(int count, fd_set* restrict in, fd_set* restrict out, fd_set* restrict bad, struct timeval* restrict wait) {
  struct timeval less;
  if (wait) {
    const int64_t us = ((int64_t)wait->tv_sec * 1000000 + wait->tv_usec) / rate();
    less = (struct timeval){us / 1000000, us % 1000000};
  }
  return NEXT(select)(count, in, out, bad, wait ? &less : NULL);
}
int pthread_cond_clockwait(pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex, clockid_t clock,
                           const struct timespec* restrict until) {
  const struct timespec end = real_end(clock, until);
  return NEXT(pthread_cond_clockwait)(condition, mutex, clock, &end);
}
int pthread_cond_timedwait(pthread_cond_t* restrict condition, pthread_mutex_t* restrict mutex,
                           const struct timespec* restrict until) {
  const struct timespec end = real_end(CLOCK_REALTIME, until);
  return NEXT(pthread_cond_timedwait)(condition, mutex, &end);
}
int nanosleep(const struct timespec* wait, struct timespec* left) {
  const struct timespec less = shorter(wait);
  return NEXT(nanosleep)(&less, left);
}
int clock_nanosleep(clockid_t clock, int flags, const struct timespec* wait, struct timespec* left) {
  const struct timespec less = flags & TIMER_ABSTIME ? real_end(clock, wait) : shorter(wait);
  return NEXT(clock_nanosleep)(clock, flags, &less, left);
}
int usleep(useconds_t wait) { return NEXT(usleep)(wait / rate() + 1); }
