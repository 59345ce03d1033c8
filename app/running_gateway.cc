// Why this file is long: it is the one place where everything that runs is made, replaced by a reload and told of; each
// member is a few lines.
#include "app/running_gateway.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "app/authority_renewal.h"
#include "app/change_record.h"
#include "app/claimed_ports.h"
#include "app/current_leaders.h"
#include "app/desk_facts.h"
#include "app/list_keeping.h"
#include "app/machines.h"
#include "app/open_inspection.h"
#include "app/read_at_start.h"
#include "app/released.h"
#include "app/selftest_run.h"
#include "base/file.h"
#include "base/log.h"
#include "blocklists/store.h"
#include "blocklists/update.h"
#include "casework/privacy.h"
#include "identity/accounts.h"
#include "proxy/net/file_descriptor.h"
#include "proxy/net/linux/firewall.h"
#include "proxy/net/linux/kernel_clock.h"
#include "rules/site_clock.h"

namespace schoolgate::app {
namespace {

flow::UnnamedAnswer answer_of(config::UnnamedAnswer answer) {
  return answer == config::UnnamedAnswer::judge ? flow::UnnamedAnswer::judge : flow::UnnamedAnswer::block;
}

flow::FlowSettings flow_settings(const config::Settings& settings, const casework::AlertSettings& alerts) {
  flow::FlowSettings flow;
  flow.school = settings.site.name;
  flow.gateway = settings.site.gateway;
  flow.contact = settings.site.contact;
  if (settings.listen.console) flow.desk = alerts.console;
  if (settings.via) flow.via = settings.site.gateway;
  const auto add = [&](const std::vector<config::Endpoint>& endpoints, flow::Entrance entrance) {
    for (const config::Endpoint& endpoint : endpoints)
      flow.listen.push_back({{endpoint.address, endpoint.port}, entrance});
  };
  add(settings.listen.proxy, flow::Entrance::explicit_proxy);
  add(settings.listen.http, flow::Entrance::transparent_http);
  add(settings.listen.tls, flow::Entrance::transparent_tls);
  flow.connect_ports = settings.upstream.connect_ports;
  flow.unnamed = {.no_sni = answer_of(settings.unnamed.no_sni),
                  .ip_sni = answer_of(settings.unnamed.ip_sni),
                  .ech = answer_of(settings.unnamed.ech),
                  .not_tls = answer_of(settings.unnamed.not_tls)};
  const config::Limits& limits = settings.limits;
  flow.limits = {.header = limits.header,
                 .connect = limits.connect,
                 .response = limits.response,
                 .idle = limits.idle,
                 .idle_tunnel = limits.idle_tunnel,
                 .drain = limits.drain,
                 .client_connections = limits.client_connections,
                 .connections = limits.connections,
                 .client = {.streams = limits.client_streams, .bytes = limits.client_memory},
                 .head = {.bytes = std::min<std::size_t>(limits.header_bytes, http::HeadLimits{}.bytes),
                          .fields = limits.header_count}};
  return flow;
}

net::ResolverSettings resolver_settings(const config::Settings& settings) {
  net::ResolverSettings resolver;
  for (const config::Endpoint& server : settings.upstream.resolver) resolver.servers.push_back(server.text());
  if (settings.upstream.hosts) resolver.hosts_files.insert(resolver.hosts_files.begin(), *settings.upstream.hosts);
  return resolver;
}

std::shared_ptr<const net::DestinationGuard> guard_of(const config::Settings& settings) {
  net::DestinationGuard::Settings guard{.allow_private = settings.upstream.allow_private,
                                        .listening = {},
                                        .own_addresses = net::own_addresses(),
                                        .ports = settings.upstream.http_ports,
                                        .more_ports = settings.upstream.connect_ports};
  const auto add = [&](const config::Endpoint& endpoint) {
    guard.listening.push_back({endpoint.address, endpoint.port});
  };
  std::ranges::for_each(settings.listen.proxy, add);
  std::ranges::for_each(settings.listen.http, add);
  std::ranges::for_each(settings.listen.tls, add);
  std::ranges::for_each(settings.listen.portal, add);
  std::ranges::for_each(settings.listen.portal_tls, add);
  if (settings.listen.console) add(*settings.listen.console);
  if (settings.listen.metrics) add(*settings.listen.metrics);
  return std::make_shared<const net::DestinationGuard>(std::move(guard));
}

// The mark by which the printed firewall knows the gateway's own traffic, where this process may set it
// (CAP_NET_ADMIN).
std::optional<std::uint32_t> own_traffic_mark(const config::Settings& settings) {
  if (settings.listen.http.empty() && settings.listen.tls.empty()) return std::nullopt;
  const std::uint32_t mark = net::FirewallPlan{}.gateway_mark;
  const net::FileDescriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::setsockopt(probe.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) return std::nullopt;
  return mark;
}

// Two descriptors a connection, and some for ourselves: asks for what the caps may need.
void raise_open_files(std::uint32_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = rlim_t(connections) * 2 + 512;
  limit.rlim_cur = std::min(std::max(limit.rlim_cur, wanted), limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted)
    log::warning("fewer descriptors than limits.connections may need",
                 {{"have", limit.rlim_cur}, {"want", wanted}, {"next", "raise LimitNOFILE"}});
}

SourceStates source_states_to_keep(const std::filesystem::path& state) {
  const auto store = blocklists::ListStore::open(state);
  return store ? store->source_states() : SourceStates();
}

}  // namespace

RunningGateway::RunningGateway(std::filesystem::path folder, LoadedPolicy loaded)
    : folder_(std::move(folder)),
      settings_(loaded.configuration.settings),
      configuration_(std::make_shared<const config::Configuration>(loaded.configuration)),
      start_accepted_(loaded.was_accepted),
      as_written_(std::move(loaded.as_written)),
      lists_(std::move(loaded.configuration.lists)),
      policy_(std::move(loaded.snapshot)) {}

RunningGateway::~RunningGateway() {
  for (const auto& worker : workers_) worker->join();
  // What it still fetches is posted to workers that exist. None of them asks any more.
  if (gateway_) gateway_->issuers.reset();
  // The mint and the log first: what they still answer is posted to workers that exist.
  inspection_.reset();
  breach_log_.reset();
  workers_.clear();
}

Result<std::unique_ptr<RunningGateway>> RunningGateway::make(std::filesystem::path folder, LoadedPolicy loaded) {
  std::unique_ptr<RunningGateway> gateway(new RunningGateway(std::move(folder), loaded));
  gateway->lists_unreadable_ = loaded.lists_unreadable;
  for (const StartFallback& fallback : loaded.fallbacks) gateway->fallbacks_.set(fallback.what, fallback.why);
  if (auto opened = gateway->open_stores(loaded); !opened) return std::unexpected(std::move(opened.error()));
  if (auto opened = gateway->open_people(); !opened) return std::unexpected(std::move(opened.error()));
  if (auto opened = gateway->open_desk(loaded); !opened) return std::unexpected(std::move(opened.error()));
  if (auto made = gateway->make_workers(); !made) return std::unexpected(std::move(made.error()));
  return gateway;
}

Result<void> RunningGateway::open_stores(const LoadedPolicy& loaded) {
  [[maybe_unused]] const auto made = make_private_folder(settings_.state);  // the log says it where it cannot be
  clock_ = std::make_unique<ClockWatch>(
      ClockWatch::Parts{.state = settings_.state, .released = released(), .is_kept_right = net::is_clock_kept_right});
  ends_ = std::make_unique<EndsWatch>(settings_.state);
  if (auto clock = rules::SiteClock::open(settings_.site.timezone)) site_clock_ = *std::move(clock);
  if (const auto doubt = clock_->look()) tell_of_clock(*doubt);
  const AskClock ask_clock = [this] { return clock_->standing(); };
  // First of all stores: it knows whether another gateway runs on this state.
  auto breach_log = breaches::BreachLog::open(
      {.folder = settings_.state,
       .school = settings_.site.name,
       .gateway = settings_.site.gateway,
       .retention = settings_.retention.breaches,
       .clock = ask_clock,
       .on_trouble = [this](const auto& trouble) { tell_trouble(trouble); },
       .on_episodes = [this] { notice_episodes(); },
       .oldest_held = [state = settings_.state] { return casework::oldest_held(state); },
       .folds = true,
       .machine_of = [machines = std::make_shared<Machines>()](
                         const std::string& address) { return machines->of(address, steady_now()); }});
  if (!breach_log) return std::unexpected(std::move(breach_log.error()));
  breach_log_ = std::move(*breach_log);
  if (auto opened = open_alerts(loaded.configuration.alerts); !opened) return opened;
  audit_ = breaches::AuditLog::open_when_used(settings_.state);
  record_start();
  if (settings_.decisions)
    decisions_ = breaches::DecisionLog::open(*settings_.decisions, settings_.retention.decisions, ask_clock,
                                             [this](const std::string& why) {
                                               if (why.empty()) return fallbacks_.clear("decision log");
                                               fallbacks_.set("decision log", why + "; decisions are not kept");
                                             });
  open_pages();
  return {};
}

// Who started with which configuration. Where it cannot be written, the start is recorded once it can be.
void RunningGateway::record_start() {
  const auto cannot_be_written = [this](const Error& why) {
    fallbacks_.set("audit log", why.text() + "; a change of the configuration is refused until it can be recorded");
  };
  const auto noted = record_change(*audit_, settings_.state, *configuration_in_force(),
                                   start_accepted_ ? "start" : "start, not accepted", breaches::current_user(),
                                   start_accepted_ ? Acceptance::accepted : Acceptance::served_all_the_same);
  if (!noted) return cannot_be_written(noted.error());
  // Written to also where nothing has changed: a log that cannot be written is told before it is needed.
  if (auto removed = remove_old_audit(clock_->standing()); !removed) return cannot_be_written(removed.error());
  fallbacks_.clear("audit log");
}

void RunningGateway::open_pages() {
  auto pages = flow::Pages::load(settings_.pages.value_or(std::filesystem::path()));
  if (!pages) {
    fallbacks_.set("pages", pages.error().text() + "; Schoolgate's own pages are shown");
    pages = flow::Pages::load({});  // travels inside the program
  }
  pages_ = std::make_unique<flow::Pages>(std::move(*pages));
}

Result<void> RunningGateway::open_alerts(const casework::AlertSettings& settings) {
  auto clock = rules::SiteClock::open(settings_.site.timezone);
  if (!clock) return std::unexpected(std::move(clock.error()));
  auto alerts =
      casework::Alerts::open({.folder = settings_.state,
                              .school = settings_.site.name,
                              .gateway = settings_.site.gateway,
                              .local_time = rules::local_clock(std::move(*clock)),
                              .now = [watch = clock_.get()] { return watch->likely_now(); },
                              .believes_clock = [watch = clock_.get()] { return watch->standing().is_believed(); },
                              .leaders = current_leaders(settings_.state),
                              .hold = std::chrono::seconds(1)},
                             settings);
  if (!alerts) return std::unexpected(std::move(alerts.error()));
  const std::scoped_lock lock(alerts_mutex_);
  alerts_ = std::move(*alerts);
  forwarder_ = std::make_unique<casework::Forwarder>(casework::ForwarderOptions{
      .folder = settings_.state,
      .from = {.school = settings_.site.name, .gateway = settings_.site.gateway, .version = std::string(version())},
      .on_trouble = [this](const std::string& text) { tell_it("forwarding", text); }});
  forwarder_->apply(settings_.forward);
  for (const auto& [kind, text, audience] : early_troubles_) {
    alerts_->post_system_alert(kind, text, audience);
    forwarder_->post({.kind = kind, .text = text, .time = wall_now()});
  }
  early_troubles_.clear();
  return {};
}

Result<void> RunningGateway::open_people() {
  if (settings_.identity.sources.empty() && !settings_.identity.sign_in) return {};
  auto clock = rules::SiteClock::open(settings_.site.timezone);
  if (!clock) return std::unexpected(std::move(clock.error()));
  auto people = WhoIsAsking::make({.settings = settings_,
                                   .clock = std::move(*clock),
                                   .presences = presences_,
                                   .on_event = [this](const auto& event) { tell_of_session(event); },
                                   .ask_clock = [this] { return clock_->standing(); }});
  if (!people) return std::unexpected(std::move(people.error()));
  people_ = std::move(*people);
  if (auto opened = people_->try_to_open(); !opened)
    fallbacks_.set("identity", opened.error().text() + "; people are not known, and devices that must sign in wait");
  return {};
}

// Names stay at the desk: this goes by mail.
void RunningGateway::tell_of_session(const identity::SessionEvent& event) {
  using enum identity::SessionEvent::Kind;
  if (event.kind == signed_in || event.kind == signed_out) return;
  log::warning(identity::to_string(event.kind),
               {{"user", event.user}, {"address", event.address.text()}, {"text", event.text}});
  if (event.kind == too_many_devices)
    tell_it("one account on many devices",
            "One account is in use on more devices than the school allows at once; another person may know its "
            "password. The "
            "safeguarding lead sees which at the desk, under Registers, Signed in now.");
  if (event.kind == directory_doubted) tell_it("the directory has lost most people", event.text);
  if (event.kind == phone_seen)
    tell_it("a pupil's telephone",
            "A telephone of the register of devices came onto the network. The desk shows which.");
}

Result<void> RunningGateway::open_desk(const LoadedPolicy& loaded) {
  auto clock = rules::SiteClock::open(settings_.site.timezone);
  if (!clock) return std::unexpected(std::move(clock.error()));
  SafeguardingDesk::Parts parts{.settings = settings_,
                                .folder = folder_,
                                .clock = std::move(*clock),
                                .audit = *audit_,
                                .address = loaded.configuration.alerts.console,
                                .hooks = {},
                                .spec = [this] { return keeper_->spec(); },
                                .ask_clock = [this] { return clock_->standing(); },
                                .measures_changed = [this]() -> Result<void> {
                                  auto refreshed = keeper_->refresh(moment_now());
                                  if (!refreshed) return std::unexpected(std::move(refreshed.error()));
                                  return {};
                                }};
  add_facts(parts.hooks, {.configuration = [this] { return configuration_in_force(); },
                          .policy = [this] { return policy_.current(); }});
  parts.hooks.protection = [this] { return protection(); };
  parts.hooks.clock_doubt = [this] { return clock_->standing().is_believed() ? std::string() : clock_->words(); };
  parts.hooks.near_ends = [this] {
    const TimePoint now = clock_->standing().likely;
    std::vector<console::NearEnd> near;
    for (KnownEnd& end : app::near_ends(ends(now), now))
      near.push_back(
          {.what = end.what, .day = end.last_day(), .is_over = end.ends <= now, .next = std::move(end.next)});
    return near;
  };
  parts.hooks.has_case_system = [this] {
    const std::scoped_lock lock(configuration_mutex_);
    return !configuration_->alerts.case_system.empty();
  };
  parts.hooks.hand_over = [this](const casework::PinkSlip& slip) -> Result<std::string> {
    std::string delivery = alerts_->post_case(casework::to_json(slip));
    if (delivery.empty())
      return fail(Fault::config, "no case system is configured", "name one in alerts.yaml: case_system");
    return "the case system, delivery " + delivery;
  };
  parts.hooks.run_self_test = [this](std::string_view by) { return selftest_.start(std::string(by)); };
  parts.hooks.self_test = [this] {
    SelftestJob::State state = selftest_.state();
    return console::SelfTest{state.running, std::move(state.by), state.at, std::move(state.failure)};
  };
  if (people_)
    parts.hooks.name_of = [this](std::string_view user) -> std::string {
      if (!people_->is_open()) return {};
      const auto account = identity::Accounts(people_->service().people()).find(user);
      return account && *account ? (*account)->name : std::string();
    };
  desk_ = std::make_unique<SafeguardingDesk>(std::move(parts));
  if (auto opened = desk_->try_to_open(); !opened)
    fallbacks_.set("desk", opened.error().text() + "; the desk is closed");
  keeper_ = std::make_unique<PolicyKeeper>(
      policy_, settings_.state, [this](TimePoint ends_after) { return desk_->measures(ends_after); },
      [this](const rules::Measure& measure) { return desk_->put_back(measure); },
      [this](const std::string& id) { return desk_->end_measure(id); },
      [this](const std::string& why) { why.empty() ? fallbacks_.clear("measures") : fallbacks_.set("measures", why); });
  for (const Problem& problem : keeper_->use(loaded.in_force, loaded.snapshot, moment_now()))
    log::warning("a measure", {{"what", problem.text()}});
  return {};
}

Result<void> RunningGateway::make_workers() {
  raise_open_files(settings_.limits.connections);
  if (auto done = do_what_is_due(settings_, clock_->standing()); !done)
    log::error("the authority is not renewed", {{"why", done.error().text()}});
  else if (*done)
    tell_it("the school's authority is renewed", **done + '.');
  auto inspection = open_inspection(settings_, nullptr, [clock = clock_.get()] { return clock->likely_now(); });
  if (!inspection) {
    fallbacks_.set(
        "inspection",
        inspection.error().text() +
            "; connections that would be opened fail until it is mended; it is tried again every few seconds");
    inspection = closed_inspection(settings_, std::move(inspection.error()));
  }
  if (!inspection) return std::unexpected(std::move(inspection.error()));
  inspection_ = std::move(*inspection);
  auto clock = rules::SiteClock::open(settings_.site.timezone);
  if (!clock) return std::unexpected(std::move(clock.error()));
  gateway_.reset(new flow::Gateway{.settings = flow_settings(settings_, configuration_->alerts),
                                   .resolver = resolver_settings(settings_),
                                   .guard = guard_of(settings_),
                                   .dialer = {.fwmark = own_traffic_mark(settings_)},
                                   .policy = policy_,
                                   .breaches = *breach_log_,
                                   .decisions = decisions_.get(),
                                   .pages = *pages_,
                                   .passes = {},
                                   .clients = flow::ClientTable(settings_.limits.client_connections),
                                   .presences = &presences_,
                                   .authenticator = people_ ? people_->authenticator() : nullptr,
                                   .sign_in = people_ ? people_->gate() : nullptr,
                                   .allowances = flow::Allowances(std::move(*clock))});
  auto issuers = flow::IssuerFetcher::make(
      gateway_->resolver, std::make_shared<const net::DestinationGuard>(gateway_->guard->for_strangers(80)),
      gateway_->dialer, policy_);
  if (!issuers) return std::unexpected(std::move(issuers.error()));
  gateway_->issuers = std::move(*issuers);
  allowances_ = std::make_unique<KeptAllowances>(settings_.state, gateway_->allowances);
  allowances_->restore(wall_now());
  std::vector<net::Endpoint> ports;
  for (const flow::ListenAt& at : gateway_->settings.listen) ports.push_back({at.endpoint.address, at.endpoint.port});
  const auto claimed = ClaimedPorts::claim(ports);  // until every worker listens
  if (!claimed) return std::unexpected(claimed.error());
  const unsigned count =
      settings_.limits.workers != 0 ? settings_.limits.workers : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) {
    auto worker = flow::Worker::make(*gateway_);
    if (!worker) return std::unexpected(std::move(worker.error()));
    (*worker)->use(inspection_);
    workers_.push_back(std::move(*worker));
  }
  return {};
}

void RunningGateway::start() {
  for (const auto& worker : workers_) worker->start();
  if (people_) serve_people();
  serve_desk();
}

void RunningGateway::serve_people() {
  if (auto opened = people_->try_to_open(); !opened) return;  // told when it was tried first
  fallbacks_.clear("identity");
  const auto behind = [this](const names::IpAddress& peer, std::uint16_t port) {
    return gateway_->portal_visits.device_behind(peer, port);
  };
  if (auto started = people_->try_to_start(behind); !started)
    return fallbacks_.set("portal",
                          started.error().text() + "; nobody can sign in, and devices that must sign in wait");
  fallbacks_.clear("portal");
}

void RunningGateway::serve_desk() {
  if (people_ && !people_->is_open()) return fallbacks_.set("desk", "it waits for what is wrong with identity");
  auto* const people = people_ ? &people_->service().people() : nullptr;
  auto* const sessions = people_ ? &people_->service().sessions() : nullptr;
  if (auto started = desk_->try_to_start(people, sessions); !started)
    return fallbacks_.set("desk", started.error().text() + "; the desk is closed");
  fallbacks_.clear("desk");
}

void RunningGateway::retry_start() {
  const std::scoped_lock lock(retry_mutex_);
  if (draining_) return;
  if (fallbacks_.has("audit log")) record_start();
  if (lists_unreadable_) retry_lists();
  if (fallbacks_.has("measures")) keeper_->retry(moment_now());
  if (fallbacks_.has("identity") || fallbacks_.has("portal")) serve_people();
  if (fallbacks_.has("desk")) serve_desk();
  if (fallbacks_.has("inspection")) retry_inspection();
  follow_authority();
  follow_certificates();
}

// After the authority: who signs them may be another since then.
void RunningGateway::follow_certificates() {
  if (people_) people_->follow_certificate();
  desk_->follow_certificate(configuration_in_force()->alerts.console);
}

// A machine that starts is busy: the process that holds the key may only have been too slow to answer.
void RunningGateway::retry_inspection() {
  auto opened = open_inspection(configuration_in_force()->settings, nullptr,
                                [clock = clock_.get()] { return clock->likely_now(); });
  if (!opened || !*opened) return;
  use_inspection(*std::move(opened));
  fallbacks_.clear("inspection");
}

void RunningGateway::use_inspection(std::shared_ptr<const flow::Inspection> inspection) {
  {
    const std::scoped_lock lock(inspection_mutex_);
    inspection_ = inspection;
  }
  for (const auto& worker : workers_) worker->use(inspection);
}

// The authority that signs is another one: its day has come, or `ca renew` said so. On the thread that reloads, so that
// the two do not open inspection at once.
void RunningGateway::follow_authority() {
  const config::Settings settings = configuration_in_force()->settings;
  if (settings.inspection == rules::InspectionMode::off || fallbacks_.has("inspection")) return;
  auto done = do_what_is_due(settings, clock_->standing());
  if (!done) return tell_it("the school's authority cannot be renewed", done.error().text() + '.');
  if (*done) tell_it("the school's authority is renewed", **done + '.');
  const auto before = inspection_in_force();
  const auto signs = read_authorities(settings).signs;
  if (!signs || (before ? before->authority == signs->fingerprint_sha256() : !*done)) return;
  auto opened = open_inspection(settings, before, [clock = clock_.get()] { return clock->likely_now(); });
  if (!opened) return tell_it("the school's authority cannot be used", opened.error().text() + '.');
  use_inspection(*std::move(opened));
  log::info("connections are opened with another authority", {{"subject", signs->subject()}});
}

void RunningGateway::tell_fallback(const StartFallback& fallback) {
  if (fallback.why.empty()) return log::info("no longer a fallback", {{"what", fallback.what}});
  tell_it("started without: " + fallback.what, fallback.why + '.');
}

std::shared_ptr<const flow::Inspection> RunningGateway::inspection_in_force() const {
  const std::scoped_lock lock(inspection_mutex_);
  return inspection_;
}

std::shared_ptr<const config::Configuration> RunningGateway::configuration_in_force() const {
  const std::scoped_lock lock(configuration_mutex_);
  return configuration_;
}

void RunningGateway::tell_trouble(const breaches::LogTrouble& trouble) {
  using Kind = breaches::LogTrouble::Kind;
  const std::string kind = trouble.kind == Kind::recovered ? "breach log recovered"
                           : trouble.kind == Kind::broken  ? "breach log damaged"
                                                           : "breach log failing";
  if (trouble.kind == Kind::failing)
    fallbacks_.set("breach log", trouble.text + "; what is blocked stays blocked, and its records wait in memory");
  if (trouble.kind == Kind::recovered) fallbacks_.clear("breach log");
  tell_it(kind, trouble.text);
}

void RunningGateway::tell_it(const std::string& kind, const std::string& text, casework::SystemAudience audience) {
  log::warning(kind, {{"what", text}});
  const std::scoped_lock lock(alerts_mutex_);
  if (forwarder_) forwarder_->post({.kind = kind, .text = text, .time = wall_now()});
  if (alerts_)
    alerts_->post_system_alert(kind, text, audience);
  else
    early_troubles_.push_back({kind, text, audience});
}

rules::Protection RunningGateway::protection() const {
  const auto [configuration, policy] = [&] {
    const std::scoped_lock lock(configuration_mutex_);
    return std::pair(configuration_, as_written_);
  }();
  return protection_now(*configuration, *policy, wall_now());
}

void RunningGateway::watch_protection() {
  if (!protection_watch_) protection_watch_.emplace(settings_.state / "lists" / "protected.tsv");
  std::map<std::string, std::vector<rules::CategoryProtection>> lost;
  for (rules::CategoryProtection& row : protection_watch_->lost(protection()))
    lost[row.category].push_back(std::move(row));
  for (const auto& [category, rows] : lost) {
    const std::vector<std::string> words = gaps_in_words({.rows = rows});
    std::string text = "The filter no longer protects from " + category + " as it did";
    for (const std::string& line : words) text += ". " + line;
    tell_it("no longer protected: " + category, text + ". `schoolgate lists status` shows all lists.",
            casework::SystemAudience::technician_and_lead);
  }
  const auto store = blocklists::ListStore::open_to_read(settings_.state);
  const auto image = store ? store->current() : std::nullopt;
  if (!image || image->remarks == told_remarks_) return;
  told_remarks_ = image->remarks;
  const std::vector<config::ListConfig> lists = [&] {
    const std::scoped_lock lock(lists_mutex_);
    return lists_;
  }();
  for (const ListTrouble& trouble : remark_troubles(lists, image->remarks)) tell_it(trouble.kind, trouble.text);
}

void RunningGateway::tell_of_clock(ClockDoubt doubt) {
  tell_it(doubt == ClockDoubt::none ? "the clock is believed again" : "the clock is not believed", clock_->words());
}

// Nothing goes by a clock that is not believed.
Result<std::uint64_t> RunningGateway::remove_old_audit(const ClockStanding& clock) {
  const TimePoint before = clock.is_believed() ? clock.likely - settings_.retention.audit : TimePoint();
  return audit_->remove_before(before, clock.likely);
}

void RunningGateway::watch_clock() {
  constexpr auto kUpkeepEvery = std::chrono::minutes(10);
  if (const auto doubt = clock_->look()) tell_of_clock(*doubt);
  const ClockStanding standing = clock_->standing();
  const SteadyTime now = steady_now();
  if (!standing.is_believed() || (upkeep_at_ && now - *upkeep_at_ < kUpkeepEvery)) return;
  upkeep_at_ = now;
  watch_ends(standing.likely);
  if (auto removed = remove_old_audit(standing); !removed)
    log::warning("old audit records cannot be removed", {{"what", removed.error().text()}});
}

// Of the lists and of upstream.trust as a reload has left them, of all else as at the start.
std::vector<KnownEnd> RunningGateway::ends(TimePoint now) const {
  config::Settings settings = settings_;
  const auto configuration = configuration_in_force();
  settings.upstream.trust = configuration->settings.upstream.trust;
  return known_ends({.settings = settings,
                     .lists = configuration->lists,
                     .clock = site_clock_ ? &*site_clock_ : nullptr,
                     .people = people_ && people_->is_open() ? &people_->service().people() : nullptr},
                    now);
}

// An authority that ends while the gateway runs is no longer used: sites are judged by their names again.
void RunningGateway::watch_ends(TimePoint now) {
  const std::vector<KnownEnd> ends = this->ends(now);
  for (const auto& [kind, text] : ends_->look(ends, now)) tell_it(kind, text);
  const bool is_over = !ends.empty() && ends.front().what == kAuthority && ends.front().ends <= now;
  if (!is_over) return;
  {
    const std::scoped_lock lock(inspection_mutex_);
    if (!inspection_) return;
    inspection_.reset();
  }
  log::error("nothing is decrypted any more: the authority has ended");
  for (const auto& worker : workers_) worker->use(std::shared_ptr<const flow::Inspection>());
}

bool RunningGateway::lists_due(TimePoint now) const {
  const std::scoped_lock lock(lists_mutex_);
  if (std::ranges::none_of(lists_, &config::ListConfig::remote)) return false;
  const auto store = blocklists::ListStore::open_to_read(settings_.state);
  const SourceStates states = store ? store->source_states() : SourceStates();
  return std::ranges::any_of(lists_, [&](const config::ListConfig& list) {
    if (!list.remote) return false;
    const auto known = states.find(list.name);
    if (known == states.end() || blocklists::is_due(known->second.checked, list.refresh, now)) return true;
    std::error_code error;  // what was accepted and is lost is not waited for until its next time
    return known->second.fetched != TimePoint{} && !std::filesystem::exists(store->source(list.name), error);
  });
}

void RunningGateway::watch_lists(TimePoint now) {
  constexpr auto kAgain = std::chrono::hours(1);
  std::vector<ListTrouble> troubles;
  {
    const std::scoped_lock lock(lists_mutex_);
    if (lists_.empty()) return;
    const auto policy = policy_.current();
    troubles = list_troubles(lists_, policy->lists().lists(), source_states_to_keep(settings_.state), now);
  }
  for (const ListTrouble& trouble : troubles) {
    TimePoint& told = told_of_list_[trouble.kind];
    if (told <= now && now - told < kAgain) continue;  // a mark of the future mutes nothing
    told = now;
    tell_it(trouble.kind, trouble.text);
  }
  std::erase_if(told_of_list_, [&](const auto& told) {
    return std::ranges::find(troubles, told.first, &ListTrouble::kind) == troubles.end();
  });
}

void RunningGateway::watch_firewall(TimePoint now) {
  std::shared_ptr<const config::Configuration> configuration;
  {
    const std::scoped_lock lock(configuration_mutex_);
    configuration = configuration_;
  }
  firewall_.look(*configuration, now);
}

void RunningGateway::tell_failed_update() {
  std::string failures;
  {
    const std::scoped_lock lock(lists_mutex_);
    const SourceStates states = source_states_to_keep(settings_.state);
    for (const config::ListConfig& list : lists_)
      if (const std::string failure = failure_text(list, states); list.remote && !failure.empty())
        failures += ' ' + list.name + ": " + failure + '.';
  }
  tell_it("list update failed",
          "An update of the lists did not come through whole; lists that could not be fetched or were refused stay as "
          "they were." +
              failures + " `schoolgate lists status` shows all lists, `schoolgate lists update` tries again.");
}

void RunningGateway::notice_episodes() {
  const std::scoped_lock lock(alerts_mutex_);
  if (alerts_) alerts_->notice();
  if (forwarder_) forwarder_->notice();
}

std::expected<Problems, Problems> RunningGateway::reload(const breaches::MachineUser& user) {
  auto loaded = load_policy(folder_, wall_now(), RefusedLists::refuse_all, ListUse::put_in_force);
  if (!loaded) {
    ++reloads_.refused;
    log::warning("reload refused", {{"problems", loaded.error().size()}, {"first", loaded.error().front().text()}});
    return std::unexpected(std::move(loaded.error()));
  }
  const std::string version = loaded->snapshot->version();
  const auto before = fallbacks_.has("inspection") ? nullptr : inspection_in_force();
  auto inspection =
      open_inspection(loaded->configuration.settings, before, [clock = clock_.get()] { return clock->likely_now(); });
  if (!inspection) {
    ++reloads_.refused;
    return std::unexpected(Problems{{.at = {.file = (folder_ / "schoolgate.yaml").string()},
                                     .message = "inspection: " + inspection.error().what,
                                     .hint = inspection.error().next}});
  }
  if (auto noted = record_change(*audit_, settings_.state, loaded->configuration, "reload", user); !noted) {
    ++reloads_.refused;
    return std::unexpected(Problems{{.at = {.file = (settings_.state / "audit.db").string()},
                                     .message = "the change cannot be written to the audit log: " + noted.error().what,
                                     .hint = noted.error().next}});
  }
  alerts_->apply(loaded->configuration.alerts);
  forwarder_->apply(loaded->configuration.settings.forward);
  {
    const std::scoped_lock lock(configuration_mutex_);
    configuration_ = std::make_shared<const config::Configuration>(loaded->configuration);
    as_written_ = loaded->as_written;
  }
  {
    const std::scoped_lock lock(lists_mutex_);
    lists_ = std::move(loaded->configuration.lists);
  }
  use_inspection(*std::move(inspection));
  const SourcePosition file{.file = (folder_ / "schoolgate.yaml").string()};
  if (people_) {
    Problems waiting = people_->use(loaded->configuration.settings, file);
    loaded->warnings.insert(loaded->warnings.end(), waiting.begin(), waiting.end());
    for (const auto& worker : workers_) worker->use(people_->gate());
  }
  for (Problem& waits : wait_for_restart(loaded->configuration.settings)) loaded->warnings.push_back(std::move(waits));
  Problems of_measures = keeper_->use(std::move(loaded->in_force), std::move(loaded->snapshot), moment_now());
  loaded->warnings.insert(loaded->warnings.end(), of_measures.begin(), of_measures.end());
  lists_unreadable_ = false;
  for (const std::string_view what : {"configuration", "lists", "tests", "inspection", "audit log"})
    fallbacks_.clear(what);
  ++reloads_.accepted;
  log::info("reload accepted", {{"policy", version}});
  return std::move(loaded->warnings);
}

// Against what runs, not against the last reload: a setting waits until the restart that reads it.
Problems RunningGateway::wait_for_restart(const config::Settings& wanted) {
  std::vector<std::string> settings = settings_read_at_start(settings_, wanted);
  Problems waiting;
  for (const std::string& setting : settings)
    waiting.push_back({.severity = Problem::Severity::warning,
                       .at = {.file = (folder_ / "schoolgate.yaml").string()},
                       .message = "needs a restart: " + setting,
                       .hint = "until then the gateway goes on as it started"});
  const std::scoped_lock lock(configuration_mutex_);
  waits_for_restart_ = std::move(settings);
  return waiting;
}

std::expected<Problems, Problems> RunningGateway::take_lists() {
  const auto in_force = [&] {
    const std::scoped_lock lock(configuration_mutex_);
    return configuration_;
  }();
  auto loaded = policy_from({*in_force, {}}, folder_, wall_now(), RefusedLists::take_new, ListUse::put_in_force);
  if (!loaded) {
    const auto first = std::ranges::find(loaded.error(), Problem::Severity::error, &Problem::severity);
    tell_it("lists not in force", "The lists could not be put in force, and those in force before stay: " +
                                      (first == loaded.error().end() ? "see the log" : first->text()) + '.');
    return std::unexpected(std::move(loaded.error()));
  }
  return use_lists(std::move(*loaded));
}

Problems RunningGateway::use_lists(LoadedPolicy loaded) {
  const std::string version = loaded.snapshot->version();
  {
    const std::scoped_lock lock(configuration_mutex_);
    as_written_ = std::move(loaded.as_written);
  }
  Problems of_measures = keeper_->use(std::move(loaded.in_force), std::move(loaded.snapshot), moment_now());
  lists_unreadable_ = false;
  const auto of_lists = std::ranges::find(loaded.fallbacks, "lists", &StartFallback::what);
  of_lists == loaded.fallbacks.end() ? fallbacks_.clear("lists") : fallbacks_.set("lists", of_lists->why);
  if (const std::size_t failed_tests = loaded.failed_tests; failed_tests != 0)
    tell_it("tests fail since a list changed",
            "Since the last update of the lists, " + std::to_string(failed_tests) +
                " of the rules' own tests have another answer than they expect. The lists are in force; "
                "`schoolgate check` names the tests.");
  loaded.warnings.insert(loaded.warnings.end(), of_measures.begin(), of_measures.end());
  log::info("lists in force", {{"policy", version}});
  return std::move(loaded.warnings);
}

// Said once, when it began; from then on quietly until the lists can be read.
void RunningGateway::retry_lists() {
  auto loaded =
      policy_from({*configuration_in_force(), {}}, folder_, wall_now(), RefusedLists::take_new, ListUse::put_in_force);
  if (!loaded) return;
  const Problems warnings = use_lists(std::move(*loaded));
  for (const Problem& problem : warnings) log::warning("lists", {{"what", problem.text()}});
}

void RunningGateway::drain() {
  {
    const std::scoped_lock lock(retry_mutex_);
    draining_ = true;
  }
  is_closing_ = true;
  desk_->stop();
  for (const auto& worker : workers_) worker->drain();
  selftest_.stop();  // after the drain has begun: its last request may wait for a slow site
  for (const auto& worker : workers_) worker->join();
}

void RunningGateway::finish() {
  allowances_->keep(wall_now());
  if (people_) people_->stop();  // after the last request that could ask it
  log::info("stopped");
}

std::string RunningGateway::policy_version() const { return policy_.current()->version(); }

std::string RunningGateway::metrics() const {
  const auto policy = policy_.current();
  const casework::AlertCounters alerts = alerts_->counters();
  MetricsSources sources{.workers = {},
                         .policy = *policy,
                         .breach_log = breach_log_->counters(),
                         .breaches_by_category = gateway_->categories.all(),
                         .decisions_dropped = decisions_ ? decisions_->dropped() : 0,
                         .protection = protection(),
                         .list_ages = list_ages(),
                         .alert_queue = alerts.waiting,
                         .alerts_sent = alerts.sent,
                         .alerts_failed = alerts.failed,
                         .forwarded = forwarder_->counters(),
                         .reloads_accepted = reloads_.accepted,
                         .reloads_refused = reloads_.refused,
                         .issuers = gateway_->issuers->issuers()->counters(),
                         .firewall = firewall_.report().state,
                         .identity = {},
                         .start_fallbacks = fallbacks_.all(),
                         .clock = clock_->standing().doubt,
                         .ends = {},
                         .now = wall_now()};
  for (const KnownEnd& end : ends(sources.now)) sources.ends.emplace_back(end.what, end.ends);
  if (people_ && people_->is_open()) sources.identity = people_->service().counters();
  for (const auto& worker : workers_) sources.workers.push_back(&std::as_const(*worker).counters());
  return metrics_page(sources);
}

std::vector<std::pair<std::string, std::optional<std::chrono::milliseconds>>> RunningGateway::list_ages() const {
  const TimePoint now = wall_now();
  const auto policy = policy_.current();
  std::vector<std::pair<std::string, std::optional<std::chrono::milliseconds>>> ages;
  for (const blocklists::ListInfo& list : policy->lists().lists()) ages.emplace_back(list.name, now - list.fetched);
  const std::scoped_lock lock(lists_mutex_);
  for (const config::ListConfig& list : lists_)
    if (find_list(policy->lists().lists(), list.name) == nullptr) ages.emplace_back(list.name, std::nullopt);
  return ages;
}

InspectionSeen RunningGateway::inspection_seen() const {
  InspectionSeen seen;
  for (const auto& worker : workers_) {
    const flow::Counters& counters = std::as_const(*worker).counters();
    seen.share.inspected += counters.inspected.get();
    seen.share.spliced += counters.spliced.get();
  }
  seen.shared = gateway_->certificate_names.unwatched();
  const std::scoped_lock lock(inspection_mutex_);
  if (inspection_) seen.distrusted = inspection_->distrust->all();
  return seen;
}

std::vector<std::string> RunningGateway::certificate_names(std::string_view host) const {
  return gateway_->certificate_names.names_of(host);
}

Result<void> RunningGateway::expect_selftest(const net::Endpoint& from, std::string as_group) {
  const names::IpAddress& address = from.address;
  const bool loopback = address.is_v4() ? address.v4_host_order() >> 24 == 127 : address.text() == "::1";
  // The namespace of the firewall's own test: a wire of this machine that leads nowhere else.
  const bool probe = address.text() == kProbeDevice4 || address.text() == kProbeDevice6;
  const auto own = loopback || probe ? std::vector<names::IpAddress>() : net::own_addresses();
  if (!loopback && !probe && std::ranges::find(own, address) == own.end())
    return fail(Fault::client, address.text() + " is no address of this gateway");
  if (gateway_->selftests.expect(from, {.as_group = std::move(as_group)})) return {};
  return fail(Fault::host, "too many connections of a self-test are waited for", "try again in half a minute");
}

// The policy in force, measures and all, is what the gateway has to hold to.
Result<void> RunningGateway::try_itself(const std::string& by, const std::stop_token& stop) {
  LoadedPolicy loaded;
  {
    const std::scoped_lock lock(configuration_mutex_);
    loaded.configuration = *configuration_;
  }
  loaded.snapshot = policy_.current();
  const AnnounceAs announce = [&](const net::Endpoint& from, std::string_view group) -> OrWhy<void> {
    if (stop.stop_requested()) return std::unexpected("the gateway is closing");
    if (auto expected = expect_selftest(from, std::string(group)); !expected)
      return std::unexpected(expected.error().text());
    return {};
  };
  const auto run = run_selftest(loaded, wall_now(), announce);
  if (!run) return std::unexpected(run.error());
  if (stop.stop_requested()) return fail(Fault::host, "the gateway is closing");
  if (run->as_expected() != run->sent())
    tell_it("the self-test differs",
            std::to_string(run->sent() - run->as_expected()) + " of " + std::to_string(run->sent()) +
                " checks of the self-test did not come out as the policy says. The desk shows them under Checks, and "
                "`schoolgate selftest` tries again.",
            casework::SystemAudience::technician_and_lead);
  return keep_selftest(*run, loaded, by);
}

void RunningGateway::firewall_selftest_differs(std::string_view how_many) {
  tell_it(
      "the firewall does not lead every device to the filter",
      std::string(how_many) +
          " probes that went through the kernel's firewall as a device's would did not come out as the policy says. "
          "The desk shows them under Checks; `schoolgate status` says what is wrong with the firewall.",
      casework::SystemAudience::technician_and_lead);
}

void RunningGateway::watch_selftest(Moment now) {
  if (!selftests_.is_due(now)) return;
  if (auto started = selftest_.start("the gateway"); !started)
    log::info("self-test put off", {{"why", started.error().text()}});
}

GatewayStatus RunningGateway::status() const {
  const TimePoint now = wall_now();
  const auto [configuration, policy, waits] = [&] {
    const std::scoped_lock lock(configuration_mutex_);
    return std::tuple(configuration_, as_written_, waits_for_restart_);
  }();
  GatewayStatus status = status_of_policy(*configuration, *policy, protection_now(*configuration, *policy, now), now);
  status.is_running = true;
  status.policy = policy_version();
  status.firewall = firewall_.report();
  status.clock = ClockLine{clock_->standing().is_believed(), clock_->words()};
  status.fallbacks = fallbacks_.all();
  status.waits_for_restart = waits;
  status.is_closing = is_closing_;
  status.workers_answer = workers_answer_;
  status.ends = near_ends(ends(now), now);
  status.take(alert_standing(settings_.state));
  return status;
}

void RunningGateway::look_at_workers(std::uint32_t most) {
  bool all = true;  // each is asked, also after one that does not answer
  for (const auto& worker : workers_) all = worker->missed_heartbeats() <= most && all;
  workers_answer_ = all;
}

}  // namespace schoolgate::app
