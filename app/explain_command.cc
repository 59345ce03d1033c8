// schoolgate explain: what would happen to this address, for whom, when, and why. Asks the same engine as the gateway.
#include "rules/explain.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/known_measures.h"
#include "app/known_people.h"
#include "app/load_policy.h"
#include "app/opening.h"
#include "app/read_configuration.h"
#include "app/shared_connections.h"
#include "app/show_reference.h"
#include "app/table.h"
#include "base/json.h"
#include "breaches/find_reference.h"
#include "config/plain_text.h"
#include "rules/measures.h"
#include "rules/presence.h"
#include "rules/site_clock.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kExplainHelp =
    R"(schoolgate explain URL --config DIR [WHO] [--at TIME] [--method M] [--from PAGE] [--json]
schoolgate explain REFERENCE --config DIR [--json]

Prints the decision of the configuration in DIR for URL, with its reason: the rule or list entry, its place,
everything else that matched in order of precedence, and the words that a pupil would read. No gateway need run.

REFERENCE is the number on a page that the gateway showed, such as K7QF-2M9XPT: its record is shown, as by `schoolgate
breaches find`.

WHO is any of these; without them the answer is for the fallback group:

  --group G      a member of this group
  --address IP   a device at this address: the group of the longest network that holds it
  --user U       this person, with the groups that the gateway knows them in
  --groups A,B   with --user: in these groups of the directory instead
  --device D     on this device: a kind (school, staff, phone, console, guest, unknown), or the MAC or IP address of one

  --at TIME      at "12:30", "tue 12:30", "2026-11-22 12:30" in the site's time, or RFC 3339; default: now
  --method M     the HTTP method; default: GET
  --from PAGE    asked for by the page at this address, which matters where a site needs others to load
  --json         one JSON object

Over HTTPS the gateway judges by the name first, and sees the whole address only of a connection that it opens: whether
it does, and why, is said, and where the two answers differ both are given. A connection is opened only when there is an
authority (schoolgate ca create), and never on a device that takes no certificate. In the JSON object "action" and
"reason" are about the whole address, as in the tests of rules/*.yaml; "by_name" is the answer to the name alone,
"inspect" and "inspect_reason" whether the policy opens the connection, "opened" whether the gateway can, and
"in_effect" is the action that it takes.
)";

/// Who asks, and how that was found out.
struct Asker {
  std::shared_ptr<const rules::Presence> presence;  ///< null when nobody and no device was named
  rules::Subject subject;
  std::string how;
};

std::string group_ids(const LoadedPolicy& loaded) {
  std::string ids;
  for (const rules::GroupSpec& group : loaded.configuration.policy.groups) (ids += ids.empty() ? "" : ", ") += group.id;
  return ids;
}

std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view name = text.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.push_back(rules::member_name(name));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return names;
}

Result<rules::Person> person_of(const Arguments& arguments, const config::Settings& settings) {
  rules::Person person{.user = rules::member_name(arguments.get("--user")),
                       .name = {},
                       .groups = {},
                       .confidence = rules::Confidence::login,
                       .source = "as given"};
  auto known = known_person(settings, person.user);
  if (!known) return std::unexpected(std::move(known.error()));
  if (*known) person = std::move(**known);
  if (arguments.has("--groups")) person.groups = names_in(arguments.get("--groups"));
  return person;
}

Result<rules::Device> device_of(const std::string& text, const config::Settings& settings) {
  if (std::ranges::find(rules::kDeviceKinds, text) != rules::kDeviceKinds.end())
    return rules::Device{.mac = {}, .name = {}, .kind = text, .owner = {}};
  auto known = known_device(settings, text);
  if (!known) return std::unexpected(std::move(known.error()));
  if (*known) return std::move(**known);
  if (names::IpAddress::parse(text)) return rules::Device{};
  return fail(
      Fault::client, "no device '" + text + "' is known",
      "give a kind (school, staff, phone, console, guest, unknown), or the MAC or IP address of a known device");
}

/// What put them into their group, in words.
std::string how_chosen(const rules::Subject& subject, const LoadedPolicy& loaded, bool has_address) {
  const rules::Presence* const presence = subject.presence;
  const std::string user(subject.user);
  switch (subject.chosen_by) {
    case rules::ChosenBy::user: return "which names " + user;
    case rules::ChosenBy::directory_group:
      for (const rules::MemberSpec& named : loaded.configuration.policy.groups[subject.group].directory_groups)
        if (std::ranges::find(presence->person->groups, rules::member_name(named.name)) !=
            presence->person->groups.end())
          return "by the group '" + named.name + "' of " + user;
      break;
    case rules::ChosenBy::device: return "by the kind of device '" + presence->device.kind + "'";
    case rules::ChosenBy::network: return "by the network of " + subject.address.text();
    case rules::ChosenBy::fallback: break;
  }
  std::string how = "the fallback";
  if (!user.empty())
    how += presence->person->groups.empty()
               ? ": no group names " + user + ", whose groups are not known here (give them with --groups)"
               : ": no group names " + user + " or a group of theirs";
  if (has_address)
    how += std::string(user.empty() ? ": " : ", and ") + "no group has a network with " + subject.address.text();
  return user.empty() && !has_address && presence == nullptr ? how + ", as no person was named" : how;
}

Result<names::IpAddress> address_of(const Arguments& arguments, bool& given) {
  for (const char* const option : {"--address", "--device"}) {
    const auto address = names::IpAddress::parse(arguments.get(option));
    if (option == std::string_view("--address") && arguments.has(option) && !address)
      return fail(Fault::client, "'" + arguments.get(option) + "' is not an IP address");
    if (!address) continue;
    given = true;
    return *address;
  }
  return names::IpAddress();
}

Result<Asker> who_asks(const Arguments& arguments, const LoadedPolicy& loaded) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  const config::Settings& settings = loaded.configuration.settings;
  bool has_address = false;
  const auto address = address_of(arguments, has_address);
  if (!address) return std::unexpected(address.error());
  if (arguments.has("--group")) {
    const std::string id = arguments.get("--group");
    const auto group = policy.find_group(id);
    if (!group) return fail(Fault::client, "there is no group '" + id + "'", "groups are " + group_ids(loaded));
    return Asker{nullptr, {.address = *address, .group = *group}, "as given"};
  }
  Asker asker;
  if (arguments.has("--user") || arguments.has("--device")) {
    const auto presence = std::make_shared<rules::Presence>();
    presence->address = *address;
    if (arguments.has("--user")) {
      auto person = person_of(arguments, settings);
      if (!person) return std::unexpected(std::move(person.error()));
      presence->person = std::move(*person);
    }
    if (arguments.has("--device")) {
      auto device = device_of(arguments.get("--device"), settings);
      if (!device) return std::unexpected(device.error());
      presence->device = std::move(*device);
    }
    asker.presence = presence;
  }
  asker.subject = policy.subject_for(*address, asker.presence.get());
  asker.how = how_chosen(asker.subject, loaded, has_address);
  return asker;
}

std::string with_commas(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) (text += text.empty() ? "" : ", ") += item;
  return text;
}

/// Who it is and how sure that is, as a record would have it.
std::string person_text(const rules::Subject& subject) {
  const rules::Person& person = *subject.presence->person;
  std::string text = person.user;
  if (!person.name.empty()) text += " (" + person.name + ")";
  text += ", " + std::string(rules::to_string(person.confidence)) + ", " + person.source;
  return person.groups.empty() ? text : text + "; in " + with_commas(person.groups);
}

std::string device_text(const rules::Device& device) {
  std::string text = device.kind.empty() ? "unknown" : device.kind;
  for (const std::string& part : {device.mac, device.name, device.owner})
    if (!part.empty()) text += ", " + part;
  return device.by_name_only ? text + "; takes no certificate, so it is judged by name only" : text;
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
  std::string sibling;     ///< the name of the same certificate that has the connection opened, on the transparent path

  [[nodiscard]] const rules::Request& request() const { return name_only ? name : whole; }
  [[nodiscard]] const rules::Verdict& verdict() const { return name_only ? name_verdict : whole_verdict; }
  [[nodiscard]] rules::Stage stage() const { return name_only ? rules::Stage::connect : rules::Stage::request; }
  [[nodiscard]] bool differ() const { return name_only && name_verdict.action != whole_verdict.action; }
};

bool is_encrypted(const names::Url& url) { return url.scheme() == "https" || url.scheme() == "wss"; }

Result<Answers> judge(const LoadedPolicy& loaded, const rules::Subject& subject, const names::Url& url,
                      std::string_view method, std::string_view text, std::string_view from, TimePoint time) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  const bool authority = can_open(loaded.configuration.settings);
  const auto host = names::Host::parse(url.host());
  if (!host) return std::unexpected(host.error());
  Answers answers{.whole = rules::Request::of_url(url, method, text),
                  .whole_verdict = {},
                  .name = rules::Request::of_host(*host, url.port(), "CONNECT"),
                  .name_verdict = {},
                  .encrypted = is_encrypted(url)};
  answers.whole.comes_from(rules::asking_page({}, from, {}, {}));
  answers.whole_verdict = policy.decide(subject, answers.whole, rules::Stage::request, time);
  answers.name_verdict = policy.decide(subject, answers.name, rules::Stage::connect, time);
  // As the gateway does: a warning needs a page, so it is shown inside where that may be.
  answers.opened = answers.encrypted && authority && is_opened(answers.name_verdict);
  if (answers.encrypted && authority && !answers.opened && answers.name_verdict.action != rules::Action::block &&
      !rules::must_not_open(answers.name_verdict.inspect_reason))
    answers.sibling = opened_because_of(loaded, subject, host->text(), time);
  answers.opened |= !answers.sibling.empty();
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
  if (!citation.rule.empty())
    return "rule '" + citation.rule + (citation.source.starts_with("measure ") ? "' of " : "' at ") + citation.source;
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
  if (!answers.sibling.empty())
    return "opened on the transparent path: its certificate also covers " + answers.sibling +
           ", which has another answer, and a browser uses one connection for both";
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

void print_words(const LoadedPolicy& loaded, const Asker& asker, const Answers& answers, TimePoint time,
                 const std::string& measures) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  const rules::Subject& subject = asker.subject;
  const auto words = rules::explain(policy, subject, answers.request(), answers.verdict(), time);
  const rules::Citation citation = policy.cite(answers.verdict());

  std::string out = citation.action + "  " + answers.whole.url().text() + "\n\n";
  Table facts;
  facts.row({"for", std::string(policy.group_id(subject.group)) + " (" +
                        std::string(policy.group_title(subject.group)) + "), " + asker.how});
  if (!subject.user.empty()) facts.row({"person", person_text(subject)});
  if (asker.presence && (subject.chosen_by == rules::ChosenBy::device || !asker.presence->device.kind.empty()))
    facts.row({"device", device_text(asker.presence->device)});
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
  facts.row({"policy", policy.version() + (measures.empty() ? "" : "; " + measures)});
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
                std::string_view url, const std::string& measures) {
  const rules::PolicySnapshot& policy = *loaded.snapshot;
  std::string out = rules::explain_json(policy, asker.subject, answers.whole, rules::Stage::request, time, url,
                                        !answers.sibling.empty());
  out.pop_back();  // the object goes on
  std::string more;
  JsonWriter json(more);
  const rules::Subject& subject = asker.subject;
  json.begin_object();
  for (const auto& [name, text] :
       {std::pair("person", subject.user), std::pair("source", subject.source),
        std::pair("measures", std::string_view(measures)),
        std::pair("device", asker.presence ? std::string_view(asker.presence->device.kind) : std::string_view())}) {
    json.key(name);
    text.empty() ? json.null() : json.value(text);
  }
  json.field("confidence", rules::to_string(subject.confidence))
      .field("chosen_by", rules::to_string(subject.chosen_by));
  json.field("in_effect", rules::to_string(answers.verdict().action));
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

/// Compiles the policy again with what is in force at `time`, and says what that is. An answer without a block that is
/// in force would be wrong, so there is none where it is not known.
Result<std::string> put_measures_in_force(LoadedPolicy& loaded, TimePoint time) {
  const auto measures = known_measures(loaded.configuration.settings, time);
  if (!measures) return std::unexpected(measures.error());
  std::string told;
  for (const rules::Measure& measure : *measures)
    if (measure.from <= time && time < measure.until) told += (told.empty() ? "" : ", ") + rules::cited_as(measure);
  if (told.empty()) return told;
  rules::PolicySpec spec = loaded.configuration.policy;
  Problems warnings = rules::apply_measures(spec, *measures, time);
  auto snapshot = rules::PolicySnapshot::compile(spec, loaded.snapshot->shared_lists(), time, warnings);
  if (!snapshot) return fail(Fault::self, "measures cannot be put in force: " + snapshot.error().front().text());
  loaded.snapshot = std::move(*snapshot);
  return "with " + told;
}

int explain(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments = Arguments::read(words, {.options = {"--config", "--group", "--address", "--user", "--groups",
                                                             "--device", "--at", "--method", "--from"},
                                                 .switches = {"--json"},
                                                 .least_words = 1,
                                                 .most_words = 1});
  if (!arguments) return usage_error(kExplainCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kExplainCommand, {Fault::client, "--config DIR is missing", {}});
  if (arguments->has("--group") && (arguments->has("--user") || arguments->has("--device")))
    return usage_error(kExplainCommand, {Fault::client, "--group is given, so neither --user nor --device can be", {}});
  if (arguments->has("--groups") && !arguments->has("--user"))
    return usage_error(kExplainCommand, {Fault::client, "--groups belongs to --user", {}});
  const std::string from = arguments->get("--from");
  if (!from.empty() && !rules::asking_page({}, from, {}, {}).a_page)
    return usage_error(kExplainCommand, {Fault::client, "'" + from + "' is not the address of a page",
                                         "such as https://example.org/lesson"});
  const std::string& text = arguments->words()[0];
  if (text.find('-') == 4)  // a lone word may be a host
    if (const auto reference = breaches::read_reference(text)) {
      const auto configuration = read_configuration(*arguments);
      if (!configuration) return kProblem;
      return show_reference(configuration->settings, *reference, arguments->has("--json"));
    }
  const auto url = names::Url::parse(text);
  if (!url) return report(Error{Fault::client, config::printable(text) + ": " + url.error().what, url.error().next});

  const TimePoint now = wall_now();
  auto loaded = load_policy(arguments->get("--config"), now, RefusedLists::serve_last_good);
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
  const auto in_force = put_measures_in_force(*loaded, time);
  if (!in_force) return report(in_force.error());
  const auto asker = who_asks(*arguments, *loaded);
  if (!asker) return report(asker.error());
  const std::string method = arguments->get("--method", "GET");
  const auto answers = judge(*loaded, asker->subject, *url, method, text, from, time);
  if (!answers) return report(answers.error());
  if (arguments->has("--json"))
    print_json(*loaded, *asker, *answers, time, text, *in_force);
  else
    print_words(*loaded, *asker, *answers, time, *in_force);
  return kDone;
}

}  // namespace

const Command kExplainCommand{"explain", "explain the decision for an address", kExplainHelp, explain};

}  // namespace schoolgate::app
