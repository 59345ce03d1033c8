// A conversation through a real gateway: a client that speaks to a real worker, a web site that answers it, and a real
// breach log, all on loopback in this process. A test reads as the talk itself:
//
//     client.sends(get("web.example", "/"));
//     Peer origin = web.accept();
//     origin.expects("GET / HTTP/1.1\r\nHost: " + at("web.example") + "\r\n\r\n");
//     origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
//     client.expects("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
//
// The worker has its own thread; everything else happens on the test's, in the order in which it is written. Sockets
// block, with a deadline: a conversation that stalls fails, it does not hang.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "breaches/breach_log.h"
#include "breaches/decision_log.h"
#include "proxy/flow/worker.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/file_descriptor.h"
#include "rules/policy_spec.h"
#include "tests/rules/temporary_folder.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::flow::test {

/// Somebody with an account.
[[nodiscard]] rules::Person person(std::string user, std::string source = "sign-in");
[[nodiscard]] std::shared_ptr<rules::Presence> presence(std::string_view address, std::optional<rules::Person> person);

/// What a peer saw of the other's end.
enum class Ending { closed, reset, silent };
void PrintTo(Ending ending, std::ostream* out);

/// An HTTP answer as a client reads it.
struct Answer {
  int status = 0;
  std::string head;  ///< with the empty line
  std::string body;  ///< content: chunks are joined
  [[nodiscard]] bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

/// One end of a TCP connection. Expectations that fail are reported to GoogleTest with what came instead.
class Peer {
 public:
  explicit Peer(net::FileDescriptor fd);

  void sends(std::string_view bytes);
  /// The same, as far as the other side takes it; false when it does not.
  bool tries_to_send(std::string_view bytes);
  /// The same, a byte a segment.
  void drips(std::string_view bytes);
  /// Reads exactly as many bytes as `bytes` has, and compares.
  void expects(std::string_view bytes);
  /// Reads up to and with `mark`.
  [[nodiscard]] std::string read_to(std::string_view mark);
  /// Reads `count` bytes, fewer when the other side ends first.
  [[nodiscard]] std::string read(std::size_t count);
  /// Whatever comes next; empty when the other side has ended.
  [[nodiscard]] std::string read_some();
  /// Reads a whole answer by its framing; `to_head`: the answer to a HEAD request.
  [[nodiscard]] Answer answer(bool to_head = false);
  /// Everything until the other side's end, which `ending` tells.
  [[nodiscard]] std::string rest(Ending& ending);
  /// Reads on until the other side ends, and says how.
  [[nodiscard]] Ending ending();
  /// True when bytes or an end have arrived.
  [[nodiscard]] bool has_news() const;

  void finishes_sending();
  void closes();
  void resets();
  [[nodiscard]] net::Endpoint local() const;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  /// More into `held_`; what ended it when there is no more.
  [[nodiscard]] std::optional<Ending> receive();
  net::FileDescriptor fd_;
  std::string held_;  ///< received, not read yet
};

/// Web sites listening on one address of loopback.
class Web {
 public:
  explicit Web(const net::Endpoint& at);
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// The next connection that the gateway opened.
  [[nodiscard]] Peer accept();
  /// From now on a connection takes only a few kilobytes that nobody reads.
  void takes_little();
  /// True when a connection that nobody took yet is there.
  [[nodiscard]] bool was_called() const;

 private:
  net::FileDescriptor fd_;
  std::uint16_t port_ = 0;
};

/// The fixture. What is set before open() shapes the gateway; names are set in hosts().
///
/// Pupils on loopback: casino.example is blocked (gambling), games.example warned of, chat.example recorded,
/// sealed.example illegal, help.example a site of help, all others allowed; each with what is under it.
class Conversation : public ::testing::Test {
 protected:
  Conversation();
  ~Conversation() override;

  /// Starts the gateway; called by the first client() if not before.
  void open();
  [[nodiscard]] Peer client();
  /// Connects from another address of loopback: another device.
  [[nodiscard]] Peer client_from(std::string_view address);
  /// Connects to a worker beside the fixture's own.
  [[nodiscard]] static Peer client_of(const Worker& worker);
  /// Lets the worker finish what runs, and stops it: afterwards the logs are complete.
  void stop();
  /// Publishes a policy that also has `rules`.
  void publish(std::vector<rules::RuleSpec> rules);

  /// From now on these people, and nobody else, are known behind these addresses.
  void know(std::initializer_list<std::pair<std::string_view, rules::Person>> people);
  void publish_presences(std::vector<std::shared_ptr<rules::Presence>> known);

  [[nodiscard]] std::shared_ptr<const rules::PolicySnapshot> current_policy() const { return store_->current(); }

  /// "web.example:40001".
  [[nodiscard]] std::string at(std::string_view name) const;
  /// A request of one line and a Host field; `more`: further fields, each with CRLF.
  [[nodiscard]] std::string request(std::string_view method, std::string_view name, std::string_view target,
                                    std::string_view more = {}) const;
  [[nodiscard]] std::string get(std::string_view name, std::string_view target) const {
    return request("GET", name, target);
  }
  /// What the web site gets of request(), before anything that comes after the fields.
  [[nodiscard]] std::string forwarded(std::string_view method, std::string_view name, std::string_view target,
                                      std::string_view more = {}) const;
  /// CONNECT to `name` at the web site's port.
  [[nodiscard]] std::string connect(std::string_view name) const;
  /// Asks for a tunnel and reads the 200.
  [[nodiscard]] Peer tunnel_to(std::string_view name);

  /// The breach records so far, a line each.
  [[nodiscard]] std::vector<std::string> records() const;
  /// The decision log; complete after stop().
  [[nodiscard]] std::string decisions() const;
  [[nodiscard]] const Counters& counters() const { return std::as_const(*worker_).counters(); }
  [[nodiscard]] std::uint64_t upstream_faults(UpstreamFault kind) const {
    return counters().upstream_errors[std::size_t(kind)].get();
  }
  /// Waits until `holds`, for what no socket tells of; a minute without it fails.
  void wait_until(const std::function<bool()>& holds);
  [[nodiscard]] Gateway& gateway() { return *gateway_; }
  [[nodiscard]] net::Endpoint gateway_address() const { return worker_->listening().front(); }

  rules::test::TemporaryFolder folder;
  Web web{{*names::IpAddress::parse("127.0.0.1"), 0}};
  std::string hosts;  ///< lines of the hosts file
  rules::PolicySpec policy;
  FlowSettings settings;
  breaches::BreachLogSettings log_settings;
  std::vector<names::IpNetwork> allow_private{*names::IpNetwork::parse("127.0.0.0/8")};
  bool guard_knows_own_ports = true;
  std::shared_ptr<const Inspection> inspection;  ///< null: nothing is decrypted
  rules::PresenceStore presences;
  std::shared_ptr<Authenticator> authenticator;  ///< null: nobody is asked
  std::shared_ptr<const SignInGate> sign_in;     ///< null: nobody has to sign in

  std::unique_ptr<breaches::BreachLog> log;

 private:
  std::unique_ptr<rules::test::TestLists> lists_;
  std::unique_ptr<rules::PolicyStore> store_;
  std::unique_ptr<breaches::DecisionLog> decisions_;
  std::unique_ptr<Pages> pages_;
  std::unique_ptr<Gateway> gateway_;

 protected:
  std::unique_ptr<Worker> worker_;  ///< serves until the fixture ends
};

}  // namespace schoolgate::flow::test
