#include "app/metrics_page.h"

#include <dirent.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <limits>

namespace schoolgate::app {
namespace {

// Label values: backslash, quote and line feed are escaped (exposition format, "Comments, help text and type").
std::string escaped_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = "schoolgate_" + std::string(name);
    text_ += "# HELP " + name_ + ' ' + std::string(help) + "\n# TYPE " + name_ + ' ' + std::string(type) + '\n';
  }
  void sample(double value, std::string_view labels = {}, std::string_view suffix = {}) {
    char number[40];
    std::snprintf(number, sizeof number, "%.17g", value);
    if (std::isinf(value)) std::snprintf(number, sizeof number, "%s", value > 0 ? "+Inf" : "-Inf");
    text_ += name_ + std::string(suffix);
    if (!labels.empty()) text_ += '{' + std::string(labels) + '}';
    text_ += ' ';
    text_ += number;
    text_ += '\n';
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string name_, text_;
};

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + escaped_label(value) + '"';
}

double open_files() {
  double count = 0;
  if (DIR* folder = ::opendir("/proc/self/fd")) {
    while (::readdir(folder)) ++count;
    ::closedir(folder);
  }
  return count > 3 ? count - 3 : 0;  // ".", ".." and the folder itself
}

using Sum = std::function<std::uint64_t(const flow::Counters&)>;
double sum(const MetricsSources& sources, const Sum& of) {
  std::uint64_t total = 0;
  for (const flow::Counters* worker : sources.workers) total += of(*worker);
  return double(total);
}

void add_requests(Page& page, const MetricsSources& sources) {
  page.family("requests_total", "counter", "Decisions by action and stage.");
  for (const auto action : {rules::Action::allow, rules::Action::monitor, rules::Action::warn, rules::Action::block}) {
    for (const auto stage : {rules::Stage::connect, rules::Stage::client_hello, rules::Stage::request,
                             rules::Stage::response, rules::Stage::content}) {
      const double count = sum(sources, [&](const flow::Counters& worker) {
        return worker.requests[std::size_t(action)][std::size_t(stage)].get();
      });
      page.sample(count, label("action", rules::to_string(action)) + ',' + label("stage", rules::to_string(stage)));
    }
  }
}

void add_decide_histogram(Page& page, const MetricsSources& sources) {
  page.family("decide_seconds", "histogram", "How long one decision took.");
  double cumulative = 0;
  for (std::size_t bucket = 0; bucket <= flow::kDecideBounds.size(); ++bucket) {
    cumulative += sum(sources, [&](const flow::Counters& worker) { return worker.decide[bucket].get(); });
    char bound[32] = "+Inf";
    if (bucket < flow::kDecideBounds.size())
      std::snprintf(bound, sizeof bound, "%g", double(flow::kDecideBounds[bucket]) / 1e9);
    page.sample(cumulative, label("le", bound), "_bucket");
  }
  page.sample(sum(sources, [](const flow::Counters& worker) { return worker.decide_nanoseconds.get(); }) / 1e9, {},
              "_sum");
  page.sample(cumulative, {}, "_count");
}

void add_people(Page& page, const MetricsSources& sources) {
  const auto one = [&](std::string_view name, std::string_view help, const Sum& of) {
    page.family(name, "counter", help);
    page.sample(sum(sources, of));
  };
  using flow::Counters;
  one("person_requests_total", "Decisions about known people.", [](const Counters& w) { return w.of_people.get(); });
  page.family("proxy_auth_total", "counter", "Logins to the explicit proxy by result.");
  for (std::size_t i = 0; i < flow::kProxyAuthNames.size(); ++i)
    page.sample(sum(sources, [&](const Counters& w) { return w.proxy_auth[i].get(); }),
                label("result", flow::kProxyAuthNames[i]));
  one("sign_in_redirects_total", "Requests that were led to the sign-in page.",
      [](const Counters& w) { return w.sign_in_redirects.get(); });
  one("captive_probes_total", "Probes of operating systems answered with success.",
      [](const Counters& w) { return w.captive_probes.get(); });
  one("allowance_blocks_total", "Requests refused because the day's minutes are used up.",
      [](const Counters& w) { return w.allowance_blocks.get(); });
}

/// By identity::LogonRefusal; the room's own text is a sentence for the script.
constexpr std::array<std::string_view, identity::kLogonRefusals> kLogonRefusalNames{"malformed", "wrong signature",
                                                                                    "stale", "repeated", "too many"};

void add_identity(Page& page, const identity::IdentityCounters& counters) {
  const auto one = [&](std::string_view name, std::string_view type, std::string_view help, double value) {
    page.family(name, type, help);
    page.sample(value);
  };
  const auto results = [&](std::string_view name, std::string_view help,
                           std::initializer_list<std::pair<std::string_view, std::uint64_t>> values) {
    page.family(name, "counter", help);
    for (const auto& [result, value] : values) page.sample(double(value), label("result", result));
  };
  const identity::SessionCounters& sessions = counters.sessions;
  one("sessions", "gauge", "People signed in now.", double(sessions.sessions));
  one("devices_known", "gauge", "Machines whose address is known now.", double(sessions.devices));
  results("session_events_total", "Sessions that began, and why they ended.",
          {{"sign-in", sessions.sign_ins},
           {"sign-out", sessions.sign_outs},
           {"idle", sessions.idle},
           {"end-of-day", sessions.ends_of_day},
           {"another-mac", sessions.mac_changes},
           {"too-many-devices", sessions.too_many_devices},
           {"book-full", sessions.full}});
  const identity::SignInCounters& sign_in = counters.sign_in;
  results("sign_ins_total", "Attempts at the sign-in page.",
          {{"accepted", sign_in.accepted},
           {"refused", sign_in.refused},
           {"held-up", sign_in.waiting},
           {"invalid", sign_in.invalid},
           {"unavailable", sign_in.unavailable}});
  results("terms_total", "Answers to the terms of use.",
          {{"accepted", sign_in.terms_accepted}, {"declined", sign_in.terms_declined}});
  one("visitors_total", "counter", "Visitors let in.", double(sign_in.visitors));
  const identity::CredentialCounters& credentials = counters.credentials;
  results(
      "credentials_total", "Passwords and tickets that were verified.",
      {{"accepted", credentials.accepted}, {"refused", credentials.refused}, {"unavailable", credentials.unavailable}});
  one("credentials_from_cache_total", "counter", "Answered from recent successful checks.",
      double(credentials.from_cache));
  one("credentials_held_back_total", "counter", "Refused unasked: too many attempts.", double(credentials.held_back));
  one("credentials_waiting", "gauge", "Questions that wait for a thread.", double(credentials.waiting));
  one("credentials_queue_full_total", "counter", "Refused unasked: too many waited.", double(credentials.queue_full));
  one("directory_failures_total", "counter", "Questions that the directory did not answer.",
      double(credentials.directory_failures));
  one("directory_stale_answers_total", "counter", "Answers from the cache because the directory did not answer.",
      double(credentials.stale_answers));
  page.family("radius_total", "counter", "RADIUS packets by result.");
  page.sample(double(counters.radius.answered), label("result", "answered"));
  for (std::size_t i = 0; i < counters.radius.refused.size(); ++i)
    page.sample(double(counters.radius.refused[i]), label("result", to_string(identity::RadiusRefusal(i))));
  page.family("logon_calls_total", "counter", "Calls of logon scripts by result.");
  page.sample(double(counters.logon.taken), label("result", "taken"));
  for (std::size_t i = 0; i < counters.logon.refused.size(); ++i)
    page.sample(double(counters.logon.refused[i]), label("result", kLogonRefusalNames[i]));
  one("leases_left_out", "gauge", "Lines of lease files that could not be read.", double(counters.leases_left_out));
  one("session_save_failures_total", "counter", "Times that sessions could not be saved.",
      double(counters.save_failures));
}

void add_lists(Page& page, const MetricsSources& sources) {
  const auto lists = sources.policy.lists().lists();
  page.family("list_entries", "gauge", "Entries of each list in force.");
  for (const auto& list : lists) page.sample(double(list.hosts + list.urls + list.patterns), label("list", list.name));
  page.family("list_age_seconds", "gauge", "Time since each list was obtained; +Inf: it has never been there.");
  for (const auto& [list, age] : sources.list_ages)
    page.sample(age ? std::chrono::duration<double>(*age).count() : std::numeric_limits<double>::infinity(),
                label("list", list));
}

void add_protection(Page& page, const MetricsSources& sources) {
  page.family("protection", "gauge", "1 for the state of each group and category: protected, stale or empty.");
  for (const rules::CategoryProtection& row : sources.protection.rows)
    page.sample(1, label("group", row.group) + ',' + label("category", row.category) + ',' +
                       label("state", rules::to_string(row.state)));
  // A school that has said why it has no data for a category is not to be woken for it.
  page.family("protection_known_gap", "gauge", "1 for each empty group and category that known_gaps excuses.");
  for (const rules::CategoryProtection& row : sources.protection.rows)
    if (row.state == rules::ProtectionState::empty && !rules::is_gap(row))
      page.sample(1, label("group", row.group) + ',' + label("category", row.category));
}

}  // namespace

std::string metrics_page(const MetricsSources& sources) {
  Page page;
  const auto total = [&](std::string_view name, std::string_view type, std::string_view help, const Sum& of) {
    page.family(name, type, help);
    page.sample(sum(sources, of));
  };
  using flow::Counters;
  total("connections", "gauge", "Client connections open now.",
        [](const Counters& w) { return w.connections_open.get(); });
  total("connections_total", "counter", "Client connections accepted.",
        [](const Counters& w) { return w.connections_total.get(); });
  page.family("connections_refused_total", "counter",
              "Client connections and HTTP/2 streams refused or ended because of a cap.");
  page.sample(sum(sources, [](const Counters& w) { return w.shed_global.get(); }), label("cap", "all"));
  page.sample(sum(sources, [](const Counters& w) { return w.shed_client.get(); }), label("cap", "client"));
  page.sample(sum(sources, [](const Counters& w) { return w.shed_streams.get(); }), label("cap", "client_streams"));
  page.sample(sum(sources, [](const Counters& w) { return w.shed_bytes.get(); }), label("cap", "client_memory"));
  add_requests(page, sources);
  add_people(page, sources);
  if (sources.identity) add_identity(page, *sources.identity);
  page.family("breaches_total", "counter", "Breach records by category, since the start.");
  for (const auto& [category, count] : sources.breaches_by_category)
    page.sample(double(count), label("category", category));
  total("inspected_total", "counter", "TLS connections opened for inspection.",
        [](const Counters& w) { return w.inspected.get(); });
  total("inspection_distrusted_total", "counter", "Clients that did not accept the filter's certificate.",
        [](const Counters& w) { return w.leaf_refused.get(); });
  total("spliced_total", "counter", "Tunnels relayed without looking inside.",
        [](const Counters& w) { return w.spliced.get(); });
  total("requests_asked_anew_total", "counter", "Requests that a web site had not processed, sent once more.",
        [](const Counters& w) { return w.asked_anew.get(); });
  total("tunnels_ended_by_policy_total", "counter",
        "Tunnels, WebSockets, event streams and downloads ended because a later policy forbids them.",
        [](const Counters& w) { return w.rejudged_closed.get(); });
  page.family("upstream_errors_total", "counter", "Requests that could not be served, by kind.");
  for (std::size_t kind = 0; kind < flow::kUpstreamFaultNames.size(); ++kind)
    page.sample(sum(sources, [&](const Counters& w) { return w.upstream_errors[kind].get(); }),
                label("kind", flow::kUpstreamFaultNames[kind]));
  page.family("missing_issuers_total", "counter",
              "Certificates of issuers that a web site did not send, by what came of looking for them.");
  page.sample(double(sources.issuers.fetched), label("result", "fetched"));
  page.sample(double(sources.issuers.failed), label("result", "failed"));
  page.sample(double(sources.issuers.refused), label("result", "refused"));
  total("malformed_total", "counter", "Requests that were not HTTP or broke a limit.",
        [](const Counters& w) { return w.malformed.get(); });
  total("unnamed_total", "counter", "TLS connections that named no host.",
        [](const Counters& w) { return w.unnamed.get(); });
  total("not_durable_total", "counter", "Refusals sent before their record was on disk.",
        [](const Counters& w) { return w.not_durable.get(); });
  add_lists(page, sources);
  add_protection(page, sources);
  page.family("policy_version_info", "gauge", "The policy in force.");
  page.sample(1, label("version", sources.policy.version()));
  page.family("reload_total", "counter", "Reloads by result.");
  page.sample(double(sources.reloads_accepted), label("result", "accepted"));
  page.sample(double(sources.reloads_refused), label("result", "refused"));
  page.family("firewall", "gauge",
              "1 for the state of the kernel's firewall: off means that nothing is diverted here.");
  for (std::size_t i = 0; i < net::kFirewallStates; ++i) {
    const auto state = net::FirewallState(i);
    page.sample(state == sources.firewall ? 1 : 0, label("state", net::to_string(state)));
  }
  page.family("start_fallback", "gauge",
              "1 for everything that serves in the place of what was asked for since the start.");
  for (const StartFallback& fallback : sources.start_fallbacks) page.sample(1, label("what", fallback.what));
  page.family("alert_queue", "gauge", "Alerts waiting to be delivered.");
  page.sample(double(sources.alert_queue));
  page.family("alerts_total", "counter", "Deliveries of alerts by result.");
  page.sample(double(sources.alerts_sent), label("result", "sent"));
  page.sample(double(sources.alerts_failed), label("result", "failed"));
  page.family("forwarded_total", "counter",
              "Records and alarms sent to the collector; failed: tries that reached none.");
  page.sample(double(sources.forwarded.sent), label("result", "sent"));
  page.sample(double(sources.forwarded.failed), label("result", "failed"));
  page.family("forward_behind_seconds", "gauge", "How long what waits for the collector has waited.");
  page.sample(sources.forwarded.behind_seconds);
  page.family("clock_believed", "gauge",
              "1 while the machine's clock is believed; while it is not, nothing is removed.");
  page.sample(sources.clock == ClockDoubt::none ? 1 : 0);
  if (!sources.ends.empty()) {
    page.family("ends_seconds", "gauge",
                "Time until a certificate, licence, account or accepted terms end; negative when it is over.");
    for (const auto& [what, end] : sources.ends)
      page.sample(std::chrono::duration<double>(end - sources.now).count(), label("what", what));
  }
  page.family("breach_log_lag_seconds", "gauge", "Age of the oldest record that is not on disk yet.");
  page.sample(sources.breach_log.lag_seconds);
  page.family("breach_log_waiting", "gauge", "Records that are not on disk yet.");
  page.sample(double(sources.breach_log.waiting));
  page.family("breach_log_failures_total", "counter", "Failed attempts to write the breach log.");
  page.sample(double(sources.breach_log.failures));
  page.family("breach_log_lost_total", "counter", "Records given up because the queue was full.");
  page.sample(double(sources.breach_log.lost));
  page.family("decision_log_dropped_total", "counter", "Decision lines that could not be written.");
  page.sample(double(sources.decisions_dropped));
  add_decide_histogram(page, sources);
  page.family("open_files", "gauge", "Open descriptors.");
  page.sample(open_files());
  page.family("workers", "gauge", "Worker threads.");
  page.sample(double(sources.workers.size()));
  return page.take();
}

}  // namespace schoolgate::app
