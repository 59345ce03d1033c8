// schoolgate check: everything that a start or a reload would find wrong with a configuration, without starting it.
#include <cstdint>

#include "app/command.h"
#include "app/load_policy.h"
#include "app/shared_connections.h"
#include "app/table.h"
#include "base/json.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kCheckHelp = R"(schoolgate check --config DIR [--json]

Validates the whole configuration, compiles its lists and its rules and runs the rules' own tests. Every problem is
printed on stderr as FILE:LINE:COL: message, all of them in one run; nothing that is running is touched.

  --json    print the result and the problems as one JSON object on stdout as well
)";

struct Summary {
  std::size_t groups = 0, rules = 0, tests = 0, lists = 0;
  std::uint64_t entries = 0, rejected = 0;
  std::string version;

  explicit Summary(const LoadedPolicy& loaded)
      : groups(loaded.configuration.policy.groups.size()),
        rules(loaded.configuration.policy.rules.size()),
        tests(loaded.configuration.policy.tests.size()),
        lists(loaded.snapshot->lists().lists().size()),
        version(loaded.snapshot->version()) {
    for (const blocklists::ListInfo& list : loaded.snapshot->lists().lists()) {
      entries += list.hosts + list.urls + list.patterns;
      rejected += list.rejected;
    }
  }
};

void print_words(const std::string& folder, const Summary& summary) {
  std::string text = folder + ": good\n";
  Table table;
  table.row({"groups", std::to_string(summary.groups)});
  table.row({"rules", std::to_string(summary.rules)});
  table.row({"tests", summary.tests == 0 ? "none" : std::to_string(summary.tests) + " passed"});
  table.row({"lists",
             std::to_string(summary.lists) + " with " + counted(summary.entries, "entry", "entries") +
                 (summary.rejected == 0 ? "" : ", " + counted(summary.rejected, "line", "lines") + " not understood")});
  table.row({"policy", summary.version});
  print(text + table.text("  "));
}

void print_json(const Problems& problems, const Summary* summary) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("ok", summary != nullptr);
  if (summary) {
    json.field("groups", summary->groups).field("rules", summary->rules).field("tests", summary->tests);
    json.field("lists", summary->lists).field("entries", summary->entries).field("rejected", summary->rejected);
    json.field("policy_version", summary->version);
  }
  json.key("problems").begin_array();
  for (const Problem& problem : problems) {
    json.begin_object();
    json.field("severity", problem.severity == Problem::Severity::error ? "error" : "warning");
    json.field("file", problem.at.file).field("line", problem.at.line).field("column", problem.at.column);
    json.field("message", problem.message).field("hint", problem.hint);
    json.end_object();
  }
  json.end_array().end_object();
  print(out + '\n');
}

int check(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kCheckCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kCheckCommand, {Fault::client, "--config DIR is missing", {}});

  const std::string folder = arguments->get("--config");
  auto loaded = load_policy(folder, wall_now(), RefusedLists::refuse_all, ListUse::check);
  if (loaded)
    for (Problem& problem : shared_connection_warnings(*loaded, folder, wall_now()))
      loaded->warnings.push_back(std::move(problem));
  const Problems& problems = loaded ? loaded->warnings : loaded.error();
  report(problems);
  if (!loaded) {
    if (arguments->has("--json")) print_json(problems, nullptr);
    return kProblem;
  }
  const Summary summary(*loaded);
  if (arguments->has("--json"))
    print_json(problems, &summary);
  else
    print_words(folder, summary);
  return kDone;
}

}  // namespace

const Command kCheckCommand{"check", "validate a configuration and run the rules' own tests", kCheckHelp, check};

}  // namespace schoolgate::app
