#include "app/selftest_checks.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <set>
#include <utility>

#include "app/first_listed.h"
#include "app/opening.h"
#include "proxy/net/endpoint.h"

namespace schoolgate::app {
namespace {

using names::IpAddress;

std::vector<IpAddress> interface_addresses() {
  std::vector<IpAddress> addresses;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return addresses;
  for (const ifaddrs* at = first; at; at = at->ifa_next) {
    if (!at->ifa_addr) continue;
    net::SocketAddress address;
    const bool v4 = at->ifa_addr->sa_family == AF_INET;
    if (!v4 && at->ifa_addr->sa_family != AF_INET6) continue;
    address.length = v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::copy_n(reinterpret_cast<const char*>(at->ifa_addr), address.length, reinterpret_cast<char*>(&address.storage));
    const auto endpoint = net::to_endpoint(address);
    const bool link_local = endpoint && endpoint->address.text().starts_with("fe80:");  // would need its interface
    if (endpoint && !link_local) addresses.push_back(endpoint->address);
  }
  ::freeifaddrs(first);
  return addresses;
}

// All of 127.0.0.0/8 is this machine, so a group whose network lies there can be asked for as well.
std::vector<IpAddress> loopback_addresses(const rules::PolicySpec& policy) {
  std::vector<IpAddress> addresses{IpAddress::v4(0x7F000001), *IpAddress::parse("::1")};
  for (const rules::GroupSpec& group : policy.groups)
    for (const rules::NetworkSpec& spec : group.networks) {
      const IpAddress& base = spec.network.base();
      if (!base.is_v4() || base.v4_host_order() >> 24 != 127) continue;
      addresses.push_back(spec.network.prefix_length() == 128 ? base : IpAddress::v4(base.v4_host_order() | 1));
    }
  return addresses;
}

const ProbeClient* client_in(const std::vector<ProbeClient>& clients, rules::GroupIndex group) {
  const auto found = std::ranges::find_if(clients, [&](const ProbeClient& c) { return c.subject.group == group; });
  return found == clients.end() ? nullptr : &*found;
}

class CheckPlanner {
 public:
  CheckPlanner(const LoadedPolicy& loaded, const std::vector<ProbeClient>& clients, TimePoint now)
      : loaded_(loaded),
        policy_(*loaded.snapshot),
        clients_(clients),
        now_(now),
        can_open_(can_open(loaded.configuration.settings)) {}

  std::vector<Check> plan() {
    for (const rules::RuleTestSpec& test : loaded_.configuration.policy.tests) add_test(test);
    for (const ProbeClient& client : clients_)
      for (const config::ListConfig& list : loaded_.configuration.lists) add_list(client, list);
    return std::move(checks_);
  }

 private:
  bool port_allowed(std::uint16_t port) const {
    const auto& ports = loaded_.configuration.settings.upstream.connect_ports;
    return std::ranges::find(ports, port) != ports.end();
  }

  /// Why this must not or cannot be sent; empty when it can.
  std::string obstacle(const rules::RuleTestSpec& test, const names::Url& url, const ProbeClient* client) const {
    if (!client) return "this machine has no address in the group";
    if (test.time) return "holds at " + *test.time;
    if (url.scheme() != "http" && url.scheme() != "https") return "is neither http nor https";
    if (url.scheme() == "https" && !port_allowed(url.port()))
      return "tunnels to port " + std::to_string(url.port()) + " are refused";
    return {};
  }

  // The load has run the tests, so the verdict on the whole address is what the test says.
  void add_test(const rules::RuleTestSpec& test) {
    const auto url = names::Url::parse(test.url);
    const auto group = policy_.find_group(test.group);
    if (!url || !group) return;
    const TimePoint time = test.time ? policy_.read_local_time(*test.time, now_).value_or(now_) : now_;
    const ProbeClient* client = client_in(clients_, *group);
    const rules::Subject subject = client ? client->subject : rules::Subject{.group = *group};
    const rules::Request whole = rules::Request::of_url(*url, "GET");
    const rules::Verdict on_whole = policy_.decide(subject, whole, rules::Stage::request, time);

    std::string why_not = obstacle(test, *url, client);
    if (const rules::Citation reason = policy_.cite(on_whole); reason.illegal || reason.sealed)
      why_not = "nothing illegal is asked for";
    if (!why_not.empty()) {
      add(whole, on_whole, subject, test.at.line_text(), {.note = "judged, not sent: " + why_not});
      return;
    }
    if (url->scheme() == "http") {
      add(whole, on_whole, subject, test.at.line_text(), {.from = client, .note = {}});
      return;
    }
    const auto host = names::Host::parse(url->host());
    if (!host) return;
    const rules::Request name = rules::Request::of_host(*host, url->port(), "CONNECT");
    const rules::Verdict on_name = policy_.decide(subject, name, rules::Stage::connect, time);
    if (!can_open_ || !is_opened(on_name)) {
      add(name, on_name, subject, test.at.line_text(), {.from = client, .note = note_by_name(on_name, on_whole)});
    } else if (host->address()) {
      add(whole, on_whole, subject, test.at.line_text(), {.note = "judged, not sent: TLS to an address says no name"});
    } else {
      add(whole, on_whole, subject, test.at.line_text(), {.from = client, .inside = true, .note = {}});
    }
  }

  /// What is to be known where only the name is asked for and the whole address might have another answer.
  std::string note_by_name(const rules::Verdict& on_name, const rules::Verdict& on_whole) const {
    std::string note;
    if (is_opened(on_name) && !can_open_)
      note = "by name, as nothing is opened without an authority";
    else if (on_name.action != on_whole.action)
      note = "by name, as this host is not opened";
    if (on_name.action != on_whole.action)
      note += "; the whole address (" + std::string(rules::to_string(on_whole.action)) + ") is not seen";
    return note;
  }

  /// The question by which a listed host is tried: its name, or its first page where the gateway opens it.
  std::pair<rules::Request, bool> question_for(const ProbeClient& client, const names::Host& host) const {
    rules::Request name = rules::Request::of_host(host, 443, "CONNECT");
    const bool opened =
        can_open_ && is_opened(policy_.decide(client.subject, name, rules::Stage::connect, now_)) && !host.address();
    auto page = names::Url::from_parts("https", host, 443, "/");
    if (!opened || !page) return {std::move(name), false};
    return {rules::Request::of_url(std::move(*page), "GET"), true};
  }

  // One name a category and client is enough.
  void add_list(const ProbeClient& client, const config::ListConfig& list) {
    const rules::CategoryId category = policy_.categories().find(list.category);
    if (list.sealed || category == rules::kNoCategory || policy_.categories()[category].illegal || !port_allowed(443))
      return;
    if (probed_.contains({client.subject.group, category})) return;
    const auto is_refused = [&](const names::Host& host) {
      const auto [request, inside] = question_for(client, host);
      const auto stage = inside ? rules::Stage::request : rules::Stage::connect;
      const rules::Verdict verdict = policy_.decide(client.subject, request, stage, now_);
      const rules::Citation reason = policy_.cite(verdict);
      return verdict.action >= rules::Action::warn && reason.list == list.name && !reason.illegal && !reason.sealed;
    };
    const auto host = first_listed(list, loaded_.configuration.settings.state, is_refused);
    if (!host) return;
    probed_.insert({client.subject.group, category});
    const auto [request, inside] = question_for(client, *host);
    const auto stage = inside ? rules::Stage::request : rules::Stage::connect;
    add(request, policy_.decide(client.subject, request, stage, now_), client.subject, "list " + list.name,
        {.from = &client, .inside = inside, .note = {}});
  }

  struct How {
    const ProbeClient* from = nullptr;
    bool inside = false;
    std::string note;
  };

  void add(const rules::Request& request, const rules::Verdict& verdict, const rules::Subject& subject,
           std::string source, How how) {
    const auto same = [&](const Check& check) {
      return how.from && check.from == how.from && check.request.url() == request.url();
    };
    if (std::ranges::any_of(checks_, same)) return;
    checks_.push_back({.request = request,
                       .group = std::string(policy_.group_id(subject.group)),
                       .source = std::move(source),
                       .expected = verdict.action,
                       .category = policy_.cite(verdict).category,
                       .from = how.from,
                       .inside = how.inside,
                       .note = std::move(how.note)});
  }

  const LoadedPolicy& loaded_;
  const rules::PolicySnapshot& policy_;
  const std::vector<ProbeClient>& clients_;
  TimePoint now_;
  bool can_open_;
  std::vector<Check> checks_;
  std::set<std::pair<rules::GroupIndex, rules::CategoryId>> probed_;
};

}  // namespace

std::vector<ProbeClient> probe_clients(const LoadedPolicy& loaded, bool v4) {
  std::vector<IpAddress> addresses = loopback_addresses(loaded.configuration.policy);
  for (const IpAddress& address : interface_addresses()) addresses.push_back(address);
  std::vector<ProbeClient> clients;
  for (const IpAddress& address : addresses) {
    const rules::Subject subject = loaded.snapshot->subject_for(address);
    if (address.is_v4() == v4 && !client_in(clients, subject.group)) clients.push_back({address, subject});
  }
  return clients;
}

std::vector<Check> make_checks(const LoadedPolicy& loaded, const std::vector<ProbeClient>& clients, TimePoint now) {
  return CheckPlanner(loaded, clients, now).plan();
}

}  // namespace schoolgate::app
