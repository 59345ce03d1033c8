// schoolgate.yaml: the network administrator's file.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "config/named_files.h"
#include "config/plain_text.h"
#include "config/scalars.h"
#include "config/suggest.h"
#include "config/yaml_files.h"
#include "names/host.h"

namespace schoolgate::config {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr seconds kLongestYear = hours(24 * 365);

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "schoolgate";
  return name.data();
}

void read_site(const YamlNode& node, Report& report, Site& site, rules::PolicySpec& policy) {
  Mapping keys(node, report);
  keys.required("name", site.name);
  keys.optional("gateway", Id{site.gateway});
  keys.optional("contact", site.contact);
  keys.required("timezone", site.timezone);
  policy.timezone = site.timezone;
  if (const YamlNode* timezone = keys.find("timezone")) policy.timezone_at = report.at(*timezone);
}

// One address and port can be bound once, whichever key names it.
void read_endpoints(Mapping& keys, std::string_view key, Report& report, std::vector<Endpoint>& out,
                    std::set<Endpoint>& taken) {
  const YamlNode* node = keys.find(key);
  if (!node) return;
  for (const YamlNode& item : items_of(*node, report)) {
    Endpoint endpoint;
    if (!read_value(item, report, endpoint)) continue;
    if (!taken.insert(endpoint).second)
      report.error(item, "'" + endpoint.text() + "' is used twice in listen");
    else
      out.push_back(endpoint);
  }
}

void read_endpoint(Mapping& keys, std::string_view key, Report& report, std::optional<Endpoint>& out,
                   std::set<Endpoint>& taken) {
  if (!keys.optional(key, out)) return;
  if (!taken.insert(*out).second) report.error(*keys.find(key), "'" + out->text() + "' is used twice in listen");
}

void read_listen(const YamlNode& node, Report& report, Listen& listen) {
  Mapping keys(node, report);
  std::set<Endpoint> taken;
  read_endpoints(keys, "proxy", report, listen.proxy, taken);
  read_endpoints(keys, "http", report, listen.http, taken);
  read_endpoints(keys, "tls", report, listen.tls, taken);
  read_endpoints(keys, "portal", report, listen.portal, taken);
  read_endpoints(keys, "portal_tls", report, listen.portal_tls, taken);
  read_endpoint(keys, "console", report, listen.console, taken);
  read_endpoint(keys, "metrics", report, listen.metrics, taken);
  const auto says_something = [&](std::string_view key) {
    const YamlNode* value = keys.find(key);
    return value && (value->kind != YamlNode::Kind::list || !value->items.empty());
  };
  if (node.kind == YamlNode::Kind::mapping && !says_something("proxy") && !says_something("http") &&
      !says_something("tls"))
    report.error(node, "nothing to listen on", "name at least one of proxy, http and tls");
}

void read_ports(const YamlNode& node, Report& report, std::vector<std::uint16_t>& out) {
  if (node.kind != YamlNode::Kind::list) {
    report_wrong_type(node, report, "a list of ports", "such as [443]");
    return;
  }
  out.clear();
  for (const YamlNode& item : node.items) {
    std::uint16_t port = 0;
    if (!read_value(item, report, Whole{port, 1, 65535})) continue;
    if (std::ranges::find(out, port) == out.end()) out.push_back(port);
  }
}

void read_resolvers(const YamlNode& node, Report& report, std::vector<Endpoint>& out) {
  for (const YamlNode& item : items_of(node, report)) {
    const std::string* text = text_of(item, report, "an address");
    if (!text) continue;
    if (const auto endpoint = parse_endpoint(*text, 53))
      out.push_back(*endpoint);
    else
      report.error(item, "'" + printable(*text) + "' is not the address of a name server",
                   "such as 192.0.2.53 or \"[2001:db8::53]:5353\"");
  }
}

void read_upstream(const YamlNode& node, Report& report, Upstream& upstream) {
  Mapping keys(node, report);
  if (const YamlNode* ports = keys.find("connect_ports")) read_ports(*ports, report, upstream.connect_ports);
  if (const YamlNode* ports = keys.find("http_ports")) read_ports(*ports, report, upstream.http_ports);
  keys.optional("allow_private", upstream.allow_private);
  if (const YamlNode* trust = keys.find("trust")) {
    for (const YamlNode& item : items_of(*trust, report)) {
      std::filesystem::path file;
      if (read_value(item, report, file) && require_file(item, report, file)) upstream.trust.push_back(file);
    }
  }
  if (const YamlNode* resolver = keys.find("resolver")) read_resolvers(*resolver, report, upstream.resolver);
  if (keys.optional("hosts", upstream.hosts)) require_file(*keys.find("hosts"), report, *upstream.hosts);
}

bool is_category(const YamlNode& node, Report& report, std::string_view text, const rules::CategoryTable& categories) {
  if (categories.find(text) != rules::kNoCategory) return true;
  std::vector<std::string_view> ids;
  for (const rules::Category& category : categories.all()) ids.push_back(category.id);
  report.error(node, "unknown category '" + printable(text) + "'", suggest(text, ids));
  return false;
}

// A site has a dot or is an address; a lone word is a category.
bool is_never_entry(const YamlNode& item, Report& report, const rules::CategoryTable& categories) {
  const std::string& text = item.text;
  const bool site_shaped = text.find_first_of(".:") != std::string::npos;
  if (site_shaped && categories.find(text) == rules::kNoCategory) {
    const auto host = names::Host::parse(text);
    if (host) return true;
    report.error(item, "'" + printable(text) + "' is not a site: " + host.error().what, host.error().next);
    return false;
  }
  return is_category(item, report, text, categories);
}

// { suicide: "REASON" }: a gap that the school knows of. Without a reason it would be one that nobody has thought
// about.
void read_known_gaps(const YamlNode& node, Report& report, const rules::CategoryTable& categories,
                     std::map<std::string, std::string>& gaps) {
  for (const auto& [key, value] : entries_of(node, report)) {
    std::string reason;
    if (is_category(*key, report, key->text, categories) && read_value(*value, report, reason))
      gaps.emplace(key->text, std::move(reason));
  }
}

void read_inspection(const YamlNode& node, Report& report, rules::PolicySpec& policy) {
  using enum rules::InspectionMode;
  static constexpr std::pair<std::string_view, rules::InspectionMode> kModes[] = {
      {"off", off}, {"selective", selective}, {"always", always}};
  Mapping keys(node, report);
  keys.optional("mode", Choice<rules::InspectionMode>{policy.inspection, kModes});
  const YamlNode* never = keys.find("never");
  if (!never) return;
  for (const YamlNode& item : items_of(*never, report)) {
    std::string text;
    if (read_value(item, report, text) && is_never_entry(item, report, policy.categories))
      policy.never_inspect.push_back(std::move(text));
  }
}

void read_retention(const YamlNode& node, Report& report, Retention& retention) {
  Mapping keys(node, report);
  keys.optional("decisions", Span{retention.decisions, hours(1), 20 * kLongestYear});
  keys.optional("breaches", Span{retention.breaches, hours(24), 20 * kLongestYear});
  keys.optional("audit", Span{retention.audit, hours(24), 100 * kLongestYear});
  keys.optional("incidents", Span{retention.incidents, hours(24), 100 * kLongestYear});
  keys.optional("people", Span{retention.people, hours(24), 20 * kLongestYear});
}

void read_limits(const YamlNode& node, Report& report, Limits& limits) {
  Mapping keys(node, report);
  keys.optional("header", Span{limits.header, seconds(1), hours(1)});
  keys.optional("connect", Span{limits.connect, seconds(1), hours(1)});
  keys.optional("response", Span{limits.response, seconds(1), hours(1)});
  keys.optional("idle", Span{limits.idle, seconds(1), hours(1)});
  keys.optional("idle_tunnel", Span{limits.idle_tunnel, seconds(1), hours(24)});
  keys.optional("drain", Span{limits.drain, seconds(0), hours(1)});
  keys.optional("client_connections", Whole{limits.client_connections, 1, 1'000'000});
  keys.optional("client_streams", Whole{limits.client_streams, 10, 1'000'000});
  keys.optional("client_memory", Bytes{limits.client_memory, 1024 * 1024, 4095u << 20});
  keys.optional("connections", Whole{limits.connections, 1, 10'000'000});
  keys.optional("header_bytes", Bytes{limits.header_bytes, 1024, 1024 * 1024});
  keys.optional("header_count", Whole{limits.header_count, 10, 10'000});
  keys.optional("workers", Whole{limits.workers, 0, 256});
  if (limits.client_connections > limits.connections)
    report.error(*keys.find(keys.find("client_connections") ? "client_connections" : "connections"),
                 "one client may have more connections than all clients together",
                 "client_connections must not exceed connections");
}

void read_unnamed(const YamlNode& node, Report& report, Unnamed& unnamed) {
  static constexpr std::pair<std::string_view, UnnamedAnswer> kAnswers[] = {{"block", UnnamedAnswer::block},
                                                                            {"judge", UnnamedAnswer::judge}};
  using Answer = Choice<UnnamedAnswer>;
  Mapping keys(node, report);
  keys.optional("no_sni", Answer{unnamed.no_sni, kAnswers});
  keys.optional("ip_sni", Answer{unnamed.ip_sni, kAnswers});
  keys.optional("ech", Answer{unnamed.ech, kAnswers});
  keys.optional("not_tls", Answer{unnamed.not_tls, kAnswers});
  if (const YamlNode* malformed = keys.find("malformed"); malformed && malformed->text != "block")
    report.error(*malformed, "a malformed ClientHello is always blocked", "write block, or leave the key out");
}

// What the kernel takes as an interface name (dev_valid_name), less what would need quoting.
bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

// 993 or "udp/123". The web's ports, and those that would lead around the filter, cannot be opened.
std::optional<FirewallPort> read_firewall_port(const YamlNode& node, Report& report) {
  const std::string* text = text_of(node, report, "a port");
  if (!text) return std::nullopt;
  FirewallPort port;
  std::string_view digits = *text;
  if (digits.starts_with("udp/")) {
    port.udp = true;
    digits.remove_prefix(4);
  } else if (digits.starts_with("tcp/")) {
    digits.remove_prefix(4);
  }
  const auto value = parse_whole(digits);
  if (!value || *value == 0 || *value > 65535) {
    report.error(node, "'" + printable(*text) + "' is not a port", "such as 993, or udp/123");
    return std::nullopt;
  }
  port.number = std::uint16_t(*value);
  if (port.number == 80 || port.number == 443) {
    report.error(
        node, "port " + *text + " cannot be opened",
        port.udp ? "it is QUIC, which would go past the filter" : "it is the web, which goes through the filter");
    return std::nullopt;
  }
  if (port.number == 53 || port.number == 853) {
    report.error(node, "port " + *text + " cannot be opened",
                 "devices ask the gateway or the name servers of upstream.resolver");
    return std::nullopt;
  }
  return port;
}

void read_firewall(const YamlNode& node, Report& report, Firewall& firewall) {
  static constexpr std::pair<std::string_view, Topology> kTopologies[] = {
      {"routed", Topology::routed}, {"bridge", Topology::bridge}, {"one-armed", Topology::one_armed}};
  static constexpr std::pair<std::string_view, bool> kTranslations[] = {{"masquerade", true}, {"none", false}};
  Mapping keys(node, report);
  if (const YamlNode* inside = keys.find("inside")) {
    for (const YamlNode& item : items_of(*inside, report)) {
      const std::string* name = text_of(item, report, "an interface");
      if (!name) continue;
      if (!is_interface_name(*name))
        report.error(item, "'" + printable(*name) + "' is not the name of an interface", "see `ip link`");
      else if (std::ranges::find(firewall.inside, *name) == firewall.inside.end())
        firewall.inside.push_back(*name);
    }
  }
  keys.optional("topology", Choice<Topology>{firewall.topology, kTopologies});
  keys.optional("nat", Choice<bool>{firewall.masquerade, kTranslations});
  if (firewall.inside.empty() && firewall.topology == Topology::bridge)
    report.error(node, "a bridge needs to know which of its ports leads to the devices", "name it in `inside`");
  const YamlNode* ports = keys.find("ports");
  if (!ports || (ports->kind == YamlNode::Kind::scalar && ports->text == "closed")) return;
  if (ports->kind != YamlNode::Kind::mapping) {
    report_wrong_type(*ports, report, "closed, or the ports of each group", "such as { staff: [22, 993] }");
    return;
  }
  for (const auto& [group, list] : entries_of(*ports, report)) {
    GroupPorts open{group->text, {}, report.at(*group)};
    for (const YamlNode& item : items_of(*list, report)) {
      const auto port = read_firewall_port(item, report);
      if (port && std::ranges::find(open.ports, *port) == open.ports.end()) open.ports.push_back(*port);
    }
    firewall.ports.push_back(std::move(open));
  }
}

}  // namespace

void read_schoolgate(const YamlNode& root, Report& report, Settings& settings, rules::PolicySpec& policy) {
  settings.site.gateway = host_name();
  Mapping keys(root, report);
  if (const YamlNode* site = keys.require("site")) read_site(*site, report, settings.site, policy);
  keys.required("state", settings.state);
  if (const YamlNode* listen = keys.require("listen")) read_listen(*listen, report, settings.listen);
  if (const YamlNode* identity = keys.find("identity"))
    read_identity(*identity, report, settings.listen, settings.identity);
  if (const YamlNode* upstream = keys.find("upstream")) read_upstream(*upstream, report, settings.upstream);
  keys.optional("via", settings.via);
  if (const YamlNode* inspection = keys.find("inspection")) read_inspection(*inspection, report, policy);
  settings.inspection = policy.inspection;
  if (const YamlNode* unnamed = keys.find("unnamed")) read_unnamed(*unnamed, report, settings.unnamed);
  if (const YamlNode* firewall = keys.find("firewall")) read_firewall(*firewall, report, settings.firewall);
  if (const YamlNode* forward = keys.find("forward")) read_forward(*forward, report, settings.forward);
  keys.optional("decisions", settings.decisions);
  if (const YamlNode* retention = keys.find("retention")) read_retention(*retention, report, settings.retention);
  if (const YamlNode* limits = keys.find("limits")) read_limits(*limits, report, settings.limits);
  static constexpr std::pair<std::string_view, FirstStart> kFirstStart[] = {{"wait", FirstStart::wait},
                                                                            {"serve", FirstStart::serve}};
  keys.optional("first_start", Choice<FirstStart>{settings.first_start, kFirstStart});
  if (const YamlNode* gaps = keys.find("known_gaps"))
    read_known_gaps(*gaps, report, policy.categories, settings.known_gaps);
  if (keys.optional("pages", settings.pages)) require_folder(*keys.find("pages"), report, *settings.pages);
}

}  // namespace schoolgate::config
