// schoolgate replay: what a proposed configuration would have decided otherwise.
#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "app/command.h"
#include "app/load_policy.h"
#include "app/opening.h"
#include "app/own_lists.h"
#include "app/progress_line.h"
#include "app/read_configuration.h"
#include "app/read_since.h"
#include "app/start_policy.h"
#include "app/table.h"
#include "base/give_way.h"
#include "base/json.h"
#include "blocklists/line_reader.h"
#include "breaches/decision_reading.h"
#include "changes/replay.h"
#include "rules/site_clock.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

using changes::ReplayResult;
using changes::ReplayRow;
using changes::Turn;

constexpr std::string_view kReplayHelp =
    R"(schoolgate replay --config DIR --proposed DIR [--since T] [--json]

Judges the decisions of the decision log (decisions: in schoolgate.yaml) once more, by the policy in force and by the
one that is proposed, and says what would have been different: newly closed, newly open, newly warned, newly opened TLS,
by host and group, with the number of decisions, devices and people. No person is named.

--config DIR is the configuration of the gateway. Its policy in force is the one that it accepted last. --proposed DIR
is a copy of that folder with the changes; relative paths in it are those of the first folder.

It also says what cannot be known: requests inside a connection of which only the name was seen, queries, searches, and
lines that an earlier release wrote. Measures (sessions, exams, emergencies) are not in it, nor daily allowances.

  --since T   how far back: "7d" (the default), "12h", or a time: "2026-11-22", "2026-11-22 12:30"
  --json      one JSON object with all rows

Changes nothing and runs at a low priority. Exit status 1: the log cannot be read, or a reload would refuse the proposal (a failing
test too).
)";

constexpr std::size_t kRowsShown = 15;  ///< of a kind, for people

std::expected<LoadedPolicy, Problems> policy_in_force(const config::Configuration& files, const std::string& folder,
                                                      TimePoint now) {
  std::error_code error;
  const std::filesystem::path& state = files.settings.state;
  if (!std::filesystem::exists(state / "accepted", error) && !error)
    return load_policy(folder, now, RefusedLists::serve_last_good);
  return policy_from(accepted_configuration(state, folder), folder, now, RefusedLists::serve_last_good, ListUse::ask);
}

Result<void> unpack(const std::filesystem::path& path, const breaches::OnDecisionLine& line) {
  // What a gateway writes may pack far better than a list does, and be far larger.
  const blocklists::ReadLimits limits{.line = 30u << 10, .unpacked = 64ull << 30, .ratio = 1100};
  auto reader = blocklists::LineReader::open(path, limits);
  if (!reader) return fail(Fault::host, reader.error().what);
  if (!reader->peek(1).empty() && reader->peek(1)[0] != '{')
    return fail(Fault::config, "only gzip is unpacked here", "unpack it, or pack it with gzip");
  for (blocklists::LineReader::Line one; reader->next(one);) line(one.text);
  if (reader->failure()) return fail(Fault::host, "it is damaged or not whole");
  return {};
}

struct Sides {
  LoadedPolicy in_force, proposed;
};

changes::ReplayedPolicy side_of(const LoadedPolicy& loaded) {
  return {.policy = loaded.snapshot, .spec = &loaded.in_force, .can_open = can_open(loaded.configuration.settings)};
}

std::string with_groups(const ReplayRow& row) {
  return row.new_group.empty() ? row.group : row.group + ", now " + row.new_group;
}

std::string thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

void add_rows(std::string& out, const ReplayResult& result, Turn turn) {
  const std::uint64_t decisions = result.turns[std::size_t(turn)];
  if (decisions == 0) return;
  out += "\n" + std::string(changes::words_of(turn)) + ": " + thousands(decisions) +
         (decisions == 1 ? " decision\n" : " decisions\n");
  Table table;
  table.row({"  HOST", "GROUP", "DECISIONS", "DEVICES", "PEOPLE", "BECAUSE", "FIRST"});
  std::size_t shown = 0, of = 0;
  for (const ReplayRow& row : result.rows) {
    if (row.turn != turn || ++of > kRowsShown) continue;
    ++shown;
    table.row(
        {"  " + row.host, with_groups(row), thousands(row.decisions), thousands(row.devices), thousands(row.people),
         row.because,
         row.first.empty() ? "" : to_rfc3339(row.first.front().time).substr(0, 16) + " " + row.first.front().url});
  }
  out += table.text();
  if (of > shown) out += "  and " + thousands(of - shown) + " more hosts (--json has all)\n";
}

void add_unknown(std::string& out, const ReplayResult& result) {
  const changes::CannotBeKnown& unknown = result.unknown;
  const std::pair<std::uint64_t, const char*> lines[] = {
      {unknown.inside_opened, "by their name only, in connections that would be opened: what was asked inside"},
      {unknown.without_fields, "from before the log kept groups and kind of device: who would be in which group"},
      {unknown.groups_cut, "of people in more groups than a line keeps"},
      {unknown.withheld, "of sites of help, illegal sites and sealed lists, whose names are not kept"},
      {unknown.query, "judged without their query, which is not kept: what rules on queries and searches say"},
      {unknown.allowance, "that count against another daily allowance: when it would be used up"},
      {unknown.download, "refused for the answer's type or size, which is not kept"},
      {result.unreadable, "in lines that are no decisions, or torn"}};
  std::string unknowns;
  for (const auto& [number, what] : lines)
    if (number != 0) unknowns += "  " + thousands(number) + " " + what + "\n";
  if (!unknowns.empty()) out += "\ncannot be known:\n" + unknowns;
}

void print_words(const ReplayResult& result, const Sides& sides, TimePoint since) {
  std::string out = thousands(result.decisions) + (result.decisions == 1 ? " decision" : " decisions") + " since " +
                    to_rfc3339(since).substr(0, 16) + " UTC, " + thousands(result.judged) + " of them judged by " +
                    sides.in_force.snapshot->version() + " (in force) and by " + sides.proposed.snapshot->version() +
                    " (proposed); " + thousands(result.by_name) + " by the name only\n";
  for (std::size_t turn = 0; turn < changes::kTurns; ++turn) add_rows(out, result, Turn(turn));
  if (std::ranges::all_of(result.turns, [](std::uint64_t n) { return n == 0; }))
    out += result.judged == 0 ? "\nnothing could be judged\n" : "\nnothing would have been decided otherwise\n";
  if (result.more_rows != 0)
    out += "\n" + thousands(result.more_rows) + " decisions more, about too many hosts to list\n";
  if (result.counts_are_least) out += "\ndevices and people: at least so many\n";
  if (result.otherwise != 0)
    out += "\n" + thousands(result.otherwise) +
           " decisions were other ones at the time than the policy in force takes now: it has changed since, a measure "
           "was in force, or an allowance was used up\n";
  add_unknown(out, result);
  print(out);
}

void write_row(JsonWriter& json, const ReplayRow& row) {
  json.begin_object().field("turn", changes::to_string(row.turn)).field("host", row.host).field("group", row.group);
  json.key("new_group");
  row.new_group.empty() ? json.null() : json.value(row.new_group);
  json.field("because", row.because).field("decisions", row.decisions).field("devices", row.devices);
  json.field("people", row.people).key("first").begin_array();
  for (const changes::ReplayExample& example : row.first) {
    json.begin_object().field("time", to_rfc3339(example.time)).field("url", example.url);
    json.field("was", example.was).field("becomes", example.becomes).end_object();
  }
  json.end_array().end_object();
}

void print_json(const ReplayResult& result, const Sides& sides, TimePoint since, TimePoint until) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("since", to_rfc3339(since)).field("until", to_rfc3339(until));
  json.field("in_force", sides.in_force.snapshot->version()).field("proposed", sides.proposed.snapshot->version());
  json.field("lines", result.lines).field("unreadable", result.unreadable).field("not_policy", result.not_policy);
  json.field("decisions", result.decisions).field("judged", result.judged).field("distinct", result.distinct);
  json.field("otherwise", result.otherwise).field("by_name", result.by_name).key("turns").begin_object();
  for (std::size_t turn = 0; turn < changes::kTurns; ++turn)
    json.field(changes::to_string(Turn(turn)), result.turns[turn]);
  json.end_object().key("cannot_be_known").begin_object();
  const changes::CannotBeKnown& unknown = result.unknown;
  json.field("inside_opened", unknown.inside_opened).field("without_fields", unknown.without_fields);
  json.field("groups_cut", unknown.groups_cut).field("withheld", unknown.withheld).field("query", unknown.query);
  json.field("allowance", unknown.allowance).field("download", unknown.download).end_object();
  json.field("more_rows", result.more_rows).field("counts_are_least", result.counts_are_least);
  json.key("rows").begin_array();
  for (const ReplayRow& row : result.rows) write_row(json, row);
  json.end_array().end_object();
  print(out + '\n');
}

int replay(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--proposed", "--since"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kReplayCommand, arguments.error());
  for (const char* const option : {"--config", "--proposed"})
    if (!arguments->has(option))
      return usage_error(kReplayCommand, {Fault::client, std::string(option) + " DIR is missing", {}});
  give_way();
  const TimePoint now = wall_now();
  const std::string folder = arguments->get("--config");
  const auto files = read_configuration(*arguments);
  if (!files) return kProblem;
  const auto since = read_since(arguments->get("--since", "7d"), files->settings.site.timezone, now);
  if (!since) return usage_error(kReplayCommand, since.error());
  auto in_force = policy_in_force(*files, folder, now);
  if (!in_force) return report(in_force.error());
  config::Loaded copy = config::load_copy(arguments->get("--proposed"), folder);
  if (copy.configuration) warn_of_own_lists(arguments->get("--proposed"), folder, *copy.configuration);
  // As a reload would: what it refuses is not worth a replay.
  auto proposed = policy_from(std::move(copy), folder, now, RefusedLists::refuse_all, ListUse::ask);
  if (!proposed) return report(proposed.error());
  const Sides sides{std::move(*in_force), std::move(*proposed)};
  const config::Settings& settings = sides.in_force.configuration.settings;
  if (!settings.decisions)
    return report(Error{Fault::config, "cannot read past decisions: none are kept",
                        "name a file as `decisions:` in schoolgate.yaml, and ask again after a lesson"});
  const auto clock = rules::SiteClock::open(settings.site.timezone);
  if (!clock) return report(clock.error());

  changes::Replay replayed(side_of(sides.in_force), side_of(sides.proposed), *clock, *since, now);
  {
    ProgressLine progress;
    const auto done = breaches::read_decisions(
        *settings.decisions, *since, unpack, [&](std::string_view line) { replayed.add_line(line); },
        [&](const breaches::DecisionsRead& read) {
          progress.show("judged " + thousands(replayed.lines()) + " decisions, " +
                        std::to_string(read.of_bytes == 0 ? 100 : read.bytes * 100 / read.of_bytes) + " %");
        });
    if (!done) return report(done.error());
  }
  if (arguments->has("--json"))
    print_json(replayed.result(), sides, *since, now);
  else
    print_words(replayed.result(), sides, *since);
  return kDone;
}

}  // namespace

const Command kReplayCommand{"replay", "what a proposed configuration would have decided otherwise", kReplayHelp,
                             replay};

}  // namespace schoolgate::app
