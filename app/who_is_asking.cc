#include "app/who_is_asking.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "proxy/net/linux/neighbours.h"
#include "store/state_key.h"
#include "web/tls.h"

namespace schoolgate::app {
namespace {

int local_minute(const rules::SiteClock& clock, TimePoint time) {
  const auto local = clock.local(time);
  return int(std::chrono::floor<std::chrono::minutes>(local - std::chrono::floor<std::chrono::days>(local)).count());
}

std::vector<identity::DeviceSeen> neighbours_now() {
  std::vector<identity::DeviceSeen> seen;
  const auto found = net::read_neighbours();
  if (!found) {
    log::warning("the neighbour table cannot be read", {{"why", found.error().text()}});
    return seen;
  }
  for (const net::Neighbour& neighbour : *found)
    seen.push_back({.address = neighbour.address, .mac = neighbour.mac, .name = {}, .on_the_link = true});
  return seen;
}

std::string authority_text(const std::string& host, std::uint16_t port) {
  return port == 443 ? host : host + ":" + std::to_string(port);
}

}  // namespace

// What workers ask, from before the sources of identity are open.
class WhoIsAsking::Authenticator final : public flow::Authenticator {
 public:
  explicit Authenticator(const identity::IdentitySettings& settings) : proxy_networks_(settings.proxy_networks) {}

  void use(std::unique_ptr<ProxyAuthenticator> authenticator) {
    kept_ = std::move(authenticator);
    current_.store(kept_.get(), std::memory_order_release);
  }

  std::vector<std::string> challenges(const names::IpAddress& client) const override {
    if (const auto* current = current_.load(std::memory_order_acquire)) return current->challenges(client);
    const auto holds = [&](const names::IpNetwork& network) { return network.contains(client); };
    if (!proxy_networks_.empty() && std::ranges::none_of(proxy_networks_, holds)) return {};
    return {std::string(ProxyAuthenticator::kBasic)};
  }

  void authenticate(const names::IpAddress& client, std::string credentials,
                    std::function<void(Answer)> done) override {
    if (auto* current = current_.load(std::memory_order_acquire))
      return current->authenticate(client, std::move(credentials), std::move(done));
    identity::wipe(credentials);
    done({.kind = Answer::Kind::unavailable, .presence = nullptr, .reply = {}});
  }

 private:
  const std::vector<names::IpNetwork> proxy_networks_;
  std::unique_ptr<ProxyAuthenticator> kept_;
  std::atomic<ProxyAuthenticator*> current_ = nullptr;
};

WhoIsAsking::WhoIsAsking(Parts parts) : parts_(std::move(parts)) {}

WhoIsAsking::~WhoIsAsking() { stop(); }

flow::Authenticator* WhoIsAsking::authenticator() noexcept { return authenticator_.get(); }

Result<std::unique_ptr<WhoIsAsking>> WhoIsAsking::make(Parts parts) {
  std::unique_ptr<WhoIsAsking> made(new WhoIsAsking(std::move(parts)));
  const identity::IdentitySettings& settings = made->parts_.settings.identity;
  const auto uses = [&](identity::Source source) {
    return std::ranges::find(settings.sources, source) != settings.sources.end();
  };
  if (uses(identity::Source::negotiate) || uses(identity::Source::basic))
    made->authenticator_ = std::make_unique<Authenticator>(settings);
  if (const auto& sign_in = settings.sign_in)
    if (auto gate = made->make_gate(sign_in->networks); !gate) return std::unexpected(std::move(gate.error()));
  return made;
}

Result<void> WhoIsAsking::try_to_open() {
  if (is_open()) return {};
  const config::Settings& settings = parts_.settings;
  auto service = identity::IdentityService::open(
      settings.identity, settings.state, parts_.presences,
      {.now = moment_now,
       .believes_clock = [ask = parts_.ask_clock] { return ask().is_believed(); },
       .local_minute = [clock = parts_.clock](TimePoint time) { return local_minute(clock, time); },
       .on_event = parts_.on_event,
       .neighbours = neighbours_now});
  if (!service) return std::unexpected(std::move(service.error()));
  service_ = std::move(*service);
  open_.store(true, std::memory_order_release);
  if (authenticator_)
    authenticator_->use(std::make_unique<ProxyAuthenticator>(
        settings.identity, service_->credentials(),
        ProxyAuthenticator::Outcomes{
            .proved = [this](const names::IpAddress& address,
                             const rules::Person& person) { return presence_of(address, person); },
            .refused = [this](const names::IpAddress& address) { service_->refused_at_proxy(address); }}));
  return {};
}

// Of the connection that proved it, not of the address: several people may share one.
std::shared_ptr<const rules::Presence> WhoIsAsking::presence_of(const names::IpAddress& address,
                                                                const rules::Person& person) {
  const auto source = identity::source_of(person.source).value_or(identity::Source::basic);
  const bool terms_due = service_->seen_at_proxy(person, address, source);
  auto presence = std::make_shared<rules::Presence>();
  presence->address = address;
  presence->person = person;
  if (const auto known = service_->sessions().find(address)) presence->device = known->device;
  const Held<const flow::SignInGate> gate = gate_.held();
  presence->terms_due = gate && terms_due;
  return presence;
}

Result<void> WhoIsAsking::make_gate(const std::vector<names::IpNetwork>& networks) {
  const config::Settings& settings = parts_.settings;
  const auto& sign_in = settings.identity.sign_in;
  if (settings.listen.portal_tls.empty()) return {};
  const config::Endpoint& at = settings.listen.portal_tls.front();
  auto gate = flow::SignInGate::make(networks, "https://" + authority_text(sign_in->host, at.port) + "/",
                                     {at.address, at.port});
  if (!gate) return std::unexpected(std::move(gate.error()));
  gate_.replace(std::make_shared<const flow::SignInGate>(std::move(*gate)));
  return {};
}

Result<std::shared_ptr<const web::Tls>> WhoIsAsking::portal_tls() {
  const auto& sign_in = *parts_.settings.identity.sign_in;
  if (sign_in.certificate && sign_in.key) return web::Tls::load(*sign_in.certificate, *sign_in.key);
  web::OwnCertificate own{.folder = parts_.settings.state,
                          .file = "portal",
                          .school = parts_.settings.site.name,
                          .names = {sign_in.host},
                          .addresses = {}};
  for (const config::Endpoint& at : parts_.settings.listen.portal_tls) own.addresses.push_back(at.address);
  certificate_ = std::make_unique<PageCertificate>(parts_.settings, std::move(own));
  return certificate_->load(parts_.ask_clock().likely);
}

void WhoIsAsking::follow_certificate() {
  if (!server_ || !certificate_) return;
  auto tls = certificate_->renewed({parts_.ask_clock().likely, steady_now()}, false);
  if (!tls) return;
  log::info("the sign-in page has another certificate", {{"certificate", tls->fingerprint()}});
  server_->use(std::move(tls));
}

Result<void> WhoIsAsking::try_to_start(const DeviceBehind& device_behind) {
  if (!is_open()) return fail(Fault::host, "people are not known yet");
  if (!std::exchange(started_, true)) service_->start();
  const config::Settings& settings = parts_.settings;
  if (!settings.identity.sign_in || server_) return {};
  if (!portal_)
    if (auto made = make_portal(); !made) return made;
  web::Router router = portal_->router();
  router.guard([behind = device_behind](web::Request& request) -> std::optional<web::Response> {
    if (const auto device = behind(request.peer, request.peer_port)) request.peer = *device;
    return std::nullopt;
  });
  const auto shared = std::make_shared<const web::Router>(std::move(router));
  std::vector<web::Listener> listeners;
  for (const config::Endpoint& at : settings.listen.portal)
    listeners.push_back({.address = at.address, .port = at.port, .tls = nullptr, .router = shared});
  if (!settings.listen.portal_tls.empty()) {
    auto tls = portal_tls();
    if (!tls) return std::unexpected(std::move(tls.error()));
    for (const config::Endpoint& at : settings.listen.portal_tls)
      listeners.push_back({.address = at.address, .port = at.port, .tls = *tls, .router = shared});
  }
  if (listeners.empty()) return {};
  // Clients of the explicit proxy all come from this machine.
  auto server = web::Server::start("portal", std::move(listeners), {.connections_per_client = 500});
  if (!server) return std::unexpected(std::move(server.error()));
  server_ = std::move(*server);
  return {};
}

Result<void> WhoIsAsking::make_portal() {
  const config::Settings& settings = parts_.settings;
  const auto& sign_in = *settings.identity.sign_in;
  const auto key = store::StateKey::load_or_create(settings.state);
  if (!key) return std::unexpected(key.error());
  const Sha256 secret = key->sign("portal forms", "");
  portal::Portal::Logon logon;
  if (service_->takes_logon_calls())
    logon = [this](const identity::LogonParameters& parameters) { return service_->logon(parameters); };
  portal_ = std::make_unique<portal::Portal>(portal::Portal::Parts{
      .school = settings.site.name,
      .sign_in = service_->sign_in(),
      .people = service_->people(),
      .sessions = service_->sessions(),
      .logon = std::move(logon),
      .networks = sign_in.networks,
      .clear_networks = settings.identity.basic_networks,
      .tls_authority = settings.listen.portal_tls.empty()
                           ? std::string()
                           : authority_text(sign_in.host, settings.listen.portal_tls.front().port),
      .secret = std::string(secret.begin(), secret.end()),
      .clock = &parts_.clock});
  return {};
}

Problems WhoIsAsking::use(const config::Settings& changed, const SourcePosition& file) {
  const identity::IdentitySettings &before = parts_.settings.identity, &after = changed.identity;
  Problems warnings;
  const auto waits = [&](std::string_view key, bool differs) {
    if (differs)
      warnings.push_back({.severity = Problem::Severity::warning,
                          .at = file,
                          .message = "identity: a changed '" + std::string(key) + "' is read at the next start",
                          .hint = "restart the gateway; sessions survive it"});
  };
  waits("sources", before.sources != after.sources);
  waits("negotiate", before.keytab != after.keytab || before.keytab_principal != after.keytab_principal);
  waits("basic", before.basic_networks != after.basic_networks);
  waits("address_follows", before.address_follows != after.address_follows);
  waits("proxy_networks", before.proxy_networks != after.proxy_networks);
  waits("directory", before.directory != after.directory);
  waits("radius", before.radius != after.radius);
  waits("logon", before.logon_secret_file != after.logon_secret_file);
  waits("leases", before.leases != after.leases);
  if (is_open()) service_->sessions().use(after.sessions);
  waits("sign_in", before.sign_in.has_value() != after.sign_in.has_value());
  if (!before.sign_in || !after.sign_in) return warnings;
  const identity::SignInSettings &page = *before.sign_in, &wanted = *after.sign_in;
  waits("sign_in.host", page.host != wanted.host);
  waits("sign_in.certificate", page.certificate != wanted.certificate || page.key != wanted.key);
  waits("sign_in.terms", page.terms != wanted.terms);
  waits("sign_in.renew", page.terms_renewal != wanted.terms_renewal);
  if (auto gate = make_gate(wanted.networks); !gate)
    warnings.push_back(
        {.severity = Problem::Severity::warning, .at = file, .message = gate.error().text(), .hint = {}});
  else if (portal_)
    portal_->use_networks(wanted.networks);
  return warnings;
}

void WhoIsAsking::stop() {
  if (server_) server_->stop();
  server_.reset();
  if (service_) service_->stop();
}

}  // namespace schoolgate::app
