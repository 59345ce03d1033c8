#include "tests/proxy/flow/conversation.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "base/file.h"
#include "breaches/export.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using rules::Action;

constexpr int kPatience = 60;  // seconds until a conversation is taken for stalled

void be_patient(int fd, int seconds) {
  const timeval limit{.tv_sec = seconds, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

net::FileDescriptor new_socket() {
  net::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  be_patient(fd.get(), kPatience);
  return fd;
}

net::FileDescriptor connected(const net::Endpoint& to, const net::Endpoint& from) {
  net::FileDescriptor fd = new_socket();
  const auto source = net::to_socket_address(from), target = net::to_socket_address(to);
  if (::bind(fd.get(), source.get(), source.length) != 0 || ::connect(fd.get(), target.get(), target.length) != 0)
    throw std::system_error(errno, std::generic_category(), "connect to " + to.text());
  return fd;
}

bool readable(int fd) {
  pollfd events{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&events, 1, 0) == 1;
}

names::IpAddress address(std::string_view text) { return *names::IpAddress::parse(text); }

std::string_view field(std::string_view head, std::string_view name) {
  const std::string key = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view value = head.substr(at + key.size());
  return value.substr(0, value.find('\r'));
}

std::size_t number(std::string_view text, int base = 10) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

}  // namespace

rules::Person person(std::string user, std::string source) {
  rules::Person person;
  person.user = std::move(user);
  person.source = std::move(source);
  return person;
}

std::shared_ptr<rules::Presence> presence(std::string_view where, std::optional<rules::Person> who) {
  auto presence = std::make_shared<rules::Presence>();
  presence->address = address(where);
  presence->person = std::move(who);
  return presence;
}

void PrintTo(Ending ending, std::ostream* out) {
  *out << (ending == Ending::closed ? "closed" : ending == Ending::reset ? "reset" : "silent");
}

Peer::Peer(net::FileDescriptor fd) : fd_(std::move(fd)) {}

void Peer::sends(std::string_view bytes) {
  if (!tries_to_send(bytes)) ADD_FAILURE() << "cannot send: " << std::generic_category().message(errno);
}

bool Peer::tries_to_send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(std::size_t(sent));
  }
  return true;
}

void Peer::drips(std::string_view bytes) {
  for (const char& byte : bytes) sends({&byte, 1});
}

std::optional<Ending> Peer::receive() {
  char room[65536];
  const ssize_t got = ::recv(fd_.get(), room, sizeof room, 0);
  if (got > 0) {
    held_.append(room, std::size_t(got));
    return std::nullopt;
  }
  if (got == 0) return Ending::closed;
  return errno == ECONNRESET ? Ending::reset : Ending::silent;
}

std::string Peer::read(std::size_t count) {
  while (held_.size() < count && !receive()) {
  }
  std::string out = held_.substr(0, count);
  held_.erase(0, out.size());
  return out;
}

std::string Peer::read_some() {
  if (held_.empty()) static_cast<void>(receive());
  return std::exchange(held_, {});
}

void Peer::expects(std::string_view bytes) { EXPECT_EQ(read(bytes.size()), bytes); }

std::string Peer::read_to(std::string_view mark) {
  std::size_t at;
  while ((at = held_.find(mark)) == std::string::npos) {
    if (const auto ended = receive()) {
      ADD_FAILURE() << "the other side was " << ::testing::PrintToString(*ended) << " after: " << held_;
      return {};
    }
  }
  return read(at + mark.size());
}

Answer Peer::answer(bool to_head) {
  Answer answer;
  answer.head = read_to("\r\n\r\n");
  if (answer.head.size() < 12) return answer;
  answer.status = int(number(std::string_view(answer.head).substr(9, 3)));
  if (to_head || answer.status < 200 || answer.status == 204 || answer.status == 304) return answer;
  if (field(answer.head, "Transfer-Encoding") == "chunked") {
    for (;;) {
      const std::size_t size = number(read_to("\r\n"), 16);
      if (size == 0) break;
      answer.body += read(size);
      expects("\r\n");
    }
    expects("\r\n");
  } else if (const auto length = field(answer.head, "Content-Length"); !length.empty()) {
    answer.body = read(number(length));
    EXPECT_EQ(answer.body.size(), number(length));
  } else {
    Ending ending;
    answer.body = rest(ending);
    EXPECT_EQ(ending, Ending::closed);
  }
  return answer;
}

std::string Peer::rest(Ending& ending) {
  for (;;) {
    if (const auto ended = receive()) {
      ending = *ended;
      return std::exchange(held_, {});
    }
  }
}

Ending Peer::ending() {
  Ending ending;
  static_cast<void>(rest(ending));
  return ending;
}

bool Peer::has_news() const { return !held_.empty() || readable(fd_.get()); }

void Peer::finishes_sending() { ::shutdown(fd_.get(), SHUT_WR); }

void Peer::closes() { fd_.reset(); }

void Peer::resets() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

net::Endpoint Peer::local() const { return *net::local_endpoint(fd_.get()); }

Web::Web(const net::Endpoint& at) : fd_(new_socket()) {
  const int on = 1;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto where = net::to_socket_address(at);
  if (::bind(fd_.get(), where.get(), where.length) != 0 || ::listen(fd_.get(), 64) != 0)
    throw std::system_error(errno, std::generic_category(), "listen on " + at.text());
  port_ = net::local_endpoint(fd_.get())->port;
}

Peer Web::accept() {
  net::FileDescriptor fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd) throw std::runtime_error("the gateway did not call the web site");
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  be_patient(fd.get(), kPatience);
  return Peer(std::move(fd));
}

void Web::takes_little() {
  const int size = 4096;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

bool Web::was_called() const { return readable(fd_.get()); }

Conversation::Conversation() {
  for (const auto* name : {"web", "other", "casino", "games", "chat", "sealed", "help"})
    hosts += "127.0.0.1 " + std::string(name) + ".example\n";
  rules::GroupSpec pupils = rules::test::group(
      "pupils", "127.0.0.0/8", {{"gambling", Action::block}, {"games", Action::warn}, {"chat", Action::monitor}});
  policy.version = "v1";
  policy.timezone = "Europe/London";
  policy.groups = {pupils};
  policy.fallback = "pupils";
  settings.school = "Ashford Oaks";
  settings.gateway = "gw-1";
  settings.listen = {{{address("127.0.0.1"), 0}, Entrance::explicit_proxy}};
  settings.connect_ports = {web.port()};
  settings.limits.drain = std::chrono::seconds(1);
  log_settings.folder = folder.path();
  log_settings.school = settings.school;
  log_settings.gateway = settings.gateway;
}

Conversation::~Conversation() {
  if (worker_) worker_->drain();
  if (worker_) worker_->join();
  inspection.reset();
  log.reset();  // its last receipts are posted to a worker that still exists
}

void Conversation::open() {
  using rules::test::TestList;
  lists_ = std::make_unique<rules::test::TestLists>(std::vector<TestList>{
      {.name = "gambling", .category = "gambling", .text = "casino.example\n"},
      {.name = "games", .category = "games", .text = "games.example\n"},
      {.name = "chat", .category = "chat", .text = "chat.example\n"},
      {.name = "help", .category = "support", .text = "help.example\n"},
      {.name = "illegal", .category = "child-abuse", .text = "sealed.example\n", .sealed = true}});
  store_ = std::make_unique<rules::PolicyStore>(rules::test::compiled(policy, lists_->database()));
  auto opened_log = breaches::BreachLog::open(log_settings);
  if (!opened_log) throw std::runtime_error(opened_log.error().text());
  log = std::move(*opened_log);
  decisions_ = breaches::DecisionLog::open(folder.path() / "decisions.jsonl", std::chrono::hours(24));
  auto pages = Pages::load({});
  if (!pages) throw std::runtime_error(pages.error().text());
  pages_ = std::make_unique<Pages>(std::move(*pages));

  const auto hosts_file = folder.path() / "hosts";
  std::ofstream(hosts_file) << hosts;
  net::ResolverSettings resolver;
  resolver.servers = {"127.0.0.1:9"};  // nobody answers there: what the hosts file does not know is not found
  resolver.hosts_files = {hosts_file};
  resolver.deadline = std::chrono::seconds(1);
  gateway_.reset(new Gateway{.settings = settings,
                             .resolver = resolver,
                             .guard = std::make_shared<const net::DestinationGuard>(),
                             .dialer = {},
                             .policy = *store_,
                             .breaches = *log,
                             .decisions = decisions_.get(),
                             .pages = *pages_,
                             .passes = {},
                             .clients = ClientTable(settings.limits.client_connections),
                             .presences = &presences,
                             .authenticator = authenticator.get(),
                             .sign_in = sign_in});
  auto worker = Worker::make(*gateway_);
  if (!worker) throw std::runtime_error(worker.error().text());
  worker_ = std::move(*worker);
  net::DestinationGuard::Settings guard{.allow_private = allow_private, .listening = {}, .own_addresses = {}};
  if (guard_knows_own_ports) guard.listening = worker_->listening();
  worker_->outbound().dialer().set_guard(std::make_shared<const net::DestinationGuard>(std::move(guard)));
  if (inspection) worker_->use(inspection);
  worker_->start();
}

Peer Conversation::client() { return client_from("127.0.0.1"); }

Peer Conversation::client_from(std::string_view from) {
  if (!worker_) open();
  return Peer(connected(gateway_address(), {address(from), 0}));
}

Peer Conversation::client_of(const Worker& worker) {
  return Peer(connected(worker.listening().front(), {address("127.0.0.1"), 0}));
}

void Conversation::stop() {
  worker_->drain();
  worker_->join();
  decisions_->drain();
}

void Conversation::publish(std::vector<rules::RuleSpec> rules) {
  rules::PolicySpec next = policy;
  next.version = "v2";
  next.rules.insert(next.rules.end(), rules.begin(), rules.end());
  store_->publish(rules::test::compiled(next, lists_->database()));
}

void Conversation::publish_presences(std::vector<std::shared_ptr<rules::Presence>> known) {
  auto map = std::make_shared<rules::PresenceMap>();
  for (auto& each : known) map->emplace(each->address, std::move(each));
  presences.publish(std::move(map));
}

void Conversation::know(std::initializer_list<std::pair<std::string_view, rules::Person>> people) {
  std::vector<std::shared_ptr<rules::Presence>> known;
  for (const auto& [where, who] : people) known.push_back(presence(where, who));
  publish_presences(std::move(known));
}

std::string Conversation::at(std::string_view name) const {
  return std::string(name) + ':' + std::to_string(web.port());
}

std::string Conversation::request(std::string_view method, std::string_view name, std::string_view target,
                                  std::string_view more) const {
  return std::string(method) + " http://" + at(name) + std::string(target) + " HTTP/1.1\r\nHost: " + at(name) + "\r\n" +
         std::string(more) + "\r\n";
}

std::string Conversation::forwarded(std::string_view method, std::string_view name, std::string_view target,
                                    std::string_view more) const {
  return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: " + at(name) + "\r\n" +
         std::string(more) + "\r\n";
}

std::string Conversation::connect(std::string_view name) const {
  return "CONNECT " + at(name) + " HTTP/1.1\r\nHost: " + at(name) + "\r\n\r\n";
}

Peer Conversation::tunnel_to(std::string_view name) {
  Peer peer = client();
  peer.sends(connect(name));
  peer.expects("HTTP/1.1 200 Connection established\r\n\r\n");
  return peer;
}

std::vector<std::string> Conversation::records() const {
  std::string text;
  const auto done = breaches::export_breaches(folder.path(), {}, breaches::ExportFormat::jsonl, [&](auto piece) {
    text += piece;
    return true;
  });
  if (!done) throw std::runtime_error(done.error().text());
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  return lines;
}

std::string Conversation::decisions() const {
  auto text = read_file(folder.path() / "decisions.jsonl", 1 << 24);
  return text ? *text : text.error().text();
}

void Conversation::wait_until(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(kPatience);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) {
      ADD_FAILURE() << "what was waited for did not come";
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace schoolgate::flow::test
