// What schoolgate.yaml says, as plain values: the school, the listeners, the way to the web, what is kept.
//
// Filled by config/load.h, read by app/, which hands each room the pieces it needs (proxy/flow never includes this
// file). Every default is the one that docs/configuration.md prints. All paths are resolved: a relative path in any
// configuration file is relative to the configuration folder, whatever the current directory is.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "casework/forwarding/forward_settings.h"
#include "identity/identity_settings.h"
#include "names/ip_address.h"
#include "rules/policy_spec.h"

namespace schoolgate::config {

/// Where something listens or can be reached. "0.0.0.0:8080", "[::1]:8080".
struct Endpoint {
  names::IpAddress address;
  std::uint16_t port = 0;
  /// "192.0.2.1:53" or "[2001:db8::1]:53".
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Endpoint&) const = default;
};

struct Site {
  std::string name;      ///< the school, as records and pages show it
  std::string timezone;  ///< IANA name, e.g. "Europe/London"
  std::string contact;   ///< how to ask at the school, on the gateway's own pages: "Mrs Ash, room 4"; may be empty
  std::string gateway;   ///< this machine's name in records and in Via; default: the host name
};

struct Listen {
  std::vector<Endpoint> proxy;   ///< explicit proxy
  std::vector<Endpoint> http;    ///< transparent HTTP
  std::vector<Endpoint> tls;     ///< transparent TLS
  std::vector<Endpoint> portal;  ///< sign-in pages, plain HTTP: where devices look for a captive portal
  std::vector<Endpoint> portal_tls;
  std::optional<Endpoint> console;
  std::optional<Endpoint> metrics;
};

struct Upstream {
  std::vector<std::uint16_t> connect_ports{443};  ///< CONNECT elsewhere is refused
  std::vector<std::uint16_t> http_ports;          ///< of plain HTTP; empty: what net::is_web_port() takes
  std::vector<names::IpNetwork> allow_private;    ///< special-purpose destinations that may be reached after all
  std::vector<std::filesystem::path> trust;       ///< PEM files of extra roots, besides the system's
  std::vector<Endpoint> resolver;                 ///< DNS servers; empty: the system's
  std::optional<std::filesystem::path> hosts;     ///< an extra hosts file, asked before /etc/hosts and DNS
};

struct Retention {
  std::chrono::seconds decisions{std::chrono::hours(24 * 90)};
  std::chrono::seconds breaches{std::chrono::hours(24 * 365)};
  std::chrono::seconds audit{std::chrono::hours(24 * 365 * 7)};
  std::chrono::seconds incidents{std::chrono::hours(24 * 365 * 7)};  ///< since they were closed
  std::chrono::seconds people{std::chrono::hours(24 * 365)};         ///< since they left
};

/// Deadlines and caps of the data plane. None of them can be switched off.
struct Limits {
  std::chrono::seconds header{20};        ///< a whole request head or ClientHello must have come
  std::chrono::seconds connect{10};       ///< name lookup and TCP connection to the web site
  std::chrono::seconds response{120};     ///< the web site's response head
  std::chrono::seconds idle{60};          ///< a kept-alive connection between two requests; a body that does not move
  std::chrono::seconds idle_tunnel{900};  ///< a tunnel without a byte in either direction
  std::chrono::seconds drain{30};         ///< SIGTERM: how long running requests may go on
  std::uint32_t client_connections = 1'000;  ///< at once, from one client address
  std::uint32_t client_streams = 2'000;      ///< HTTP/2 requests at once, of one client address over all connections
  std::uint32_t client_memory = 64u << 20;   ///< bytes held for one client address that it has asked for and not taken
  std::uint32_t connections = 50'000;        ///< at once, from everybody
  std::uint32_t header_bytes = 64 * 1024;
  std::uint32_t header_count = 200;
  std::uint32_t workers = 0;  ///< 0: one per core
};

/// A transparent TLS connection that names no host. "judge" never means "let it through unseen": the connection is
/// judged by what is known (its destination address, or the outer name of an Encrypted ClientHello).
enum class UnnamedAnswer : std::uint8_t { block, judge };

/// A ClientHello that cannot be parsed has no entry here: it is always blocked.
struct Unnamed {
  UnnamedAnswer no_sni = UnnamedAnswer::block;   ///< no server name at all: judged by destination address
  UnnamedAnswer ip_sni = UnnamedAnswer::block;   ///< an IP address as server name: judged by that address
  UnnamedAnswer ech = UnnamedAnswer::block;      ///< Encrypted ClientHello: judged by the outer name
  UnnamedAnswer not_tls = UnnamedAnswer::block;  ///< other bytes on the TLS port: judged by destination address
};

/// What a group gets while a list behind one of its blocked categories has never been there.
enum class FirstStart : std::uint8_t {
  wait,   ///< a page that says so; sites of help and the school's own allow rules apart
  serve,  ///< the web without that list
};

/// How the gateway stands in the network.
enum class Topology : std::uint8_t { routed, bridge, one_armed };

/// A port that the firewall opens beside the web.
struct FirewallPort {
  std::uint16_t number = 0;
  bool udp = false;
  auto operator<=>(const FirewallPort&) const = default;
};

struct GroupPorts {
  std::string group;
  std::vector<FirewallPort> ports;
  SourcePosition at;
};

/// What `schoolgate firewall` makes of this machine: closed, but for the web through the filter.
struct Firewall {
  std::vector<std::string> inside;  ///< interfaces towards the school's devices; empty: all that arrives is filtered
  Topology topology = Topology::routed;
  std::vector<GroupPorts> ports;  ///< of the groups that have any; empty: closed
  bool masquerade = true;         ///< IPv4 from private addresses leaves under the gateway's address
};

struct Settings {
  Site site;
  std::filesystem::path state;  ///< breach log, compiled lists, certificates; created 0700 by app/
  Listen listen;
  Upstream upstream;
  bool via = true;                                 ///< send Via (RFC 9110 section 7.6.3)
  std::optional<std::filesystem::path> decisions;  ///< decisions.jsonl; none: no decision log is kept
  Retention retention;
  Limits limits;
  Unnamed unnamed;
  Firewall firewall;
  std::optional<std::filesystem::path> pages;  ///< folder of the school's own page templates
  identity::IdentitySettings identity;
  std::optional<casework::ForwardSettings> forward;  ///< the collector of records and alarms; none: they stay here
  FirstStart first_start = FirstStart::wait;
  std::map<std::string, std::string> known_gaps;                  ///< category -> why the school has no data for it
  rules::InspectionMode inspection = rules::InspectionMode::off;  ///< also in PolicySpec, which judges by it
};

}  // namespace schoolgate::config
