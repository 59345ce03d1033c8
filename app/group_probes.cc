#include "app/group_probes.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "app/first_listed.h"
#include "app/protection_now.h"
#include "app/selftest_probe.h"
#include "breaches/breach.h"
#include "breaches/export.h"
#include "breaches/flat_json.h"
#include "proxy/tls/trust_store.h"
#include "proxy/tls/upstream_context.h"

namespace schoolgate::app {
namespace {

using flow::Entrance;

constexpr unsigned kProbesAtOnce = 8;
constexpr std::chrono::seconds kLimit{10};

struct Door {
  Entrance entrance;
  net::Endpoint at;
};

// One for each entrance and family.
std::vector<Door> doors_of(const config::Listen& listen) {
  std::vector<Door> doors;
  const auto add = [&](Entrance entrance, const std::vector<config::Endpoint>& endpoints) {
    for (const config::Endpoint& endpoint : endpoints) {
      net::Endpoint at{endpoint.address, endpoint.port};
      if (at.address == names::IpAddress::v4(0)) at.address = names::IpAddress::v4(0x7F000001);
      if (at.address == names::IpAddress()) at.address = *names::IpAddress::parse("::1");
      const auto same = [&](const Door& door) {
        return door.entrance == entrance && door.at.address.is_v4() == at.address.is_v4();
      };
      if (std::ranges::none_of(doors, same)) doors.push_back({entrance, at});
    }
  };
  add(Entrance::explicit_proxy, listen.proxy);
  add(Entrance::transparent_http, listen.http);
  add(Entrance::transparent_tls, listen.tls);
  return doors;
}

// A server beyond, of an address for documentation (RFC 5737, RFC 3849): the firewall leads both ports to the gateway,
// and where it does not, nothing answers.
std::vector<Door> doors_beyond(const config::Listen& listen) {
  std::vector<Door> doors;
  const auto add = [&](Entrance entrance, const std::vector<config::Endpoint>& endpoints, std::uint16_t port) {
    for (const bool v4 : {true, false})
      if (std::ranges::any_of(endpoints, [&](const auto& at) { return at.address.is_v4() == v4; }))
        doors.push_back({entrance, {*names::IpAddress::parse(v4 ? "192.0.2.80" : "2001:db8::80"), port}});
  };
  add(Entrance::transparent_http, listen.http, 80);
  add(Entrance::transparent_tls, listen.tls, 443);
  return doors;
}

rules::Request question_at(Entrance entrance, const names::Host& host) {
  if (entrance == Entrance::transparent_http)
    if (auto page = names::Url::from_parts("http", host, 80, "/"))
      return rules::Request::of_url(std::move(*page), "GET");
  return rules::Request::of_host(host, 443, "CONNECT");
}

rules::Stage stage_of(Entrance entrance) {
  switch (entrance) {
    case Entrance::explicit_proxy: return rules::Stage::connect;
    case Entrance::transparent_http: return rules::Stage::request;
    case Entrance::transparent_tls: break;
  }
  return rules::Stage::client_hello;
}

class ProbePlanner {
 public:
  ProbePlanner(const LoadedPolicy& loaded, TimePoint now, ProbeWay way)
      : loaded_(loaded),
        policy_(*loaded.snapshot),
        now_(now),
        way_(way),
        doors_(way == ProbeWay::firewall ? doors_beyond(loaded.configuration.settings.listen)
                                         : doors_of(loaded.configuration.settings.listen)) {}

  GroupProbes plan() {
    for (const rules::CategoryProtection& row : protection_now(loaded_.configuration, policy_, now_).rows)
      if (row.action >= rules::Action::warn) add(row);
    return std::move(plan_);
  }

 private:
  void add(const rules::CategoryProtection& row) {
    const rules::CategoryId category = policy_.categories().find(row.category);
    const auto group = policy_.find_group(row.group);
    if (category == rules::kNoCategory || !group) return;
    if (policy_.categories()[category].illegal) return leave_out(row, "nothing illegal is asked for");
    if (row.state == rules::ProtectionState::empty) return leave_out(row, "no data in force names the category");
    // Best a name that this category alone decides; names in the lists of two categories are refused as one of them.
    for (const bool as_another : {false, true})
      for (const config::ListConfig& list : loaded_.configuration.lists) {
        if (list.category != row.category || list.sealed) continue;
        const auto host = first_listed(list, loaded_.configuration.settings.state, [&](const names::Host& candidate) {
          const auto refusal = refusal_of(*group, candidate, Entrance::explicit_proxy);
          return refusal && (as_another || refusal->category == row.category);
        });
        if (host) return add_probes(row, *group, list, *host);
      }
    leave_out(row, "no name in the lists of the category is refused to the group at this time of day");
  }

  void leave_out(const rules::CategoryProtection& row, std::string why) {
    plan_.not_tried.push_back({row.group, row.category, std::move(why)});
  }

  struct Refusal {
    rules::Action action;
    std::string category;
  };

  /// What a device of the group gets for `host` there; nullopt where no list of a category refuses it, and where
  /// nothing may be said of it.
  std::optional<Refusal> refusal_of(rules::GroupIndex group, const names::Host& host, Entrance entrance) const {
    const rules::Subject device{.group = group, .by_name_only = true};
    const rules::Request request = question_at(entrance, host);
    const rules::Verdict verdict = policy_.decide(device, request, stage_of(entrance), now_);
    const rules::Citation reason = policy_.cite(verdict);
    const bool by_list = verdict.reason.tier == rules::Tier::category;
    if (verdict.action < rules::Action::warn || !by_list || reason.illegal || reason.sealed) return std::nullopt;
    return Refusal{verdict.action, reason.category};
  }

  void add_probes(const rules::CategoryProtection& row, rules::GroupIndex group, const config::ListConfig& list,
                  const names::Host& host) {
    for (const Door& door : doors_) {
      const auto expected = refusal_of(group, host, door.entrance);
      plan_.probes.push_back({.group = row.group,
                              .category = row.category,
                              .list = list.name,
                              .host = std::string(host.text()),
                              .expected = expected ? expected->action : rules::Action::block,
                              .entrance = door.entrance,
                              .at = door.at,
                              .way = way_,
                              .found = {}});
    }
  }

  const LoadedPolicy& loaded_;
  const rules::PolicySnapshot& policy_;
  TimePoint now_;
  ProbeWay way_;
  std::vector<Door> doors_;
  GroupProbes plan_;
};

/// Believes nobody: the handshake is refused before or by it, and the record is the evidence.
Result<std::unique_ptr<tls::UpstreamContext>> hello_sender() {
  auto trust = tls::TrustStore::load(
      {.system_roots = {}, .extra_roots = {}, .pins = {}, .own_authority = nullptr, .is_public_suffix = {}});
  if (!trust) return std::unexpected(std::move(trust.error()));
  return tls::UpstreamContext::make(std::move(*trust));
}

names::IpAddress source_of(const GroupProbe& probe) {
  const names::IpAddress& to = probe.at.address;
  if (probe.way == ProbeWay::firewall) return *names::IpAddress::parse(to.is_v4() ? kProbeDevice4 : kProbeDevice6);
  const auto own = to.is_v4() ? names::IpAddress::v4(0x7F000001) : *names::IpAddress::parse("::1");
  const bool loopback = to.is_v4() ? to.v4_host_order() >> 24 == 127 : to == own;
  return loopback ? own : to;
}

/// Why it could not be sent; empty when it was.
std::string send(const GroupProbe& probe, const AnnounceAs& announce, tls::UpstreamContext* tls) {
  const auto host = names::Host::parse(probe.host);
  if (!host) return host.error().what;
  const Announce as_group = [&](const net::Endpoint& endpoint) { return announce(endpoint, probe.group); };
  auto wire = ProbeWire::open(probe.at, source_of(probe), kLimit, as_group);
  if (!wire) return wire.error();
  if (probe.entrance == Entrance::transparent_tls) {
    static constexpr std::array<std::string_view, 1> kProtocols{"http/1.1"};
    auto session = tls->open(probe.host, 443, kProtocols);
    if (!session) return "TLS cannot begin";
    static_cast<void>(wire->secure(std::move(session)));
    return {};
  }
  const std::string head = probe.entrance == Entrance::explicit_proxy
                               ? probe_head(question_at(probe.entrance, *host))
                               : "GET / HTTP/1.1\r\nHost: " + probe.host +
                                     "\r\nUser-Agent: schoolgate-selftest\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  if (auto sent = wire->send(head); !sent) return sent.error();
  const auto status = wire->read_status();
  return status ? std::string() : status.error();
}

using RecordKey = std::tuple<std::string, std::string, std::string, bool>;  // group, site, stage, IPv4

struct Recorded {
  std::string action, tier;
};

Result<std::map<RecordKey, Recorded>> records_since(const std::filesystem::path& state, TimePoint began) {
  std::map<RecordKey, Recorded> records;
  const auto keep = [&](std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t end = std::min(piece.find('\n'), piece.size() - 1);
      if (const auto record = breaches::FlatJson::parse(piece.substr(0, end));
          record && record->text("confidence") == breaches::kSelftest) {
        const auto device = names::IpAddress::parse(record->text("device"));
        records[{std::string(record->text("group")), std::string(record->text("site")),
                 std::string(record->text("stage")), device && device->is_v4()}] = {
            std::string(record->text("action")), std::string(record->text("reason.tier"))};
      }
      piece.remove_prefix(end + 1);
    }
    return true;
  };
  auto read = breaches::export_breaches(state, {.since = began}, breaches::ExportFormat::jsonl, keep);
  if (!read) return std::unexpected(std::move(read.error()));
  return records;
}

void judge(GroupProbe& probe, const std::map<RecordKey, Recorded>& records) {
  if (!probe.found.empty()) return;  // was not sent
  const auto found = records.find(
      {probe.group, probe.host, std::string(rules::to_string(stage_of(probe.entrance))), probe.at.address.is_v4()});
  if (found == records.end())
    probe.found = "no record";
  else
    probe.found = found->second.tier == rules::to_string(rules::Tier::unlisted) ? "would pass" : found->second.action;
  probe.as_expected = probe.found == rules::to_string(probe.expected);
}

}  // namespace

std::string way_of(const GroupProbe& probe) {
  std::string family = probe.at.address.is_v4() ? ", IPv4" : ", IPv6";
  if (probe.way == ProbeWay::firewall) family += ", through the firewall";
  switch (probe.entrance) {
    case Entrance::explicit_proxy: return "explicit proxy" + family;
    case Entrance::transparent_http: return "transparent HTTP" + family;
    case Entrance::transparent_tls: break;
  }
  return "transparent TLS" + family;
}

GroupProbes plan_group_probes(const LoadedPolicy& loaded, TimePoint now, ProbeWay way) {
  return ProbePlanner(loaded, now, way).plan();
}

Result<void> send_group_probes(std::vector<GroupProbe>& probes, const LoadedPolicy& loaded,
                               const AnnounceAs& announce) {
  std::vector<std::unique_ptr<tls::UpstreamContext>> senders;
  for (unsigned i = 0; i < kProbesAtOnce; ++i) {
    auto sender = hello_sender();
    if (!sender) return std::unexpected(std::move(sender.error()));
    senders.push_back(std::move(*sender));
  }
  const TimePoint began = wall_now();
  std::atomic<std::size_t> next{0};
  const auto work = [&](unsigned thread) {
    for (std::size_t i = next++; i < probes.size(); i = next++)
      if (std::string why = send(probes[i], announce, senders[thread].get()); !why.empty())
        probes[i].found = "not sent: " + why;
  };
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < kProbesAtOnce; ++i) others.emplace_back(work, i);
    work(0);
  }
  const auto records = records_since(loaded.configuration.settings.state, began);
  if (!records) return std::unexpected(records.error());
  for (GroupProbe& probe : probes) judge(probe, *records);
  return {};
}

}  // namespace schoolgate::app
