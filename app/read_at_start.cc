#include "app/read_at_start.h"

#include <string_view>

namespace schoolgate::app {
namespace {

class Differences {
 public:
  template <class T>
  void add(std::string_view name, const T& running, const T& wanted) {
    if (!(running == wanted)) names_.emplace_back(name);
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(names_); }

 private:
  std::vector<std::string> names_;
};

void add_site(Differences& differ, const config::Settings& running, const config::Settings& wanted) {
  differ.add("site.name", running.site.name, wanted.site.name);
  differ.add("site.timezone", running.site.timezone, wanted.site.timezone);
  differ.add("site.contact", running.site.contact, wanted.site.contact);
  differ.add("site.gateway", running.site.gateway, wanted.site.gateway);
  differ.add("state", running.state, wanted.state);
  differ.add("via", running.via, wanted.via);
  differ.add("decisions", running.decisions, wanted.decisions);
  differ.add("pages", running.pages, wanted.pages);
}

void add_listen(Differences& differ, const config::Listen& running, const config::Listen& wanted) {
  differ.add("listen.proxy", running.proxy, wanted.proxy);
  differ.add("listen.http", running.http, wanted.http);
  differ.add("listen.tls", running.tls, wanted.tls);
  differ.add("listen.portal", running.portal, wanted.portal);
  differ.add("listen.portal_tls", running.portal_tls, wanted.portal_tls);
  differ.add("listen.console", running.console, wanted.console);
  differ.add("listen.metrics", running.metrics, wanted.metrics);
}

// Extra roots are read with each reload.
void add_upstream(Differences& differ, const config::Upstream& running, const config::Upstream& wanted) {
  differ.add("upstream.connect_ports", running.connect_ports, wanted.connect_ports);
  differ.add("upstream.http_ports", running.http_ports, wanted.http_ports);
  differ.add("upstream.allow_private", running.allow_private, wanted.allow_private);
  differ.add("upstream.resolver", running.resolver, wanted.resolver);
  differ.add("upstream.hosts", running.hosts, wanted.hosts);
}

void add_retention(Differences& differ, const config::Retention& running, const config::Retention& wanted) {
  differ.add("retention.decisions", running.decisions, wanted.decisions);
  differ.add("retention.breaches", running.breaches, wanted.breaches);
  differ.add("retention.audit", running.audit, wanted.audit);
  differ.add("retention.incidents", running.incidents, wanted.incidents);
  differ.add("retention.people", running.people, wanted.people);
}

void add_limits(Differences& differ, const config::Limits& running, const config::Limits& wanted) {
  differ.add("limits.header", running.header, wanted.header);
  differ.add("limits.connect", running.connect, wanted.connect);
  differ.add("limits.response", running.response, wanted.response);
  differ.add("limits.idle", running.idle, wanted.idle);
  differ.add("limits.idle_tunnel", running.idle_tunnel, wanted.idle_tunnel);
  differ.add("limits.drain", running.drain, wanted.drain);
  differ.add("limits.client_connections", running.client_connections, wanted.client_connections);
  differ.add("limits.client_streams", running.client_streams, wanted.client_streams);
  differ.add("limits.client_memory", running.client_memory, wanted.client_memory);
  differ.add("limits.connections", running.connections, wanted.connections);
  differ.add("limits.header_bytes", running.header_bytes, wanted.header_bytes);
  differ.add("limits.header_count", running.header_count, wanted.header_count);
  differ.add("limits.workers", running.workers, wanted.workers);
}

void add_unnamed(Differences& differ, const config::Unnamed& running, const config::Unnamed& wanted) {
  differ.add("unnamed.no_sni", running.no_sni, wanted.no_sni);
  differ.add("unnamed.ip_sni", running.ip_sni, wanted.ip_sni);
  differ.add("unnamed.ech", running.ech, wanted.ech);
  differ.add("unnamed.not_tls", running.not_tls, wanted.not_tls);
}

bool knows_people(const config::Settings& settings) {
  return !settings.identity.sources.empty() || settings.identity.sign_in.has_value();
}

}  // namespace

std::vector<std::string> settings_read_at_start(const config::Settings& running, const config::Settings& wanted) {
  Differences differ;
  add_site(differ, running, wanted);
  add_listen(differ, running.listen, wanted.listen);
  add_upstream(differ, running.upstream, wanted.upstream);
  add_retention(differ, running.retention, wanted.retention);
  add_limits(differ, running.limits, wanted.limits);
  add_unnamed(differ, running.unnamed, wanted.unnamed);
  if (!knows_people(running)) differ.add("identity", false, knows_people(wanted));
  return differ.take();
}

}  // namespace schoolgate::app
