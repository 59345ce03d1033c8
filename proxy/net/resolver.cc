#include "proxy/net/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <unordered_map>

#include "proxy/net/fair_shares.h"
#include "proxy/net/hosts_file.h"
#include "proxy/net/name_cache.h"

namespace schoolgate::net {
namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr int kFirstTimeoutMs = 1500;  // doubles with every round over the servers
constexpr int kTries = 2;
constexpr std::uint32_t kStaleSeconds = 30;  // RFC 8767 section 5.2: how long a stale answer stands before asking again

// RFC 8305 section 3: so long one family waits for the other.
constexpr std::chrono::milliseconds kResolutionDelay{50};

bool is_no_such_name(int status) noexcept {
  return status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME;
}

// c-ares counts its users; the first worker starts it, nobody stops it: threads may still be in it at exit.
bool start_library() {
  static const bool started = ::ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return started;
}

std::int64_t modification_time(const char* path) noexcept {
  struct stat now{};
  return ::stat(path, &now) == 0 ? now.st_mtim.tv_sec * 1'000'000'000 + now.st_mtim.tv_nsec : 0;
}

Failure failure_of(const std::string& name, int status) {
  const std::string reason = ::ares_strerror(status);
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return {FailureKind::name_not_found, {Fault::client, "there is no site named " + name, "check the spelling"}};
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return {FailureKind::name_unanswered,
              {Fault::upstream, "no name server answered for " + name + ": " + reason,
               "check upstream.resolver and the network towards the name servers"}};
    case ARES_ENOMEM: return {FailureKind::overloaded, {Fault::host, "out of memory while looking up " + name, {}}};
    default:
      return {FailureKind::name_failed,
              {Fault::upstream, "the name servers could not answer for " + name + ": " + reason, "try again later"}};
  }
}

}  // namespace

class Resolver::Impl : public std::enable_shared_from_this<Resolver::Impl> {
 public:
  using Answer = Attempt<AddressList>;
  using Done = std::move_only_function<void(Answer)>;

  Impl(Executor executor, DeadlineList& deadlines, ResolverSettings settings)
      : executor_(executor),
        deadlines_(deadlines),
        settings_(std::move(settings)),
        cache_(settings_.entries),
        places_(settings_.outstanding),
        timer_(executor) {
    for (const auto& path : settings_.hosts_files) hosts_.emplace_back(path);
  }

  ~Impl() {
    // c-ares answers everything that is outstanding from within, with ARES_EDESTRUCTION; nobody waits for that any
    // more.
    for (auto& [name, flight] : flights_) flight->waiters.clear();
    if (channel_ != nullptr) ::ares_destroy(channel_);
  }

  Result<void> open_channel();
  std::optional<AddressList> cached(std::string_view name);
  void ask(const std::string& name, const std::optional<names::IpAddress>& client, Done done);
  void flush() noexcept { cache_.clear(); }

  ResolverCounters counters;
  [[nodiscard]] Executor executor() const noexcept { return executor_; }

 private:
  // A name that is being asked for in both families, and who waits. Stays until c-ares has let go of both questions.
  struct Flight final : Deadline {
    struct Question {
      Flight& flight;
      std::optional<int> status{};  // nothing: no answer yet
    };
    Flight(Impl& owner, std::string about)
        : Deadline(owner.deadlines_),
          impl(owner),
          name(std::move(about)),
          ttl(owner.settings_.longest.count()),
          patience(owner.executor_) {}
    void on_deadline() override { impl.settle(*this, std::unexpected(failure_of(name, ARES_ETIMEOUT))); }
    // Of no address. IPv4's "no such name" is about the name; that of IPv6 is not believed where IPv4 says otherwise
    // (RFC 4074 section 4.2).
    [[nodiscard]] int failure() const noexcept {
      if (v4.status && (v4.status == ARES_ENOTFOUND || !is_no_such_name(*v4.status))) return *v4.status;
      return v6.status.value_or(ARES_ENODATA);
    }
    Impl& impl;
    std::string name;
    std::optional<names::IpAddress> client{};  // whose place it has
    std::vector<Done> waiters;
    Question v4{*this}, v6{*this};
    std::vector<names::IpAddress> addresses;
    std::int64_t ttl;
    Timer patience;
  };

  // A socket of c-ares, watched for it. c-ares closes it; the watch only lets go.
  struct Watch : std::enable_shared_from_this<Watch> {
    Watch(Impl& owner, int fd) : impl(owner), descriptor(owner.executor_, fd) {}
    ~Watch() { let_go(); }
    void let_go() {
      if (descriptor.is_open()) (void)descriptor.release();
    }
    void arm() {
      if (want_read && !reading) wait(Descriptor::wait_read, reading);
      if (want_write && !writing) wait(Descriptor::wait_write, writing);
    }
    void wait(Descriptor::wait_type what, bool& flag) {
      flag = true;
      descriptor.async_wait(what, [weak = weak_from_this(), what, &flag](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (!self) return;
        flag = false;
        if (error) return;
        const ares_socket_t fd = self->descriptor.native_handle();
        const bool read = what == Descriptor::wait_read;
        const auto keep = self->impl.shared_from_this();
        ::ares_process_fd(keep->channel_, read ? fd : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : fd);
        if (self->descriptor.is_open()) self->arm();
        keep->set_timer();
      });
    }
    Impl& impl;
    Descriptor descriptor;
    bool want_read = false, want_write = false, reading = false, writing = false;
  };

  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Impl*>(self)->watch(fd, readable != 0, writable != 0);
  }
  static void on_answer(void* question, int status, int /*timeouts*/, ares_addrinfo* result) {
    auto& answered = *static_cast<Flight::Question*>(question);
    answered.flight.impl.answered(answered, status, result);
  }

  void watch(int fd, bool readable, bool writable);
  void ask_family(Flight::Question& question, int family);
  void answered(Flight::Question& question, int status, ares_addrinfo* result);
  void take(Flight& flight, const ares_addrinfo& result);
  void wait_a_little(Flight& flight);
  [[nodiscard]] Answer outcome(Flight& flight);
  void settle(Flight& flight, const Answer& answer);
  void set_timer();
  void look_at_files();
  void keep(const std::string& name, AddressList addresses, std::uint32_t seconds) {
    const std::uint32_t expires = deadlines_.now() + seconds;
    const std::uint32_t grace = addresses.empty() ? 0 : std::uint32_t(settings_.stale.count());
    cache_.put(name, std::move(addresses), expires, expires + grace);
  }
  [[nodiscard]] bool fresh(const NameCache::Entry& entry) const noexcept { return deadlines_.now() < entry.expires; }

  Executor executor_;
  DeadlineList& deadlines_;
  const ResolverSettings settings_;
  std::vector<HostsFile> hosts_;
  NameCache cache_;
  ares_channel channel_ = nullptr;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  std::unordered_map<std::string, std::unique_ptr<Flight>> flights_;
  FairShares places_;
  Timer timer_;
  std::uint32_t looked_at_files_ = 0;
  std::int64_t resolv_conf_time_ = 0;
};

Result<void> Resolver::Impl::open_channel() {
  if (!start_library()) return fail(Fault::host, "c-ares does not start");
  ares_options options{};
  char lookups[] = "b";  // name servers only: the hosts files are read here
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = kFirstTimeoutMs;
  options.tries = kTries;
  options.lookups = lookups;
  options.sock_state_cb = on_socket_state;
  options.sock_state_cb_data = this;
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  options.qcache_max_ttl = 0;  // newer c-ares keeps answers of its own; ours has the bounds that we promise
  mask |= ARES_OPT_QUERY_CACHE;
#endif
  ares_channel channel = nullptr;
  if (const int status = ::ares_init_options(&channel, &options, mask); status != ARES_SUCCESS)
    return fail(Fault::host, std::string("the resolver does not start: ") + ::ares_strerror(status));
  if (!settings_.servers.empty()) {
    std::string list;
    for (const std::string& server : settings_.servers) list += (list.empty() ? "" : ",") + server;
    if (::ares_set_servers_ports_csv(channel, list.c_str()) != ARES_SUCCESS) {
      ::ares_destroy(channel);
      return fail(Fault::config, "upstream.resolver is not a list of name servers: " + list,
                  "write addresses such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53");
    }
  }
  if (channel_ != nullptr) ::ares_destroy(channel_);
  channel_ = channel;
  resolv_conf_time_ = modification_time(kResolvConf);
  return {};
}

// At most once a second: hosts files that were edited, and a resolv.conf that a new lease wrote.
void Resolver::Impl::look_at_files() {
  if (looked_at_files_ == deadlines_.now()) return;
  looked_at_files_ = deadlines_.now();
  for (HostsFile& hosts : hosts_) hosts.refresh();
  if (settings_.servers.empty() && flights_.empty() && modification_time(kResolvConf) != resolv_conf_time_)
    (void)open_channel();  // on failure the old servers stay
}

std::optional<AddressList> Resolver::Impl::cached(std::string_view name) {
  if (name.empty()) return AddressList();
  const char last = name.back();
  if (last == ']' || (last >= '0' && last <= '9')) {
    const bool bracketed = name.size() > 2 && name.front() == '[' && last == ']';
    if (const auto literal = names::IpAddress::parse(bracketed ? name.substr(1, name.size() - 2) : name))
      return AddressList({*literal});
  }
  look_at_files();
  for (const HostsFile& hosts : hosts_)
    if (!hosts.empty())
      if (AddressList addresses = hosts.find(name); !addresses.empty()) return addresses;
  const NameCache::Entry* entry = cache_.find(name);
  if (entry == nullptr || !fresh(*entry)) return std::nullopt;
  ++counters.hits;
  return entry->addresses;
}

void Resolver::Impl::ask(const std::string& name, const std::optional<names::IpAddress>& client, Done done) {
  const auto keep_alive = shared_from_this();
  if (const auto found = flights_.find(name); found != flights_.end()) {
    ++counters.joined;
    Flight& flight = *found->second;
    flight.waiters.push_back(std::move(done));
    if (!flight.has_deadline()) flight.expire_after(settings_.deadline);
    return;
  }
  const bool full = flights_.size() >= settings_.outstanding;
  if (full || (client && !places_.take(*client))) {
    ++counters.refused;
    const Fault whose = full ? Fault::host : Fault::client;
    asio::post(executor_, [done = std::move(done), whose]() mutable {
      done(fail(FailureKind::overloaded, whose, "too many names are being looked up", "try again in a moment"));
    });
    return;
  }
  ++counters.asked;
  Flight& flight = *flights_.emplace(name, std::make_unique<Flight>(*this, name)).first->second;
  flight.client = client;
  flight.waiters.push_back(std::move(done));
  flight.expire_after(settings_.deadline);
  ask_family(flight.v4, AF_INET);  // each may answer before it returns; the flight is there until both have
  ask_family(flight.v6, AF_INET6);
  set_timer();
}

void Resolver::Impl::ask_family(Flight::Question& question, int family) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family;
  hints.ai_flags = ARES_AI_NOSORT;
  ::ares_getaddrinfo(channel_, question.flight.name.c_str(), nullptr, &hints, on_answer, &question);
}

void Resolver::Impl::take(Flight& flight, const ares_addrinfo& result) {
  for (const ares_addrinfo_node* node = result.nodes; node != nullptr; node = node->ai_next) {
    if (flight.addresses.size() == settings_.addresses) break;
    if (node->ai_family == AF_INET)
      flight.addresses.push_back(
          names::IpAddress::v4(ntohl(reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr.s_addr)));
    else if (node->ai_family == AF_INET6)
      flight.addresses.push_back(names::IpAddress::v6(
          std::span<const std::uint8_t, 16>(reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr.s6_addr, 16)));
    flight.ttl = std::min<std::int64_t>(flight.ttl, node->ai_ttl);
  }
  for (const ares_addrinfo_cname* alias = result.cnames; alias != nullptr; alias = alias->next)
    flight.ttl = std::min<std::int64_t>(flight.ttl, alias->ttl);
}

void Resolver::Impl::answered(Flight::Question& question, int status, ares_addrinfo* result) {
  Flight& flight = question.flight;
  const std::size_t before = flight.addresses.size();
  if (status == ARES_SUCCESS && result != nullptr) take(flight, *result);
  if (result != nullptr) ::ares_freeaddrinfo(result);
  question.status = status == ARES_SUCCESS && flight.addresses.size() == before ? ARES_ENODATA : status;
  if (flight.v4.status && flight.v6.status) {
    const auto owned = std::move(flights_.extract(flight.name).mapped());
    if (flight.client) places_.give_back(*flight.client);
    return settle(flight, outcome(flight));
  }
  if (status == ARES_EDESTRUCTION) return;
  if (!flight.addresses.empty() || flight.v4.status == ARES_ENOTFOUND) wait_a_little(flight);
}

// A name server that never answers for one family does not hold up the other. What it says later still counts for those
// who ask later.
void Resolver::Impl::wait_a_little(Flight& flight) {
  flight.patience.expires_after(kResolutionDelay);
  flight.patience.async_wait([weak = weak_from_this(), name = flight.name](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    if (const auto found = self->flights_.find(name); found != self->flights_.end())
      self->settle(*found->second, self->outcome(*found->second));
  });
}

// What is known so far, which is kept.
Resolver::Impl::Answer Resolver::Impl::outcome(Flight& flight) {
  if (!flight.addresses.empty()) {
    AddressList list(flight.addresses);
    const std::int64_t seconds =
        std::clamp<std::int64_t>(flight.ttl, settings_.shortest.count(), settings_.longest.count());
    keep(flight.name, list, std::uint32_t(seconds));
    return list;
  }
  Failure failure = failure_of(flight.name, flight.failure());
  if (failure.kind == FailureKind::name_not_found) keep(flight.name, {}, std::uint32_t(settings_.negative.count()));
  return std::unexpected(std::move(failure));
}

// Tells everybody who waits. The flight itself stays until c-ares lets go of it: a late answer still fills the cache.
void Resolver::Impl::settle(Flight& flight, const Answer& answer) {
  flight.clear_deadline();
  if (flight.waiters.empty()) return;
  Answer told = answer;
  if (!told && told.error().kind != FailureKind::name_not_found) {
    ++counters.failed;
    const NameCache::Entry* old = cache_.find(flight.name);
    if (old != nullptr && !old->addresses.empty() && deadlines_.now() < old->usable) {
      ++counters.stale;
      const AddressList addresses = old->addresses;
      const std::uint32_t usable = old->usable;
      cache_.put(flight.name, addresses, std::min(deadlines_.now() + kStaleSeconds, usable), usable);
      told = addresses;
    }
  }
  // Posted: c-ares is in the middle of its work, and those who wait may ask for the next name at once.
  for (Done& done : std::exchange(flight.waiters, {}))
    asio::post(executor_, [done = std::move(done), told]() mutable { done(std::move(told)); });
}

void Resolver::Impl::watch(int fd, bool readable, bool writable) {
  auto found = watches_.find(fd);
  if (!readable && !writable) {
    if (found == watches_.end()) return;
    found->second->let_go();
    watches_.erase(found);
    return;
  }
  if (found == watches_.end()) found = watches_.emplace(fd, std::make_shared<Watch>(*this, fd)).first;
  found->second->want_read = readable;
  found->second->want_write = writable;
  found->second->arm();
}

// c-ares repeats and gives up by the clock, as long as it has anything outstanding.
void Resolver::Impl::set_timer() {
  timeval most{}, now{};
  const timeval* wait = flights_.empty() ? nullptr : ::ares_timeout(channel_, nullptr, &most);
  if (wait == nullptr) {
    timer_.cancel();
    return;
  }
  now = *wait;
  timer_.expires_after(std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_usec));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    ::ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    self->set_timer();
  });
}

Result<std::unique_ptr<Resolver>> Resolver::make(Executor executor, DeadlineList& deadlines,
                                                 ResolverSettings settings) {
  auto impl = std::make_shared<Impl>(executor, deadlines, std::move(settings));
  if (const auto opened = impl->open_channel(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<Resolver>(new Resolver(std::move(impl)));
}

Resolver::~Resolver() = default;

std::optional<AddressList> Resolver::cached(std::string_view name) { return impl_->cached(name); }

awaitable<Attempt<AddressList>> Resolver::resolve(std::string name, std::optional<names::IpAddress> client) {
  if (auto known = impl_->cached(name)) {
    if (known->empty()) co_return std::unexpected(failure_of(name, ARES_ENOTFOUND));
    co_return std::move(*known);
  }
  const auto ask = [impl = impl_.get(), &name, &client](auto handler) {
    impl->ask(name, client, Impl::Done(std::move(handler)));
  };
  co_return co_await asio::async_initiate<const asio::deferred_t&, void(Attempt<AddressList>)>(ask, asio::deferred);
}

void Resolver::flush() noexcept { impl_->flush(); }

const ResolverCounters& Resolver::counters() const noexcept { return impl_->counters; }

}  // namespace schoolgate::net
