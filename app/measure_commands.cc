// schoolgate session, exam and emergency: what is done for a time and taken back by itself.
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "app/arguments.h"
#include "app/command.h"
#include "app/control_plane.h"
#include "app/measure_wire.h"
#include "app/read_configuration.h"
#include "app/table.h"
#include "base/ascii.h"
#include "base/uuid.h"
#include "rules/site_time.h"
#include "web/json.h"

namespace schoolgate::app {
namespace {

using rules::Measure;

constexpr std::string_view kSessionHelp =
    R"(schoolgate session open  --config DIR --group G[,G] (--list NAME | --site S[,S]) [--network N[,N]]
                         [--minutes M] --by NAME --why TEXT
schoolgate session close ID --config DIR --by NAME [--why TEXT]
schoolgate session list  --config DIR [--json]

The supervised session of Early Years and Key Stage 1: a member of staff opens a list of sites for a group, or for a room
of it, while they sit beside the children. It closes by itself, after an hour at most, and is on record.

  --group G      the groups that it applies to, by id
  --list NAME    a list of sites of rules/*.yaml (lists:)
  --site S       sites instead of a list: "example.org", "example.org/path"
  --network N    only for devices there: the room
  --minutes M    how long; default 30, at most 60
  --by NAME      the adult with the children
  --why TEXT     the reason
  ID             as list prints it
)";

constexpr std::string_view kExamHelp =
    R"(schoolgate exam start --config DIR --group G[,G] (--until TIME | --minutes M) [--list NAME | --site S[,S]] --by NAME --why TEXT
schoolgate exam end ID --config DIR --by NAME [--why TEXT]
schoolgate exam list --config DIR [--json]

Until TIME the groups reach nothing but the exam's own sites, even where the policy allows more. Sites of help stay
open. At most 12 hours.

  --until TIME   "11:30" (the next one), "2026-11-24 11:30" in the site's time, or RFC 3339
  --minutes M    how long, instead of --until; at most 720
  --list NAME    the sites that the exam needs: a list of rules/*.yaml (lists:); none: nothing is reached
  --site S       sites instead of a list
)";

constexpr std::string_view kEmergencyHelp =
    R"(schoolgate emergency block SITE... --config DIR --by NAME --why TEXT [--until TIME]
schoolgate emergency undo ID --config DIR --by NAME [--why TEXT]
schoolgate emergency list --config DIR [--json]

Blocks a site, or an address and all below it, for every group at once, on every worker, from the next request on.
Nothing but the lists of illegal material outranks it. Without --until it stays until it is undone.

  --until TIME   "11:30" (the next one), "2026-11-24 11:30" in the site's time, or RFC 3339
)";

struct Verbs {
  const Command& command;
  Measure::Kind kind;
  std::string_view open, close;
};

/// The id as people read it out.
std::string reference_of(const Measure& measure) {
  const auto id = Uuid::from_text(measure.id);
  return id ? id->reference() : measure.id;
}

Result<TimePoint> after_minutes(const std::string& text, int most, TimePoint now) {
  int minutes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), minutes);
  if (error != std::errc() || end != text.data() + text.size() || minutes < 1)
    return fail(Fault::client, "'" + text + "' is no number of minutes", "1 to " + std::to_string(most));
  return now + std::chrono::minutes(minutes);
}

Result<TimePoint> end_of(const Verbs& verbs, const Arguments& arguments, const config::Configuration& configuration,
                         TimePoint now) {
  if (verbs.kind == Measure::Kind::supervised) return after_minutes(arguments.get("--minutes", "30"), 60, now);
  if (arguments.has("--minutes") && arguments.has("--until"))
    return fail(Fault::client, "--minutes and --until exclude each other");
  if (arguments.has("--minutes")) return after_minutes(arguments.get("--minutes"), 720, now);
  if (!arguments.has("--until")) {
    if (verbs.kind == Measure::Kind::emergency) return TimePoint::max();
    return fail(Fault::client, "--until TIME is missing", "or say how long: --minutes M");
  }
  const auto clock = rules::SiteClock::open(configuration.settings.site.timezone);
  if (!clock) return std::unexpected(clock.error());
  const auto time = rules::read_site_end(*clock, arguments.get("--until"), now);
  if (!time) return fail(Fault::client, "'" + arguments.get("--until") + "' is not a time", "e.g. 11:30");
  return *time;
}

Result<Measure> read_measure(const Verbs& verbs, const Arguments& arguments,
                             const config::Configuration& configuration) {
  Measure measure{.kind = verbs.kind};
  measure.from = wall_now();
  measure.groups = comma_list(arguments.get("--group"));
  measure.list = arguments.get("--list");
  measure.sites = verbs.kind == Measure::Kind::emergency ? arguments.words() : comma_list(arguments.get("--site"));
  for (const std::string& text : comma_list(arguments.get("--network"))) {
    const auto network = names::IpNetwork::parse(text);
    if (!network) return fail(Fault::client, "'" + text + "' is no network", "e.g. 10.20.1.0/28");
    measure.networks.push_back(*network);
  }
  if (!measure.list.empty() && !measure.sites.empty())
    return fail(Fault::client, "--list and --site exclude each other");
  for (const char* option : {"--by", "--why"})
    if (arguments.get(option).empty()) return fail(Fault::client, std::string(option) + " is missing");
  measure.by = arguments.get("--by");
  measure.why = arguments.get("--why");
  const auto until = end_of(verbs, arguments, configuration, measure.from);
  if (!until) return std::unexpected(until.error());
  measure.until = *until;
  return measure;
}

int answer_of(const Result<ControlAnswer>& answer) {
  if (!answer) return report(answer.error());
  if (answer->done) {
    print(answer->text);
    return kDone;
  }
  std::fprintf(stderr, "schoolgate: %s", answer->text.c_str());
  return kProblem;
}

int open(const Verbs& verbs, std::span<const std::string_view> words) {
  Accepted accepted{.options = {"--config", "--by", "--why"}, .switches = {}};
  if (verbs.kind == Measure::Kind::emergency) {
    accepted.options.push_back("--until");
    accepted.least_words = 1;
    accepted.most_words = 100;
  } else {
    for (const char* option : {"--group", "--list", "--site", "--minutes"}) accepted.options.emplace_back(option);
    accepted.options.push_back(verbs.kind == Measure::Kind::exam ? "--until" : "--network");
  }
  const auto arguments = Arguments::read(words, accepted);
  if (!arguments) return usage_error(verbs.command, arguments.error());
  if (!arguments->has("--config")) return usage_error(verbs.command, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const auto measure = read_measure(verbs, *arguments, *configuration);
  if (!measure) return usage_error(verbs.command, measure.error());
  return answer_of(ask_running_gateway(configuration->settings.state, "measure-open " + measure_json(*measure)));
}

Result<std::vector<Measure>> measures_of(const config::Configuration& configuration, Measure::Kind kind) {
  const auto answer = ask_running_gateway(configuration.settings.state, "measures");
  if (!answer) return std::unexpected(answer.error());
  if (!answer->done) return fail(Fault::host, answer->text);
  std::vector<Measure> out;
  std::string_view rest = answer->text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    auto measure = measure_from_json(rest.substr(0, end));
    if (!measure) return std::unexpected(std::move(measure.error()));
    if (measure->kind == kind) out.push_back(std::move(*measure));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

int close(const Verbs& verbs, std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(
      words, {.options = {"--config", "--by", "--why"}, .switches = {}, .least_words = 1, .most_words = 1});
  if (!arguments) return usage_error(verbs.command, arguments.error());
  for (const char* option : {"--config", "--by"})
    if (arguments->get(option).empty())
      return usage_error(verbs.command, {Fault::client, std::string(option) + " is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const auto measures = measures_of(*configuration, verbs.kind);
  if (!measures) return report(measures.error());
  const std::string& wanted = arguments->words().front();
  const auto found = std::ranges::find_if(
      *measures, [&](const Measure& measure) { return measure.id == wanted || reference_of(measure) == wanted; });
  if (found == measures->end())
    return report(Error{Fault::client, "none that is open has the id '" + wanted + "'",
                        "schoolgate " + std::string(verbs.command.name) + " list shows them"});
  Measure closing{.kind = verbs.kind, .id = found->id};
  closing.by = arguments->get("--by");
  closing.why = arguments->get("--why", "it is over");
  closing.from = wall_now();
  return answer_of(ask_running_gateway(configuration->settings.state, "measure-close " + measure_json(closing)));
}

int list(const Verbs& verbs, std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--json"}});
  if (!arguments) return usage_error(verbs.command, arguments.error());
  if (!arguments->has("--config")) return usage_error(verbs.command, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const auto measures = measures_of(*configuration, verbs.kind);
  if (!measures) return report(measures.error());
  if (arguments->has("--json")) {
    std::string out = "[";
    for (const Measure& measure : *measures) (out += out.size() > 1 ? "," : "") += measure_json(measure);
    print(out + "]\n");
    return kDone;
  }
  if (measures->empty()) {
    print("none is open\n");
    return kDone;
  }
  Table table;
  table.row({"ID", "UNTIL", "FOR", "SITES", "BY", "WHY"});
  for (const Measure& measure : *measures)
    table.row({reference_of(measure), measure.until == TimePoint::max() ? "undone" : to_rfc3339(measure.until),
               measure.groups.empty() ? "everybody" : joined(measure.groups),
               measure.list.empty() ? joined(measure.sites) : "list " + measure.list, measure.by, measure.why});
  print(table.text());
  return kDone;
}

int dispatch(const Verbs& verbs, std::span<const std::string_view> words) {
  if (!words.empty() && words[0] == verbs.open) return open(verbs, words.subspan(1));
  if (!words.empty() && words[0] == verbs.close) return close(verbs, words.subspan(1));
  if (!words.empty() && words[0] == "list") return list(verbs, words.subspan(1));
  return usage_error(
      verbs.command,
      {Fault::client, "say " + std::string(verbs.open) + ", " + std::string(verbs.close) + " or list", {}});
}

int session(std::span<const std::string_view> words) {
  return dispatch({kSessionCommand, Measure::Kind::supervised, "open", "close"}, words);
}
int exam(std::span<const std::string_view> words) {
  return dispatch({kExamCommand, Measure::Kind::exam, "start", "end"}, words);
}
int emergency(std::span<const std::string_view> words) {
  return dispatch({kEmergencyCommand, Measure::Kind::emergency, "block", "undo"}, words);
}

}  // namespace

const Command kSessionCommand{"session", "open sites for a supervised class, for an hour at most", kSessionHelp,
                              session};
const Command kExamCommand{"exam", "nothing but the exam's sites, until a time", kExamHelp, exam};
const Command kEmergencyCommand{"emergency", "block a site for every group at once", kEmergencyHelp, emergency};

}  // namespace schoolgate::app
