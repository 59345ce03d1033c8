// schoolgate explain: what would happen to this address, for whom, when, and why. Asks the same engine as the gateway.
#include "rules/explain.h"

#include <algorithm>
#include <cstdio>

#include "app/command.h"
#include "app/load_policy.h"
#include "app/opening.h"
#include "app/table.h"
#include "base/json.h"
#include "config/plain_text.h"
#include "rules/site_clock.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kHelp =
    R"(schoolgate explain URL --config DIR [--group G | --address IP | --user U] [--at TIME] [--method M] [--json]

Says what the configuration in DIR does with URL and why: the rule or list entry that decided, where it stands,
everything else that matched in order of precedence, and the words that a pupil would read. No gateway need run.

  --group G      for somebody in this group
  --address IP   for the device with this address: the group of the longest network that holds it
  --user U       for this person
  --at TIME      at "12:30", "tue 12:30", "2026-11-22 12:30" in the site's time, or RFC 3339; default: now
  --method M     the HTTP method; default: GET
  --json         one JSON object

Without --group, --address or --user the answer is for whoever matches no group. Over HTTPS the gateway judges by the
name first, and sees the whole address only of a connection that it opens: whether it does, and why, is said, and where
the two answers differ both are given. A connection is opened only when there is an authority (schoolgate ca create).
In the JSON object "action" and "reason" are about the whole address, as in the tests of rules/*.yaml; "by_name" is the
answer to the name alone, "inspect" and "inspect_reason" whether the policy opens the connection, "opened" whether the
gateway can, and "in_effect" is the action that it takes.
)";

/// Who asks, and how that was found out.
struct Asker {
  rules::Subject subject;
  std::string how;
};

std::string group_ids(const LoadedPolicy& loaded) {
  std::string ids;
  for (const rules::GroupSpec& group : loaded.configuration.policy.groups) (ids += ids.empty() ? "" : ", ") += group.id;
  return ids;
}

Result<Asker> who_asks(const Arguments& arguments, const LoadedPolicy& loaded) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  if (arguments.has("--group")) {
    const std::string id = arguments.get("--group");
    const auto group = policy.find_group(id);
    if (!group) return fail(Fault::client, "there is no group '" + id + "'", "groups are " + group_ids(loaded));
    return Asker{{.group = *group}, "as given"};
  }
  if (arguments.has("--address")) {
    const std::string text = arguments.get("--address");
    const auto address = names::IpAddress::parse(text);
    if (!address) return fail(Fault::client, "'" + text + "' is not an IP address");
    const rules::Subject subject = policy.subject_for(*address);
    const bool known = subject.confidence != rules::Confidence::unknown;
    return Asker{subject, known ? "by the network of " + address->text()
                                : "the fallback: no group has a network with " + address->text()};
  }
  const auto fallback = policy.find_group(loaded.configuration.policy.fallback);
  if (!fallback) return fail(Fault::config, "the configuration has no fallback group");
  if (arguments.has("--user"))
    return Asker{{.group = *fallback},
                 "the fallback: this gateway knows no user names, it tells people by the address of their device"};
  return Asker{{.group = *fallback}, "the fallback, as nobody was named"};
}

/// The two questions that may be put about one address, and which of them the gateway puts.
struct Answers {
  rules::Request whole;
  rules::Verdict whole_verdict;
  rules::Request name;
  rules::Verdict name_verdict;
  bool encrypted = false;  ///< the name is asked first
  bool opened = false;     ///< and the whole address then, too
  bool name_only = false;  ///< only the name is seen

  [[nodiscard]] const rules::Request& request() const { return name_only ? name : whole; }
  [[nodiscard]] const rules::Verdict& verdict() const { return name_only ? name_verdict : whole_verdict; }
  [[nodiscard]] rules::Stage stage() const { return name_only ? rules::Stage::connect : rules::Stage::request; }
  [[nodiscard]] bool differ() const { return name_only && name_verdict.action != whole_verdict.action; }
};

bool is_encrypted(const names::Url& url) { return url.scheme() == "https" || url.scheme() == "wss"; }

Result<Answers> judge(const rules::PolicySnapshot& policy, const rules::Subject& subject, const names::Url& url,
                      std::string_view method, std::string_view text, TimePoint time, bool authority) {
  const auto host = names::Host::parse(url.host());
  if (!host) return std::unexpected(host.error());
  Answers answers{.whole = rules::Request::of_url(url, method, text),
                  .whole_verdict = {},
                  .name = rules::Request::of_host(*host, url.port(), "CONNECT"),
                  .name_verdict = {},
                  .encrypted = is_encrypted(url)};
  answers.whole_verdict = policy.decide(subject, answers.whole, rules::Stage::request, time);
  answers.name_verdict = policy.decide(subject, answers.name, rules::Stage::connect, time);
  // As the gateway does: a warning needs a page, so it is shown inside where that may be.
  answers.opened = answers.encrypted && authority && is_opened(answers.name_verdict);
  answers.name_only = answers.encrypted && !answers.opened;
  return answers;
}

std::string when_text(const LoadedPolicy& loaded, TimePoint time) {
  const std::string& zone = loaded.configuration.settings.site.timezone;
  const auto clock = rules::SiteClock::open(zone);
  if (!clock) return to_rfc3339(time);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const auto local = clock->local(time);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock_time{local - day};
  char text[64];
  std::snprintf(text, sizeof text, "%s %04d-%02u-%02u %02d:%02d", kDays[std::chrono::weekday{day}.c_encoding()],
                int(date.year()), unsigned(date.month()), unsigned(date.day()), int(clock_time.hours().count()),
                int(clock_time.minutes().count()));
  return std::string(text) + " (" + zone + ")";
}

/// "rule 'block site x' at rules/school.yaml:4", "list bets, entry bet.example, from lists/bets.txt".
std::string evidence_itself(const rules::Citation& citation) {
  if (!citation.rule.empty()) return "rule '" + citation.rule + "' at " + citation.source;
  if (citation.list.empty()) return "no rule and no list names it";
  if (citation.sealed) return "list " + citation.list + ", a sealed entry";
  return "list " + citation.list + ", entry " + citation.entry + ", from " + citation.source;
}

std::string evidence(const rules::Citation& citation) {
  return evidence_itself(citation) + (citation.nested ? " (an address inside this one)" : "");
}

std::string what_is_seen(const Answers& answers) {
  const std::string host(answers.whole.url().host());
  if (!answers.encrypted) return "the whole address";
  return answers.opened ? "the name " + host + " first, then the whole address" : "only the name " + host;
}

/// Why the connection is opened or not.
std::string inspection_text(const rules::PolicySnapshot& policy, const rules::Subject& subject, const Answers& answers,
                            TimePoint time) {
  const rules::Inspection why = policy.why_inspect(subject, answers.name, time);
  if (answers.opened && !rules::opens(why.reason)) return "opened: to show the warning inside";
  std::string text = rules::explain_inspection(policy, subject.group, why);
  if (rules::opens(why.reason) && !answers.opened)
    text = "not opened, as there is no authority (schoolgate ca create). It would be " + text;
  return text;
}

/// What the gateway changes in the request, when it sees it.
std::vector<std::string> changes(const rules::PolicySnapshot& policy, const rules::Subject& subject,
                                 const Answers& answers) {
  std::vector<std::string> lines;
  const names::Url& url = answers.whole.url();
  if (answers.name_only || answers.verdict().action == rules::Action::block) return lines;
  const rules::Adjustments adjustments = policy.adjustments_for(subject.group, url, url.target());
  if (!adjustments.target.empty()) lines.push_back(adjustments.target);
  for (const rules::HeaderSetting& header : adjustments.headers)
    lines.push_back(std::string(header.name) + ": " + std::string(header.value));
  return lines;
}

void print_words(const LoadedPolicy& loaded, const Asker& asker, const Answers& answers, TimePoint time) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  const rules::Subject& subject = asker.subject;
  const auto words = rules::explain(policy, subject, answers.request(), answers.verdict(), time);
  const rules::Citation citation = policy.cite(answers.verdict());

  std::string out = citation.action + "  " + answers.whole.url().text() + "\n\n";
  Table facts;
  facts.row({"for", std::string(policy.group_id(subject.group)) + " (" +
                        std::string(policy.group_title(subject.group)) + "), " + asker.how});
  facts.row({"at", when_text(loaded, time)});
  facts.row({"sees", what_is_seen(answers)});
  if (answers.encrypted) facts.row({"TLS", inspection_text(policy, subject, answers, time)});
  facts.row({"tier", std::to_string(int(answers.verdict().reason.tier) + 1) + " of 6: " + citation.tier});
  if (!citation.category.empty()) facts.row({"category", citation.category});
  facts.row({"by", evidence(citation)});
  const std::string_view safe = policy.safe_endpoint(subject.group, answers.whole.url().host());
  if (!safe.empty()) facts.row({"dials", std::string(safe) + ", for safe search"});
  if (const std::string search = rules::search_term_text(answers.whole); !search.empty() && !answers.name_only)
    facts.row({"search", search});
  for (const std::string& change : changes(policy, subject, answers)) facts.row({"sends", change});
  facts.row({"policy", policy.version()});
  out += facts.text("  ");
  if (answers.differ()) {
    const rules::Citation whole = policy.cite(answers.whole_verdict);
    out += "\nThe whole address would be: " + whole.action +
           (whole.category.empty() ? "" : " (" + whole.category + ")") + ", by " + evidence(whole) +
           ".\nIt is what the rules' tests see, and what plain HTTP and an opened connection get.\n";
  }
  out += "\nTechnician: " + words.technician + "\nPupil:      " + words.pupil + '\n';

  const auto considered = policy.considered(subject, answers.request(), answers.stage(), time);
  if (!considered.empty()) {
    out += "\nMatched, the first decides:\n";
    Table table;
    for (const rules::Citation& item : considered)
      table.row({item.action, item.tier, item.category.empty() ? "-" : item.category, evidence(item)});
    out += table.text("  ");
  }
  print(out);
}

std::string object_text(const rules::Citation& citation, std::string_view technician) {
  const auto text_or_null = [](JsonWriter& json, std::string_view name, std::string_view text) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
  };
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("action", citation.action).field("tier", citation.tier);
  text_or_null(json, "category", citation.category);
  text_or_null(json, "rule", citation.rule);
  text_or_null(json, "list", citation.list);
  text_or_null(json, "entry", citation.entry);
  text_or_null(json, "source", citation.source);
  json.field("technician", technician).end_object();
  return out;
}

void print_json(const LoadedPolicy& loaded, const Asker& asker, const Answers& answers, TimePoint time,
                std::string_view url) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  std::string out = rules::explain_json(policy, asker.subject, answers.whole, rules::Stage::request, time, url);
  out.pop_back();  // the object goes on
  std::string more;
  JsonWriter json(more);
  json.begin_object().field("in_effect", rules::to_string(answers.verdict().action));
  json.field("opened", answers.opened);
  json.key("inspect_text");
  if (answers.encrypted)
    json.value(inspection_text(policy, asker.subject, answers, time));
  else
    json.null();
  json.field("group_found", asker.how);
  json.key("by_name");
  if (answers.encrypted) {
    const auto words = rules::explain(policy, asker.subject, answers.name, answers.name_verdict, time);
    json.raw(object_text(policy.cite(answers.name_verdict), words.technician));
  } else {
    json.null();
  }
  json.end_object();
  print(out + ',' + more.substr(1) + '\n');
}

int explain(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--group", "--address", "--user", "--at", "--method"},
                              .switches = {"--json"},
                              .least_words = 1,
                              .most_words = 1});
  if (!arguments) return usage_error(kExplainCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kExplainCommand, {Fault::client, "--config DIR is missing", {}});
  if (arguments->has("--group") + arguments->has("--address") + arguments->has("--user") > 1)
    return usage_error(kExplainCommand, {Fault::client, "only one of --group, --address and --user can be given", {}});
  const std::string& text = arguments->words()[0];
  const auto url = names::Url::parse(text);
  if (!url) return report(Error{Fault::client, config::printable(text) + ": " + url.error().what, url.error().next});

  const TimePoint now = wall_now();
  const auto loaded = load_policy(arguments->get("--config"), now, RefusedLists::serve_last_good);
  if (!loaded) return report(loaded.error());
  TimePoint time = now;
  if (arguments->has("--at")) {
    const std::string at = arguments->get("--at");
    const auto read = loaded->snapshot->read_local_time(at, now);
    if (!read)
      return usage_error(kExplainCommand, {Fault::client, "'" + at + "' is not a time",
                                           "e.g. 12:30, \"tue 12:30\", \"2026-11-22 12:30\""});
    time = *read;
  }
  const auto asker = who_asks(*arguments, *loaded);
  if (!asker) return report(asker.error());
  const std::string method = arguments->get("--method", "GET");
  const auto answers =
      judge(*loaded->snapshot, asker->subject, *url, method, text, time, can_open(loaded->configuration.settings));
  if (!answers) return report(answers.error());
  if (arguments->has("--json"))
    print_json(*loaded, *asker, *answers, time, text);
  else
    print_words(*loaded, *asker, *answers, time);
  return kDone;
}

}  // namespace

const Command kExplainCommand{"explain", "say what happens to an address, for whom, and why", kHelp, explain};

}  // namespace schoolgate::app
