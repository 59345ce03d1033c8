#include "app/update_lists.h"

#include <algorithm>
#include <cstdio>

#include "app/act_as_owner.h"
#include "app/category_data.h"
#include "app/command.h"
#include "app/control_plane.h"
#include "app/list_keeping.h"
#include "app/progress_line.h"
#include "app/read_configuration.h"
#include "app/table.h"
#include "base/json.h"
#include "blocklists/update.h"
#include "config/plain_text.h"

namespace schoolgate::app {
namespace {

std::vector<blocklists::UpdateSource> sources_of(const std::vector<config::ListConfig>& lists) {
  std::vector<blocklists::UpdateSource> sources;
  for (const config::ListConfig& list : lists)
    sources.push_back({.name = list.name,
                       .category = list.category,
                       .format = list.format,
                       .source = list.source,
                       .remote = list.remote,
                       .refresh = list.refresh,
                       .sealed = list.sealed,
                       .force = list.force,
                       .checksum = list.proof.checksum,
                       .signature = list.proof.signature,
                       .public_key = list.proof.public_key});
  return sources;
}

void print_words(const blocklists::UpdateReport& done) {
  Table table;
  for (const blocklists::ListOutcome& list : done.lists)
    table.row({list.list, std::string(blocklists::to_string(list.kind)), config::printable(list.why, 400)});
  std::string text = table.text();
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
        .end_object();
  json.end_array().key("refusals").begin_array();
  for (const blocklists::Refusal& refusal : done.refusals)
    json.begin_object()
        .field("gate", blocklists::to_string(refusal.gate))
        .field("list", refusal.list)
        .field("explanation", refusal.explanation)
        .end_object();
  json.end_array().end_object();
  print(out + '\n');
}

void print_refusals(const blocklists::UpdateReport& done) {
  for (const blocklists::Refusal& refusal : done.refusals)
    std::fprintf(stderr, "schoolgate: refused (%s): %s%s%s\n", std::string(blocklists::to_string(refusal.gate)).c_str(),
                 refusal.list.c_str(), refusal.list.empty() ? "" : ": ",
                 config::printable(refusal.explanation, 1000).c_str());
  if (!done.refusals.empty() && !done.published)
    std::fputs("schoolgate: when it is right all the same: schoolgate lists update --accept\n", stderr);
}

/// As needs_attention(), but what was refused and then accepted is done.
bool waits_for_a_person(const blocklists::UpdateReport& done) {
  using Kind = blocklists::ListOutcome::Kind;
  return (!done.refusals.empty() && !done.published && !done.unchanged) ||
         std::ranges::any_of(done.lists, [](const blocklists::ListOutcome& list) {
           return list.kind == Kind::kept || list.kind == Kind::left_out;
         });
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
  const auto lock = store.lock();
  if (!lock) return std::unexpected(lock.error());
  SourceStates states = store.source_states();
  if (const auto known = states.find(name); known != states.end()) {
    known->second.etag.clear();
    known->second.last_modified.clear();
    known->second.checked = {};
  }
  return store.set_source_states(states);
}

/// True unless a gateway that runs here refused what is in force now.
bool reload_gateway(const std::filesystem::path& state) {
  const auto answer = ask_running_gateway(state, "reload");
  if (!answer) {
    std::fputs("schoolgate: no gateway runs here; the next start serves this\n", stderr);
    return true;
  }
  std::fputs(answer->text.c_str(), stderr);
  return answer->done;
}

}  // namespace

int update_lists(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--force"}, .switches = {"--due", "--accept", "--json"}});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kListsCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const config::Settings& settings = configuration->settings;
  if (auto acts = act_as_owner(settings.state); !acts) return report(acts.error());
  const auto store = blocklists::ListStore::open(settings.state);
  if (!store) return report(store.error());

  if (arguments->has("--force"))
    if (auto forgot = forget_validators(*store, *configuration, arguments->get("--force")); !forgot)
      return report(forgot.error());

  const bool due = arguments->has("--due");
  blocklists::UpdateOptions options;
  options.fetch.trust = settings.upstream.trust;
  options.fetch.proxy = configuration->list_updates.proxy;
  options.fetch.most_bytes = configuration->list_updates.most_bytes;
  ListGates gates = list_gates(*configuration);
  options.limits = gates.limits;
  options.must_block = std::move(gates.must_block);
  options.ignored_categories = std::move(gates.ignored_categories);
  options.ask_again = !due;
  options.accept = arguments->has("--accept");
  options.low_priority = due;
  options.identity = list_identity(configuration->lists);
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
    done = blocklists::update(*store, sources_of(configuration->lists), wall_now(), options);
  }
  if (!done) return report(done.error());
  hide_sealed_sources(configuration->lists, *done);
  print_refusals(*done);
  if (arguments->has("--json"))
    print_json(*done);
  else
    print_words(*done);
  bool served = true;
  if (done->published && !due) served = reload_gateway(settings.state);  // when due, the gateway itself waits for this
  return served && !waits_for_a_person(*done) ? kDone : kProblem;
}

int roll_back_lists(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {}});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kListsCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const std::filesystem::path& state = configuration->settings.state;
  if (auto acts = act_as_owner(state); !acts) return report(acts.error());
  const auto store = blocklists::ListStore::open(state);
  if (!store) return report(store.error());
  Result<blocklists::StoredImage> image;
  {
    const auto lock = store->lock();
    if (!lock) return report(lock.error());
    image = store->rollback();
  }
  if (!image) return report(image.error());
  print("image " + std::to_string(image->number) + " of " + to_rfc3339(image->made) + " is in force again\n");
  return reload_gateway(state) ? kDone : kProblem;
}

}  // namespace schoolgate::app
