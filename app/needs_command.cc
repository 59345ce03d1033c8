// schoolgate needs: what the sites of a walled garden ask for, as proposals for `needs:`.
#include <algorithm>

#include "app/command.h"
#include "app/load_policy.h"
#include "app/read_since.h"
#include "app/table.h"
#include "base/ascii.h"
#include "base/json.h"
#include "breaches/decision_search.h"
#include "breaches/flat_json.h"
#include "rules/needs_learner.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kNeedsHelp =
    R"(schoolgate needs --config DIR [--group G] [--site S] [--since T] [--json]

Proposes helpers (needs:) for the sites that groups with `unlisted: block` may reach: hosts that a page of an allowed
site asked for and was refused, by the decision log. Copy the line into the rule that it stands under, try it with
`schoolgate explain --from`, and reload.

Unopened HTTPS does not show which page asks. There a host is proposed by time only: when the same device opened the
site, and no other, within the ten seconds before, on three occasions at least, and the host is seldom asked for at
other times. That is weaker evidence, and the output says so.

A host that a rule of yours or a list stands against is named and not proposed; illegal ones and those of sealed lists
are not named. Devices are counted, people are not in it. Name only helpers that you would let a child reach.

  --group G   requests refused to this group only
  --site S    for this site only
  --since T   how far back: "7d" (the default), "12h", or a time: "2026-11-22", "2026-11-22 12:30"
  --json      one JSON object
)";

struct Read {
  std::uint64_t refusals = 0;
  bool cut_short = false;
};

Result<Read> learn(rules::NeedsLearner& learner, const std::filesystem::path& decisions, TimePoint since,
                   const std::string& group) {
  Read read;
  const auto take = [&](std::string_view line) {
    const auto fields = breaches::FlatJson::parse(line);
    if (!fields || fields->text("confidence") == "selftest")
      return true;  // asks one site after the other, of all kinds
    const std::string_view rule = fields->text("rule"), action = fields->text("action");
    const bool refused = action == "block" && rule == "unlisted";
    const bool opened = rule == "local" && (action == "allow" || action == "monitor");
    if ((!refused && !opened) || (!group.empty() && fields->text("group") != group)) return true;
    const auto time = from_rfc3339(fields->text("time"));
    if (!time || *time < since) return true;
    read.refusals += refused;
    const bool room = learner.add({.time = *time,
                                   .group = fields->text("group"),
                                   .device = fields->text("device"),
                                   .host = fields->text("host"),
                                   .page = fields->text("page"),
                                   .refused = refused});
    read.cut_short |= !room;
    return room;
  };
  // Newest first: where there is no room for all, the latest count.
  auto files = breaches::DecisionFiles(decisions).all();
  if (!files) return std::unexpected(std::move(files.error()));
  std::ranges::reverse(*files);
  const std::string first_day = "-" + to_rfc3339(since - std::chrono::days(1)).substr(0, 10);
  for (const std::filesystem::path& file : *files) {
    const std::string stem = file.stem().string();
    const bool of_a_day = file != decisions;
    if (read.cut_short || (of_a_day && stem.substr(stem.size() - first_day.size()) < first_day)) break;
    for (const std::string_view part : {R"("rule":"unlisted")", R"("rule":"local")"})
      if (auto done = breaches::read_lines_with(file, part, take); !done) return std::unexpected(done.error());
  }
  return read;
}

std::string evidence_of(const rules::NeededHost& needed) {
  const std::string devices = counted(needed.devices, "device", "devices");
  if (!needed.by_time_only())
    return "refused " + counted(needed.told, "time", "times") + " on " + devices + " to pages of the site";
  return "by time only: refused on " + counted(needed.followed, "occasion", "occasions") + " within " +
         std::to_string(rules::kLoadsWithin.count()) + " seconds of the site, on " + devices +
         (needed.apart == 0 ? ", and at no other time"
                            : ", and " + counted(needed.apart, "time", "times") + " otherwise") +
         "; look at it before you add it";
}

void print_words(const std::vector<rules::SiteNeeds>& all, const Read& read) {
  std::string out;
  for (const rules::SiteNeeds& site : all) {
    out += (out.empty() ? "" : "\n") + site.at.line_text() + "  allow " + site.site + "  (refused to " +
           joined(site.groups) + ")\n";
    if (!site.proposed.empty()) {
      std::vector<std::string> hosts = site.has;
      for (const rules::NeededHost& needed : site.proposed) hosts.push_back(needed.host);
      out += "  needs: [" + joined(hosts) + "]\n";
    }
    for (const rules::NeededHost& needed : site.proposed)
      out += "  # " + needed.host + ": " + evidence_of(needed) + "\n";
    for (const rules::NeededHost& needed : site.not_proposed)
      out += "  # not proposed: " + needed.host + ": " + needed.against + "; " + evidence_of(needed) + "\n";
  }
  if (all.empty())
    out = "nothing to propose: " + counted(read.refusals, "request", "requests") +
          " refused as unlisted, none of them beneath an allowed site\n";
  if (read.cut_short) out += "Only the latest part was looked at; --since or --group makes it less.\n";
  print(out);
}

void write_hosts(JsonWriter& json, std::string_view name, const std::vector<rules::NeededHost>& hosts) {
  json.key(name).begin_array();
  for (const rules::NeededHost& needed : hosts) {
    json.begin_object().field("host", needed.host).field("evidence", needed.by_time_only() ? "time" : "page");
    json.field("told", needed.told).field("followed", needed.followed).field("apart", needed.apart);
    json.field("devices", std::uint64_t(needed.devices)).field("last", to_rfc3339(needed.last)).key("against");
    needed.against.empty() ? json.null() : json.value(needed.against);
    json.end_object();
  }
  json.end_array();
}

void write_words(JsonWriter& json, std::string_view name, const std::vector<std::string>& words) {
  json.key(name).begin_array();
  for (const std::string& word : words) json.value(word);
  json.end_array();
}

void print_json(const std::vector<rules::SiteNeeds>& all, const Read& read, TimePoint since) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("since", to_rfc3339(since)).field("refusals", read.refusals);
  json.field("cut_short", read.cut_short).key("sites").begin_array();
  for (const rules::SiteNeeds& site : all) {
    json.begin_object().field("site", site.site).field("source", site.at.line_text());
    write_words(json, "groups", site.groups);
    write_words(json, "has", site.has);
    write_hosts(json, "proposed", site.proposed);
    write_hosts(json, "not_proposed", site.not_proposed);
    json.end_object();
  }
  json.end_array().end_object();
  print(out + '\n');
}

int needs(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--group", "--site", "--since"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kNeedsCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kNeedsCommand, {Fault::client, "--config DIR is missing", {}});
  const TimePoint now = wall_now();
  const auto loaded = load_policy(arguments->get("--config"), now, RefusedLists::serve_last_good);
  if (!loaded) return report(loaded.error());
  const config::Settings& settings = loaded->configuration.settings;
  const auto since = read_since(arguments->get("--since", "7d"), settings.site.timezone, now);
  if (!since) return usage_error(kNeedsCommand, since.error());
  const std::string group = arguments->get("--group"), site = arguments->get("--site");
  if (!group.empty() && !loaded->snapshot->find_group(group))
    return usage_error(kNeedsCommand, {Fault::client, "there is no group '" + group + "'", {}});
  if (!settings.decisions)
    return report(Error{Fault::config, "no decisions are kept, so there is nothing to learn from",
                        "name a file as `decisions:` in schoolgate.yaml, and ask again after a lesson"});

  rules::NeedsLearner learner(loaded->configuration.policy, *loaded->snapshot, now);
  const auto read = learn(learner, *settings.decisions, *since, group);
  if (!read) return report(read.error());
  std::vector<rules::SiteNeeds> all = learner.proposals();
  if (!site.empty()) std::erase_if(all, [&](const rules::SiteNeeds& one) { return one.site != site; });
  if (arguments->has("--json"))
    print_json(all, *read, *since);
  else
    print_words(all, *read);
  return kDone;
}

}  // namespace

const Command kNeedsCommand{"needs", "propose helpers of allowed sites", kNeedsHelp, needs};

}  // namespace schoolgate::app
