#include "app/selftest_run.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <thread>
#include <vector>

#include "app/selftest_inside.h"
#include "app/selftest_outcome.h"
#include "app/selftest_probe.h"
#include "app/table.h"
#include "base/file.h"
#include "base/json.h"
#include "breaches/export.h"
#include "casework/checks_log.h"

namespace schoolgate::app {
namespace {

constexpr unsigned kAtOnce = 8;

using Devices = std::vector<std::unique_ptr<tls::UpstreamContext>>;

/// One for each thread; none when nothing is asked for inside TLS.
Result<Devices> devices_for(const std::vector<Check>& checks, const config::Settings& settings) {
  Devices devices(kAtOnce);
  if (std::ranges::none_of(checks, &Check::inside)) return devices;
  for (auto& device : devices) {
    auto made = device_of_school(settings);
    if (!made) return std::unexpected(std::move(made.error()));
    device = std::move(*made);
  }
  return devices;
}

void send_all(const std::vector<Check>& checks, std::vector<ProbeAnswer>& answers, const config::Settings& settings,
              const Devices& devices, const Announce& announce) {
  net::Endpoint proxy{settings.listen.proxy.front().address, settings.listen.proxy.front().port};
  const bool any_v4 = proxy.address == names::IpAddress::v4(0), any_v6 = proxy.address == names::IpAddress();
  const auto limit = settings.limits.connect + std::chrono::seconds(20);
  std::atomic<std::size_t> next{0};
  const auto work = [&](unsigned thread) {
    for (std::size_t i = next++; i < checks.size(); i = next++) {
      if (!checks[i].from) continue;
      net::Endpoint to = proxy;
      if (any_v4 || any_v6) to.address = checks[i].from->address;  // a listener on all addresses is on this one as well
      const Check& check = checks[i];
      answers[i] = check.inside ? send_inside(*devices[thread], to, check.from->address, check.request, limit, announce)
                                : send_probe(to, check.from->address, probe_head(check.request), limit, announce);
    }
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < kAtOnce; ++i) others.emplace_back(work, i);
  work(0);
}

Result<void> carry_out(std::vector<Check>& checks, const LoadedPolicy& loaded, const Announce& announce) {
  const config::Settings& settings = loaded.configuration.settings;
  std::vector<ProbeAnswer> answers(checks.size());
  if (std::ranges::none_of(checks, [](const Check& check) { return check.from != nullptr; })) {
    std::ranges::for_each(checks, judge_unsent);
    return {};
  }
  const auto devices = devices_for(checks, settings);
  if (!devices) return std::unexpected(devices.error());
  const TimePoint began = wall_now();
  send_all(checks, answers, settings, *devices, announce);

  std::vector<std::string> records;
  const auto keep = [&](std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t end = std::min(piece.find('\n'), piece.size() - 1);
      records.emplace_back(piece.substr(0, end));
      piece.remove_prefix(end + 1);
    }
    return true;
  };
  if (auto read = breaches::export_breaches(settings.state, {.since = began}, breaches::ExportFormat::jsonl, keep);
      !read)
    return std::unexpected(read.error());
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].from)
      judge_outcome(checks[i], answers[i], records);
    else
      judge_unsent(checks[i]);
  }
  return {};
}

/// "lucky-spins[.]example": what must not be opened is not made to be clicked.
std::string defanged(std::string_view host) {
  std::string out;
  for (const char c : host) c == '.' ? out += "[.]" : out += c;
  return out;
}

std::string shown(const Check& check) {
  const names::Url& url = check.request.url();
  const std::string text =
      url.names_only() ? std::string(url.host()) + ":" + std::to_string(url.port()) : url.redacted();
  if (!is_refusal(check.expected)) return text;
  const std::size_t host = text.find(url.host());
  return text.substr(0, host) + defanged(url.host()) + text.substr(host + url.host().size());
}

// A month of runs by itself, and some more: the desk's log of checks has the outcome of all.
void remove_oldest(const std::filesystem::path& folder) {
  constexpr std::size_t kKept = 100;
  std::error_code failed;
  std::vector<std::filesystem::path> runs;
  for (const auto& run : std::filesystem::directory_iterator(folder, failed))
    if (run.path().extension() == ".json") runs.push_back(run.path());
  if (runs.size() <= kKept) return;
  std::ranges::sort(runs);  // a name is the time of the run
  for (const auto& run : std::span(runs).first(runs.size() - kKept)) std::filesystem::remove(run, failed);
}

Result<void> store(const std::filesystem::path& state, TimePoint time, const std::string& result) {
  const std::filesystem::path folder = state / "selftest";
  if (auto made = make_private_folder(folder); !made) return made;
  std::string name = to_rfc3339(time);
  std::erase_if(name, [](char c) { return c == ':' || c == '-'; });
  if (auto stored = replace_file(folder / (name + ".json"), result); !stored) return stored;
  remove_oldest(folder);
  return {};
}

Result<void> note_at_desk(const SelftestRun& done, const LoadedPolicy& loaded, std::string_view by) {
  const rules::CategoryTable& categories = loaded.snapshot->categories();
  const auto is_illegal = [&](const std::string& category) {
    const rules::CategoryId id = categories.find(category);
    return id != rules::kNoCategory && categories[id].illegal;
  };
  casework::CheckRun run{.at = done.at, .by = std::string(by), .kind = "selftest"};
  for (const Check& check : done.checks)
    if (check.from)
      run.results.push_back({.group = check.group,
                             .mode = check.inside ? "inside TLS" : "explicit proxy",
                             .what = is_illegal(check.category)
                                         ? "an address that is never shown"
                                         : std::string(check.request.method()) + " " + shown(check),
                             .expected = std::string(rules::to_string(check.expected)),
                             .found = check.found,
                             .as_expected = check.as_expected});
  for (const GroupProbe& probe : done.devices.probes)
    run.results.push_back({.group = probe.group,
                           .mode = way_of(probe),
                           .what = defanged(probe.host),
                           .expected = std::string(rules::to_string(probe.expected)),
                           .found = probe.found,
                           .as_expected = probe.as_expected});
  auto desk = casework::DeskStore::open(loaded.configuration.settings.state);
  if (!desk) return std::unexpected(std::move(desk.error()));
  auto noted = casework::ChecksLog(**desk).record(run, done.at);
  if (!noted) return std::unexpected(std::move(noted.error()));
  return {};
}

}  // namespace

std::size_t SelftestRun::sent() const noexcept {
  return std::size_t(std::ranges::count_if(checks, [](const Check& check) { return check.from != nullptr; })) +
         devices.probes.size();
}

std::size_t SelftestRun::as_expected() const noexcept {
  return std::size_t(std::ranges::count_if(checks, [](const Check& check) { return check.from && check.as_expected; }) +
                     std::ranges::count_if(devices.probes, &GroupProbe::as_expected));
}

std::size_t SelftestRun::not_tried() const noexcept {
  return std::size_t(std::ranges::count_if(checks, [](const Check& check) { return check.from == nullptr; })) +
         devices.not_tried.size();
}

Result<SelftestRun> run_selftest(const LoadedPolicy& loaded, TimePoint now, const AnnounceAs& announce,
                                 const std::function<void(std::size_t)>& planned) {
  const config::Settings& settings = loaded.configuration.settings;
  SelftestRun run;
  run.at = now;
  run.policy_version = loaded.snapshot->version();
  // Tests are sent through the explicit proxy; where there is none, they are judged only.
  if (!settings.listen.proxy.empty())
    run.clients = probe_clients(loaded, settings.listen.proxy.front().address.is_v4());
  run.checks = make_checks(loaded, run.clients, now);
  run.devices = plan_group_probes(loaded, now);
  if (run.checks.empty() && run.devices.probes.empty())
    return fail(Fault::config, "there is nothing to check: no tests in rules/*.yaml and no list of names",
                "write tests: { url: \u2026, group: \u2026, expect: block }");
  if (planned) planned(run.sent());
  const Announce as_itself = [&](const net::Endpoint& from) { return announce(from, {}); };
  if (auto done = carry_out(run.checks, loaded, as_itself); !done) return std::unexpected(std::move(done.error()));
  if (auto done = send_group_probes(run.devices.probes, loaded, announce); !done)
    return std::unexpected(std::move(done.error()));
  return run;
}

Result<SelftestRun> run_firewall_selftest(const LoadedPolicy& loaded, TimePoint now, const AnnounceAs& announce,
                                          const std::function<void(std::size_t)>& planned) {
  SelftestRun run;
  run.at = now;
  run.policy_version = loaded.snapshot->version();
  run.devices = plan_group_probes(loaded, now, ProbeWay::firewall);
  if (run.devices.probes.empty())
    return fail(Fault::config,
                "there is nothing to try through the firewall: no transparent listener, or no list of names",
                "see listen.http and listen.tls in schoolgate.yaml");
  if (planned) planned(run.sent());
  if (auto done = send_group_probes(run.devices.probes, loaded, announce); !done)
    return std::unexpected(std::move(done.error()));
  return run;
}

std::string table_of(const SelftestRun& run) {
  Table table;
  for (const Check& check : run.checks) {
    std::string found = check.found;
    const std::string how = check.inside ? "inside TLS: " : "";
    if (check.found == "unreachable")
      found = std::string("allow, but the site was not reached") + (check.inside ? " or verified (" : " (") +
              std::to_string(check.status) + ")";
    if (!check.as_expected && check.status != 0) found += " (" + std::to_string(check.status) + ")";
    if (!check.note.empty()) found += "; " + check.note;
    table.row({!check.from         ? "not sent"
               : check.as_expected ? "ok"
                                   : "DIFFERS",
               std::string(rules::to_string(check.expected)), check.category.empty() ? "-" : check.category,
               check.group + (check.from ? " " + check.from->address.text() : ""),
               std::string(check.request.method()) + " " + shown(check), how + found + " [" + check.source + "]"});
  }
  // Of a group and category that is refused at every entrance one line is enough.
  for (const GroupProbe& probe : run.devices.probes) {
    const auto same = [&](const GroupProbe& other) {
      return other.group == probe.group && other.category == probe.category;
    };
    const bool all = std::ranges::all_of(run.devices.probes,
                                         [&](const GroupProbe& other) { return !same(other) || other.as_expected; });
    if (all && &*std::ranges::find_if(run.devices.probes, same) != &probe) continue;
    table.row({probe.as_expected ? "ok" : "DIFFERS", std::string(rules::to_string(probe.expected)), probe.category,
               "a device of " + probe.group, defanged(probe.host),
               probe.found + (all ? " at every entrance" : " at " + way_of(probe)) + " [list " + probe.list + "]"});
  }
  for (const NotTried& one : run.devices.not_tried)
    table.row({"not tried", "-", one.category, "a device of " + one.group, "-", one.why});
  return table.text();
}

std::string json_of(const SelftestRun& run) {
  const std::vector<Check>& checks = run.checks;
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("time", to_rfc3339(run.at)).field("policy_version", run.policy_version);
  json.field("checks", checks.size() + run.devices.probes.size())
      .field("as_expected", run.as_expected())
      .field("sent", run.sent())
      .field("not_tried", run.not_tried())
      .key("results")
      .begin_array();
  for (const Check& check : checks) {
    json.begin_object().field("as_expected", check.as_expected).field("sent", check.from != nullptr);
    json.field("method", check.request.method()).field("url", check.request.url().redacted());
    json.field("group", check.group).key("from");
    check.from ? json.value(check.from->address.text()) : json.null();
    json.field("expected", rules::to_string(check.expected)).field("category", check.category);
    json.field("found", check.found).field("status", check.status).field("inside", check.inside);
    json.field("note", check.note).field("source", check.source).end_object();
  }
  json.end_array().key("devices").begin_array();
  for (const GroupProbe& probe : run.devices.probes) {
    json.begin_object().field("as_expected", probe.as_expected).field("group", probe.group);
    json.field("category", probe.category).field("host", probe.host).field("list", probe.list);
    json.field("entrance", way_of(probe)).field("expected", rules::to_string(probe.expected));
    json.field("found", probe.found).end_object();
  }
  json.end_array().key("not_tried_devices").begin_array();
  for (const NotTried& one : run.devices.not_tried)
    json.begin_object().field("group", one.group).field("category", one.category).field("why", one.why).end_object();
  json.end_array().end_object();
  return out + '\n';
}

Result<void> keep_selftest(const SelftestRun& run, const LoadedPolicy& loaded, std::string_view by) {
  auto stored = store(loaded.configuration.settings.state, run.at, json_of(run));
  auto noted = note_at_desk(run, loaded, by);
  return stored ? noted : stored;
}

}  // namespace schoolgate::app
