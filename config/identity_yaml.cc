// `identity` in schoolgate.yaml: who may say who somebody is.
#include <algorithm>

#include "config/named_files.h"
#include "config/plain_text.h"
#include "config/scalars.h"
#include "config/yaml_files.h"
#include "names/host.h"

namespace schoolgate::config {
namespace {

using identity::Source;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours kYear{24 * 365};

constexpr std::pair<std::string_view, Source> kSources[] = {{"negotiate", Source::negotiate},  {"basic", Source::basic},
                                                            {"radius", Source::radius},        {"logon", Source::logon},
                                                            {"sign-in", Source::sign_in},      {"dhcp", Source::dhcp},
                                                            {"neighbours", Source::neighbours}};

bool read_secret(Mapping& keys, std::string_view key, Report& report, std::optional<std::filesystem::path>& out) {
  const YamlNode* node = keys.find(key);
  std::filesystem::path path;
  if (!node || !read_value(*node, report, path) || !require_secret_file(*node, report, path)) return false;
  out = std::move(path);
  return true;
}

bool read_host(const YamlNode& node, Report& report, std::string& out) {
  std::string text;
  if (!read_value(node, report, text)) return false;
  const auto host = names::Host::parse(text);
  if (host && !host->address() && host->text().find('.') != std::string::npos) {
    out = host->text();
    return true;
  }
  report.error(node, quote(text) + " is not a host name", "such as signin.school.example");
  return false;
}

void read_negotiate(const YamlNode& node, Report& report, identity::IdentitySettings& out) {
  Mapping keys(node, report);
  (void)keys.require("keytab");
  read_secret(keys, "keytab", report, out.keytab);
  if (!keys.optional("principal", out.keytab_principal)) return;
  const std::string& principal = out.keytab_principal;
  const std::size_t at = principal.find('@');
  if (!principal.starts_with("HTTP/") || principal.size() == 5 || at == 5 || at == principal.size() - 1)
    report.error(*keys.find("principal"), quote(principal) + " is not the principal of a web service",
                 "such as HTTP/gateway.school.example@SCHOOL.EXAMPLE");
}

/// Without encryption a password may cross no wire.
bool is_on_this_machine(std::string_view server) {
  server.remove_prefix(server.find("://") + 3);
  server = server.substr(0, server.find('/'));
  const bool bracketed = server.starts_with('[');
  const std::string_view host = bracketed ? server.substr(1, server.find(']') - 1) : server.substr(0, server.find(':'));
  const auto address = names::IpAddress::parse(host);
  if (!address) return host == "localhost";
  return *address == *names::IpAddress::parse("::1") || names::IpNetwork::parse("127.0.0.0/8")->contains(*address);
}

void read_bind(const YamlNode& node, Report& report, identity::DirectorySettings& directory) {
  Mapping keys(node, report);
  keys.required("dn", directory.bind_dn);
  (void)keys.require("password_file");
  read_secret(keys, "password_file", report, directory.password_file);
}

identity::DirectorySettings read_directory(const YamlNode& node, Report& report) {
  using Schema = identity::DirectorySettings::Schema;
  static constexpr std::pair<std::string_view, Schema> kSchemas[] = {{"active-directory", Schema::active_directory},
                                                                     {"openldap", Schema::openldap}};
  identity::DirectorySettings directory;
  Mapping keys(node, report);
  keys.optional("start_tls", directory.start_tls);
  if (const YamlNode* servers = keys.require("servers")) {
    if (servers->kind == YamlNode::Kind::list && servers->items.empty()) report.error(*servers, "no server");
    for (const YamlNode& item : items_of(*servers, report)) {
      std::string server;
      if (!read_value(item, report, server)) continue;
      if (!is_url_of(server, {"ldap", "ldaps"}))
        report.error(item, quote(server) + " is not a directory", "such as ldaps://dc1.school.example");
      else if (!directory.start_tls && server.starts_with("ldap://") && !is_on_this_machine(server))
        report.error(item, "passwords would cross the network in clear", "use ldaps://, or leave 'start_tls' out");
      else
        directory.servers.push_back(std::move(server));
    }
  }
  keys.required("schema", Choice<Schema>{directory.schema, kSchemas});
  keys.required("base", directory.base);
  if (!directory.base.empty() && directory.base.find('=') == std::string::npos)
    report.error(*keys.find("base"), quote(directory.base) + " is not a place in a directory",
                 "such as \"dc=school,dc=example\"");
  if (const YamlNode* bind = keys.find("bind")) read_bind(*bind, report, directory);
  if (keys.optional("trust", directory.trust)) require_file(*keys.find("trust"), report, *directory.trust);
  keys.optional("timeout", Span{directory.timeout, seconds(1), minutes(1)});
  keys.optional("fresh", Span{directory.fresh, seconds(1), hours(24)});
  keys.optional("stale", Span{directory.stale, seconds(1), 24 * hours(31)});
  if (directory.stale < directory.fresh)
    report.error(*keys.find(keys.find("stale") ? "stale" : "fresh"), "an answer is stale before it is no longer fresh",
                 "'stale' must not be shorter than 'fresh'");
  return directory;
}

identity::RadiusSettings read_radius(const YamlNode& node, Report& report) {
  identity::RadiusSettings radius;
  Mapping keys(node, report);
  if (const YamlNode* listen = keys.require("listen")) {
    const std::string* text = text_of(*listen, report, "an address");
    const auto endpoint = text ? parse_endpoint(*text, radius.port) : std::nullopt;
    if (endpoint) {
      radius.address = endpoint->address;
      radius.port = endpoint->port;
    } else if (text) {
      report.error(*listen, quote(*text) + " is not an address to listen on", "such as \"0.0.0.0:1813\"");
    }
  }
  if (const YamlNode* clients = keys.require("clients")) {
    if (clients->kind == YamlNode::Kind::list && clients->items.empty()) report.error(*clients, "no client");
    for (const YamlNode& item : items_of(*clients, report)) {
      identity::RadiusClient client;
      Mapping of_client(item, report);
      const bool named = of_client.required("network", client.network);
      (void)of_client.require("secret_file");
      std::optional<std::filesystem::path> secret;
      if (read_secret(of_client, "secret_file", report, secret)) client.secret_file = *secret;
      const auto same = [&](const auto& other) { return other.network == client.network; };
      if (named && std::ranges::any_of(radius.clients, same))
        report.error(*of_client.find("network"), "network " + client.network.text() + " is there twice");
      else if (named)
        radius.clients.push_back(std::move(client));
    }
  }
  return radius;
}

void read_leases(const YamlNode& node, Report& report, std::vector<identity::LeaseFile>& out) {
  using Format = identity::LeaseFile::Format;
  static constexpr std::pair<std::string_view, Format> kFormats[] = {
      {"dnsmasq", Format::dnsmasq}, {"isc", Format::isc}, {"kea", Format::kea}};
  for (const YamlNode& item : items_of(node, report)) {
    identity::LeaseFile leases;
    Mapping keys(item, report);
    const bool named = keys.required("path", leases.path);
    if (named) expect_file(*keys.find("path"), report, leases.path);
    const bool formed = keys.required("format", Choice<Format>{leases.format, kFormats});
    if (named && formed) out.push_back(std::move(leases));
  }
}

void read_sessions(const YamlNode& node, Report& report, identity::SessionRules& sessions) {
  Mapping keys(node, report);
  keys.optional("idle", Span{sessions.idle, minutes(1), hours(24)});
  if (const YamlNode* end = keys.find("end_of_day")) sessions.end_of_day_minute = time_of_day_of(*end, report);
  keys.optional("devices", Whole{sessions.devices, 1, 100});
}

void read_address_follows(const YamlNode& node, Report& report, identity::IdentitySettings& out) {
  Mapping keys(node, report);
  keys.required("networks", out.address_follows.networks);
  if (std::uint32_t whole = 10; keys.optional("minutes", Whole{whole, 1, 240}))
    out.address_follows.minutes = minutes(whole);
}

identity::SignInSettings read_sign_in(const YamlNode& node, Report& report) {
  identity::SignInSettings sign_in;
  Mapping keys(node, report);
  keys.optional("networks", sign_in.networks);
  if (const YamlNode* host = keys.require("host")) read_host(*host, report, sign_in.host);
  const YamlNode *certificate = keys.find("certificate"), *key = keys.find("key");
  if (keys.optional("certificate", sign_in.certificate)) require_file(*certificate, report, *sign_in.certificate);
  read_secret(keys, "key", report, sign_in.key);
  if (certificate && !key) report.error(*certificate, "a certificate without its key", "add 'key'");
  if (key && !certificate) report.error(*key, "a key without its certificate", "add 'certificate'");
  if (keys.optional("terms", sign_in.terms)) require_folder(*keys.find("terms"), report, *sign_in.terms);
  seconds renewal = sign_in.terms_renewal;
  if (keys.optional("renew", Span{renewal, hours(24), 10 * kYear}))
    sign_in.terms_renewal = std::chrono::floor<std::chrono::days>(renewal);
  return sign_in;
}

/// Every source with its place, each once.
std::vector<std::pair<Source, const YamlNode*>> read_sources(const YamlNode& node, Report& report) {
  std::vector<std::pair<Source, const YamlNode*>> out;
  for (const YamlNode& item : items_of(node, report)) {
    Source source{};
    if (!read_value(item, report, Choice<Source>{source, kSources})) continue;
    if (std::ranges::any_of(out, [&](const auto& other) { return other.first == source; }))
      report.error(item, quote(item.text) + " stands twice");
    else
      out.emplace_back(source, &item);
  }
  return out;
}

/// A source and what it needs, each without the other.
void check_pairs(const std::vector<std::pair<Source, const YamlNode*>>& sources, Mapping& keys, Report& report) {
  static constexpr std::pair<Source, std::string_view> kSections[] = {{Source::negotiate, "negotiate"},
                                                                      {Source::radius, "radius"},
                                                                      {Source::logon, "logon"},
                                                                      {Source::dhcp, "leases"},
                                                                      {Source::sign_in, "sign_in"}};
  for (const auto& [source, section] : kSections) {
    const auto used = std::ranges::find(sources, source, &std::pair<Source, const YamlNode*>::first);
    const YamlNode* there = keys.find(section);
    if (used != sources.end() && !there)
      report.error(*used->second, quote(used->second->text) + " needs the section '" + std::string(section) + "'",
                   "add it beside 'sources', or take the source out");
    const auto* const word = std::ranges::find(kSources, source, &std::pair<std::string_view, Source>::second);
    const bool takes_logon_calls =
        source == Source::sign_in &&
        std::ranges::find(sources, Source::logon, &std::pair<Source, const YamlNode*>::first) != sources.end();
    if (used == sources.end() && there && !takes_logon_calls)
      report.warning(*there, "this section has no effect: " + quote(word->first) + " is not among the sources",
                     "add it to 'sources'");
  }
}

}  // namespace

void read_identity(const YamlNode& node, Report& report, const Listen& listen, identity::IdentitySettings& out) {
  Mapping keys(node, report);
  std::vector<std::pair<Source, const YamlNode*>> sources;
  if (const YamlNode* listed = keys.require("sources")) sources = read_sources(*listed, report);
  for (const auto& [source, place] : sources) out.sources.push_back(source);
  if (const YamlNode* negotiate = keys.find("negotiate")) read_negotiate(*negotiate, report, out);
  if (const YamlNode* basic = keys.find("basic")) {
    Mapping of_basic(*basic, report);
    of_basic.required("networks", out.basic_networks);
  }
  keys.optional("proxy_networks", out.proxy_networks);
  if (const YamlNode* follows = keys.find("address_follows")) read_address_follows(*follows, report, out);
  if (const YamlNode* directory = keys.find("directory")) out.directory = read_directory(*directory, report);
  if (const YamlNode* radius = keys.find("radius")) out.radius = read_radius(*radius, report);
  if (const YamlNode* logon = keys.find("logon")) {
    Mapping of_logon(*logon, report);
    (void)of_logon.require("secret_file");
    read_secret(of_logon, "secret_file", report, out.logon_secret_file);
  }
  if (const YamlNode* leases = keys.find("leases")) read_leases(*leases, report, out.leases);
  if (const YamlNode* sessions = keys.find("sessions")) read_sessions(*sessions, report, out.sessions);
  if (const YamlNode* sign_in = keys.find("sign_in")) out.sign_in = read_sign_in(*sign_in, report);
  if (node.kind == YamlNode::Kind::mapping) check_pairs(sources, keys, report);
  // The calls of logon scripts are taken by the pages for signing in, which that section describes.
  for (const auto& [source, place] : sources)
    if (source == Source::logon && !keys.find("sign_in"))
      report.error(*place, quote(place->text) + " is answered nowhere", "add the section 'sign_in' beside 'sources'");
  for (const auto& [source, place] : sources)
    if ((source == Source::sign_in || source == Source::logon) && listen.portal.empty() && listen.portal_tls.empty())
      report.error(*place, quote(place->text) + " is answered nowhere", "add listen.portal or listen.portal_tls");
}

}  // namespace schoolgate::config
