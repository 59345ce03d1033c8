#include "app/update_lists.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <set>

#include "app/act_as_owner.h"
#include "app/category_data.h"
#include "app/command.h"
#include "app/control_plane.h"
#include "app/list_keeping.h"
#include "app/progress_line.h"
#include "app/start_policy.h"
#include "app/table.h"
#include "app/told_times.h"
#include "base/file.h"
#include "base/json.h"
#include "blocklists/update.h"
#include "config/plain_text.h"

namespace schoolgate::app {
namespace {

constexpr std::chrono::minutes kWaitForAnother{10};

/// Lists of illegal content, and sealed ones, that cover sites which must stay reachable; each once.
std::set<std::string> never_thinned(const blocklists::UpdateReport& done) {
  std::set<std::string> lists;
  for (const blocklists::OverBlock& site : done.covered_sites) lists.insert(site.list);
  return lists;
}

std::string said_of(const blocklists::ListOutcome& list) {
  return list.why.empty() && !list.taken.empty() ? "took " + list.taken + " of the archive" : list.why;
}

void print_words(const blocklists::UpdateReport& done) {
  Table table;
  for (const blocklists::ListOutcome& list : done.lists)
    table.row({list.list, std::string(blocklists::to_string(list.kind)), config::printable(said_of(list), 400)});
  std::string text = table.text();
  Table sites;
  for (const blocklists::OverBlock& site : done.left_alone)
    sites.row(
        {site.list, "leaves alone", config::printable(site.site), "which it covers by", config::printable(site.entry)});
  for (const blocklists::OverBlock& site : done.accepted_sites)
    sites.row({site.list, "covers", config::printable(site.site), "as accepted, by", config::printable(site.entry)});
  text += sites.text();
  if (done.published) {
    std::uint64_t entries = 0;
    for (const blocklists::ListReport& list : done.compiled.lists) entries += list.hosts + list.urls + list.patterns;
    text += "image " + std::to_string(done.published->number) +
            " is in force: " + counted(done.compiled.lists.size(), "list", "lists") + ", " +
            counted(entries, "entry", "entries") + '\n';
  } else {
    text += done.unchanged ? "nothing has changed; the image in force stays\n"
                           : "nothing was published; the image in force stays\n";
  }
  print(text);
}

void print_json(const blocklists::UpdateReport& done) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("image");
  done.published ? json.value(done.published->number) : json.null();
  json.field("unchanged", done.unchanged).key("lists").begin_array();
  for (const blocklists::ListOutcome& list : done.lists)
    json.begin_object()
        .field("name", list.list)
        .field("outcome", blocklists::to_string(list.kind))
        .field("why", list.why)
        .field("taken", list.taken)
        .end_object();
  json.end_array().key("refusals").begin_array();
  for (const blocklists::Refusal& refusal : done.refusals)
    json.begin_object()
        .field("gate", blocklists::to_string(refusal.gate))
        .field("list", refusal.list)
        .field("explanation", refusal.explanation)
        .end_object();
  json.end_array();
  const auto sites = [&](std::string_view key, const std::vector<blocklists::OverBlock>& found) {
    json.key(key).begin_array();
    for (const blocklists::OverBlock& site : found)
      json.begin_object()
          .field("list", site.list)
          .field("category", site.category)
          .field("entry", site.entry)
          .field("site", site.site)
          .end_object();
    json.end_array();
  };
  sites("left_alone", done.left_alone);
  sites("accepted", done.accepted_sites);
  json.key("covering").begin_array();
  for (const std::string& list : never_thinned(done)) json.value(list);
  json.end_array().key("overruled").begin_array();
  for (const blocklists::ImageRemark& remark : done.overruled)
    json.begin_object().field("list", remark.list).field("why", remark.text).end_object();
  json.end_array().end_object();
  print(out + '\n');
}

void print_refusals(const blocklists::UpdateReport& done) {
  for (const std::string& list : never_thinned(done))
    std::fprintf(stderr,
                 "schoolgate: list '%s' covers sites that must stay reachable; a list like this one is never thinned\n",
                 list.c_str());
  for (const blocklists::ImageRemark& remark : done.shrank)
    std::fprintf(stderr, "schoolgate: list '%s' lost more than half of itself: %s\n", remark.list.c_str(),
                 remark.text.c_str());
  for (const blocklists::ImageRemark& remark : done.overruled)
    std::fprintf(stderr, "schoolgate: list '%s': %s\n", remark.list.c_str(),
                 config::printable(remark.text, 400).c_str());
  for (const blocklists::Refusal& refusal : done.refusals)
    std::fprintf(stderr, "schoolgate: refused (%s): %s%s%s\n", std::string(blocklists::to_string(refusal.gate)).c_str(),
                 refusal.list.c_str(), refusal.list.empty() ? "" : ": ",
                 config::printable(refusal.explanation, 1000).c_str());
  std::string lists;
  for (const blocklists::Refusal& refusal : done.refusals)
    if (!refusal.list.empty() && refusal.gate != blocklists::Gate::unreadable &&
        refusal.gate != blocklists::Gate::purpose && !lists.contains(refusal.list))
      lists += (lists.empty() ? "" : ",") + refusal.list;
  if (!lists.empty())
    std::fprintf(stderr, "schoolgate: when it is right all the same: schoolgate lists update --accept %s\n",
                 lists.c_str());
}

void hide_sealed_sources(const std::vector<config::ListConfig>& lists, blocklists::UpdateReport& done) {
  for (const config::ListConfig& list : lists) {
    for (blocklists::ListOutcome& outcome : done.lists)
      if (outcome.list == list.name) outcome.why = without_sealed_source(list, std::move(outcome.why));
    for (blocklists::Refusal& refusal : done.refusals)
      if (refusal.list == list.name) refusal.explanation = without_sealed_source(list, std::move(refusal.explanation));
  }
}

/// Makes the next update ask for the whole list. Fault client: there is no such list, or it is not fetched.
Result<void> forget_validators(const blocklists::ListStore& store, const config::Configuration& configuration,
                               const std::string& name) {
  const auto list = std::ranges::find(configuration.lists, name, &config::ListConfig::name);
  if (list == configuration.lists.end() || !list->remote)
    return fail(Fault::client, "there is no list '" + name + "' that is fetched", "schoolgate lists status shows all");
  const auto lock = store.lock(kWaitForAnother);
  if (!lock) return std::unexpected(lock.error());
  SourceStates states = store.source_states();
  if (const auto known = states.find(name); known != states.end()) {
    known->second.etag.clear();
    known->second.last_modified.clear();
    known->second.checked = {};
  }
  return store.set_source_states(states);
}

/// The lists that --accept names, each of them configured. Fault client.
Result<std::set<std::string>> accepted_lists(const Arguments& arguments, const config::Configuration& configuration) {
  std::set<std::string> names;
  const std::string all = arguments.get("--accept");
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string name(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (std::ranges::find(configuration.lists, name, &config::ListConfig::name) == configuration.lists.end())
      return fail(Fault::client, "there is no list '" + config::printable(name) + "' to accept",
                  "schoolgate lists status shows all");
    names.insert(name);
  }
  return names;
}

/// True for `--accept` without a list behind it: it would accept whatever came.
bool accepts_nothing_named(std::span<const std::string_view> words) {
  const auto at = std::ranges::find(words, "--accept");
  return at != words.end() && (at + 1 == words.end() || at[1].starts_with("--"));
}

/// True unless a gateway that runs here could not put in force what was published.
bool tell_gateway(const std::filesystem::path& state) {
  const auto answer = ask_running_gateway(state, "lists");
  if (!answer) {
    std::fputs("schoolgate: no gateway runs here; the next start serves this\n", stderr);
    return true;
  }
  std::fputs(answer->text.c_str(), stderr);
  return answer->done;
}

/// The state folder that the files name, however broken they are.
std::optional<std::filesystem::path> state_folder_of(const config::Loaded& files, const std::filesystem::path& folder) {
  if (files.configuration) return files.configuration->settings.state;
  const auto text = read_file(folder / "schoolgate.yaml");
  return text ? state_named_in(*text, folder) : std::nullopt;
}

/// What lists are updated for: the configuration that was accepted last, and before the first time the files as they
/// are. Acts as the owner of its state folder from then on. Problems are on stderr.
std::optional<config::Configuration> configuration_to_update(const std::filesystem::path& folder) {
  config::Loaded files = config::load(folder);
  const auto state = state_folder_of(files, folder);
  if (state)
    if (auto acts = act_as_owner(*state); !acts) return report(acts.error()), std::nullopt;
  std::error_code error;
  if (!state || !std::filesystem::exists(*state / "accepted" / "schoolgate.yaml", error)) {
    if (!files.configuration) report(files.problems);
    return std::move(files.configuration);
  }
  config::Loaded accepted = accepted_configuration(*state, folder);
  if (!accepted.configuration) report(accepted.problems);
  if (accepted.configuration &&
      (!files.configuration || files.configuration->version != accepted.configuration->version))
    std::fputs(
        "schoolgate: the files are not what was accepted last; the accepted lists are updated (schoolgate reload "
        "accepts the files)\n",
        stderr);
  return std::move(accepted.configuration);
}

/// The lists of which the image in force holds entries.
std::set<std::string> lists_in_force(const blocklists::ListStore& store) {
  std::set<std::string> names;
  const auto lists = store.open_current();
  if (!lists) return names;
  for (const blocklists::ListInfo& list : (*lists)->lists())
    if (list.hosts + list.urls + list.patterns != 0) names.insert(list.name);
  return names;
}

/// A person may go back to less than there was, and is told of it.
void say_lost(const std::set<std::string>& before, const std::set<std::string>& now,
              const std::vector<config::ListConfig>& configured) {
  std::string lost;
  for (const config::ListConfig& list : configured)
    if (before.contains(list.name) && !now.contains(list.name)) lost += (lost.empty() ? "" : ", ") + list.name;
  if (!lost.empty())
    std::fprintf(stderr, "schoolgate: nothing is blocked of the lists that it lacks: %s\n", lost.c_str());
}

}  // namespace

int update_lists(std::span<const std::string_view> words) {
  if (accepts_nothing_named(words))
    return usage_error(kListsCommand, {Fault::client, "--accept does not say which list",
                                       "name the lists that a person has looked at: --accept ut1-games,ut1-adult"});
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--force", "--accept"}, .switches = {"--due", "--json"}});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kListsCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = configuration_to_update(arguments->get("--config"));
  if (!configuration) return kProblem;
  const config::Settings& settings = configuration->settings;
  const auto store = blocklists::ListStore::open(settings.state);
  if (!store) return report(store.error());

  auto accept = accepted_lists(*arguments, *configuration);
  if (!accept) return usage_error(kListsCommand, accept.error());
  if (arguments->has("--force"))
    if (auto forgot = forget_validators(*store, *configuration, arguments->get("--force")); !forgot)
      return report(forgot.error());

  const bool due = arguments->has("--due");
  blocklists::UpdateOptions options;
  options.fetch.trust = settings.upstream.trust;
  options.fetch.proxy = configuration->list_updates.proxy;
  options.fetch.most_bytes = configuration->list_updates.most_bytes;
  ListGates gates = list_gates(*configuration, wall_now());
  options.limits = gates.limits;
  options.must_block = std::move(gates.must_block);
  options.would_refuse = std::move(gates.would_refuse);
  options.ask_again = !due;
  // The gateway updates by itself, also just after a start: a person who asks then waits for that, and then asks.
  if (!due) options.patience = kWaitForAnother;
  options.accept = std::move(*accept);
  options.low_priority = due;
  options.identity = list_identity(*configuration, options.would_refuse);
  Result<blocklists::UpdateReport> done;
  {
    ProgressLine progress;
    options.progress = [&](std::string_view step, const blocklists::Progress& now) {
      std::string text(step);
      if (now.bytes_total > 0)
        text += ": " + std::string(now.list) + ", " + std::to_string(100 * now.bytes_done / now.bytes_total) + " %, " +
                std::to_string(now.entries) + " entries";
      progress.show(text);
    };
    done = blocklists::update(*store, list_sources(*configuration), wall_now(), options);
  }
  if (!done) return report(done.error());
  keep_told_times(settings.state, done->times);
  hide_sealed_sources(configuration->lists, *done);
  print_refusals(*done);
  if (arguments->has("--json"))
    print_json(*done);
  else
    print_words(*done);
  bool served = true;
  if (done->published && !due) served = tell_gateway(settings.state);  // when due, the gateway itself waits for this
  return served && !done->needs_attention() ? kDone : kProblem;
}

int roll_back_lists(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {}});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kListsCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = configuration_to_update(arguments->get("--config"));
  if (!configuration) return kProblem;
  const std::filesystem::path& state = configuration->settings.state;
  const auto store = blocklists::ListStore::open(state);
  if (!store) return report(store.error());
  const std::set<std::string> before = lists_in_force(*store);
  Result<blocklists::StoredImage> image;
  {
    const auto lock = store->lock(kWaitForAnother);
    if (!lock) return report(lock.error());
    image = store->rollback();
  }
  if (!image) return report(image.error());
  say_lost(before, lists_in_force(*store), configuration->lists);
  print("image " + std::to_string(image->number) + " of " + to_rfc3339(image->made) + " is in force again\n");
  return tell_gateway(state) ? kDone : kProblem;
}

}  // namespace schoolgate::app
