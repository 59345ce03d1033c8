// schoolgate selftest: does the gateway that runs here block what must be blocked, and allow what must be allowed?
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include "app/act_as_owner.h"
#include "app/command.h"
#include "app/control_plane.h"
#include "app/load_policy.h"
#include "app/progress_line.h"
#include "app/read_configuration.h"
#include "app/selftest_checks.h"
#include "app/selftest_inside.h"
#include "app/selftest_outcome.h"
#include "app/selftest_probe.h"
#include "app/table.h"
#include "base/file.h"
#include "base/json.h"
#include "breaches/checks_log.h"
#include "breaches/export.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kHelp = R"(schoolgate selftest --config DIR [--json]

Sends real requests through the gateway that runs on this configuration and compares what it does with what the policy
says: every test of rules/*.yaml, and for each category that a list gets refused one name of that list. What must be
refused must also be found in the breach log. Where the gateway opens TLS (schoolgate inspect-report) the whole address
is asked for inside, believing the school's authority alone; any other host over HTTPS is asked for by its name.

The requests come from this machine's own addresses and say so (User-Agent: schoolgate-selftest); they are recorded, and
may be alerted, like anybody's. Tests for a group that none of these addresses is in, for another time, or for what is
illegal are judged by the same policy but not sent. A site that is allowed and does not answer counts as allowed.

Prints a table, stores the result in the state folder (selftest/TIME.json) and in the desk's log of checks, and exits
with 1 when any check differs.

  --json    print what is stored instead of the table
)";

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
              const Devices& devices) {
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
      answers[i] = check.inside ? send_inside(*devices[thread], to, check.from->address, check.request, limit)
                                : send_probe(to, check.from->address, probe_head(check.request), limit);
    }
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < kAtOnce; ++i) others.emplace_back(work, i);
  work(0);
}

Result<void> carry_out(std::vector<Check>& checks, const LoadedPolicy& loaded) {
  const config::Settings& settings = loaded.configuration.settings;
  std::vector<ProbeAnswer> answers(checks.size());
  const auto devices = devices_for(checks, settings);
  if (!devices) return std::unexpected(devices.error());
  ProgressLine progress;
  progress.show("asking the gateway: " + counted(checks.size(), "check", "checks"));
  const TimePoint began = wall_now();
  send_all(checks, answers, settings, *devices);

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
std::string shown(const Check& check) {
  const names::Url& url = check.request.url();
  const std::string text =
      url.names_only() ? std::string(url.host()) + ":" + std::to_string(url.port()) : url.redacted();
  if (!is_refusal(check.expected)) return text;
  const std::size_t host = text.find(url.host());
  std::string out = text.substr(0, host);
  for (const char c : url.host()) c == '.' ? out += "[.]" : out += c;
  return out + text.substr(host + url.host().size());
}

std::string table_of(const std::vector<Check>& checks) {
  Table table;
  for (const Check& check : checks) {
    std::string found = check.found;
    const std::string how = check.inside ? "inside TLS: " : "";
    if (check.found == "unreachable")
      found = std::string("allow, but the site was not reached") + (check.inside ? " or verified (" : " (") +
              std::to_string(check.status) + ")";
    if (!check.as_expected && check.status != 0) found += " (" + std::to_string(check.status) + ")";
    if (!check.note.empty()) found += "; " + check.note;
    table.row({check.as_expected ? "ok" : "DIFFERS", std::string(rules::to_string(check.expected)),
               check.category.empty() ? "-" : check.category,
               check.group + (check.from ? " " + check.from->address.text() : ""),
               std::string(check.request.method()) + " " + shown(check), how + found + " [" + check.source + "]"});
  }
  return table.text();
}

std::string json_of(const std::vector<Check>& checks, const LoadedPolicy& loaded, TimePoint time) {
  std::string out;
  JsonWriter json(out);
  const auto good = std::ranges::count_if(checks, &Check::as_expected);
  const auto sent = std::ranges::count_if(checks, [](const Check& check) { return check.from != nullptr; });
  json.begin_object().field("time", to_rfc3339(time)).field("policy_version", loaded.snapshot->version());
  json.field("checks", checks.size()).field("as_expected", good).field("sent", sent).key("results").begin_array();
  for (const Check& check : checks) {
    json.begin_object().field("as_expected", check.as_expected).field("sent", check.from != nullptr);
    json.field("method", check.request.method()).field("url", check.request.url().redacted());
    json.field("group", check.group).key("from");
    check.from ? json.value(check.from->address.text()) : json.null();
    json.field("expected", rules::to_string(check.expected)).field("category", check.category);
    json.field("found", check.found).field("status", check.status).field("inside", check.inside);
    json.field("note", check.note).field("source", check.source).end_object();
  }
  json.end_array().end_object();
  return out + '\n';
}

Result<void> store(const std::filesystem::path& state, TimePoint time, const std::string& result) {
  const std::filesystem::path folder = state / "selftest";
  if (auto made = make_private_folder(folder); !made) return made;
  std::string name = to_rfc3339(time);
  std::erase_if(name, [](char c) { return c == ':' || c == '-'; });
  return replace_file(folder / (name + ".json"), result);
}

/// In the desk's log of checks, as the standards ask for: what, for whom, when, and how it came out.
Result<void> note_at_desk(const LoadedPolicy& loaded, TimePoint time, const std::vector<Check>& checks) {
  const rules::CategoryTable& categories = loaded.snapshot->categories();
  const auto is_illegal = [&](const std::string& category) {
    const rules::CategoryId id = categories.find(category);
    return id != rules::kNoCategory && categories[id].illegal;
  };
  breaches::CheckRun run{.at = time, .by = "schoolgate selftest", .kind = "selftest"};
  for (const Check& check : checks)
    run.results.push_back({.group = check.group,
                           .mode = !check.from    ? "judged, not sent"
                                   : check.inside ? "inside TLS"
                                                  : "explicit proxy",
                           .what = is_illegal(check.category)
                                       ? "an address that is never shown"
                                       : std::string(check.request.method()) + " " + shown(check),
                           .expected = std::string(rules::to_string(check.expected)),
                           .found = check.found,
                           .as_expected = check.as_expected});
  auto desk = breaches::DeskStore::open(loaded.configuration.settings.state);
  if (!desk) return std::unexpected(std::move(desk.error()));
  auto noted = breaches::ChecksLog(**desk).record(run, time);
  if (!noted) return std::unexpected(std::move(noted.error()));
  return {};
}

/// Fault host: no gateway here, or one that serves something else than the folder holds.
Result<void> require_same_policy(const LoadedPolicy& loaded) {
  const auto answer = ask_running_gateway(loaded.configuration.settings.state, "version");
  if (!answer) return std::unexpected(answer.error());
  const std::string running = answer->text.substr(0, answer->text.find('\n'));
  if (answer->done && running == loaded.snapshot->version()) return {};
  return fail(Fault::config,
              "the gateway serves policy " + running + ", the folder holds " + loaded.snapshot->version(),
              "reload first: schoolgate reload");
}

int selftest(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kSelftestCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kSelftestCommand, {Fault::client, "--config DIR is missing", {}});

  // Loading a policy may compile lists into the state folder, and the result is stored there.
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  if (auto acts = act_as_owner(configuration->settings.state); !acts) return report(acts.error());
  const TimePoint now = wall_now();
  const auto loaded = load_policy(arguments->get("--config"), now, RefusedLists::serve_last_good);
  if (!loaded) return report(loaded.error());
  if (auto same = require_same_policy(*loaded); !same) return report(same.error());
  const config::Settings& settings = loaded->configuration.settings;
  if (settings.listen.proxy.empty())
    return report(Error{Fault::config, "listen.proxy is empty, and the checks are sent through it",
                        "give the gateway an explicit listener, on loopback if nobody else shall use it"});
  const auto clients = probe_clients(*loaded, settings.listen.proxy.front().address.is_v4());
  auto checks = make_checks(*loaded, clients, now);
  if (checks.empty())
    return report(Error{Fault::config, "there is nothing to check: no tests in rules/*.yaml and no list of names",
                        "write tests: { url: …, group: …, expect: block }"});
  if (auto done = carry_out(checks, *loaded); !done) return report(done.error());

  const std::string result = json_of(checks, *loaded, now);
  const auto stored = store(settings.state, now, result);
  const auto good = std::size_t(std::ranges::count_if(checks, &Check::as_expected));
  if (arguments->has("--json"))
    print(result);
  else
    print(table_of(checks) + std::to_string(good) + " of " + std::to_string(checks.size()) + " checks as expected\n");
  if (!stored) return report(stored.error());
  if (auto noted = note_at_desk(*loaded, now, checks); !noted) return report(noted.error());
  return good == checks.size() ? kDone : kProblem;
}

}  // namespace

const Command kSelftestCommand{"selftest", "try what must be blocked and allowed through the running gateway", kHelp,
                               selftest};

}  // namespace schoolgate::app
