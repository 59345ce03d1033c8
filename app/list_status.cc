#include "app/list_status.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "app/category_data.h"
#include "app/command.h"
#include "app/list_keeping.h"
#include "app/read_configuration.h"
#include "app/table.h"
#include "base/json.h"
#include "config/plain_text.h"

namespace schoolgate::app {
namespace {

/// A list of the configuration, and what is known of it.
struct ListState {
  const config::ListConfig& list;
  const blocklists::ListInfo* in_force;  ///< null: not fetched yet, or refused
  blocklists::SourceState fetching;      ///< of a remote list
  std::string failure;                   ///< of the last attempt to fetch it
  bool stale;
  std::optional<LastTest> test;
  std::vector<blocklists::ImageRemark> remarks;  ///< about this list
};

std::uint64_t entries_of(const blocklists::ListInfo& list) { return list.hosts + list.urls + list.patterns; }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string fetched_text(const ListState& state, TimePoint now) {
  if (!state.list.remote) return "-";
  if (!state.failure.empty()) return "failed";
  if (state.fetching.checked == TimePoint{}) return "never";
  return "answered " + age_text(state.fetching.checked, now) + " ago";
}

std::string test_text(const std::optional<LastTest>& test, TimePoint now) {
  if (!test) return "never";
  return (test->as_expected ? "good " : "DIFFERED ") + age_text(test->time, now) + " ago";
}

void print_words(const std::vector<ListState>& states, TimePoint now) {
  const bool owned = std::ranges::any_of(
      states, [](const ListState& state) { return !state.list.owner.empty() || !state.list.licence_holder.empty(); });
  Table table;
  std::string failures;
  const auto row = [&](std::vector<std::string> cells, std::vector<std::string> owners, const std::string& source) {
    if (owned) cells.insert(cells.end(), owners.begin(), owners.end());
    cells.push_back(source);
    table.row(std::move(cells));
  };
  row({"LIST", "CATEGORY", "ENTRIES", "NOT UNDERSTOOD", "SKIPPED", "AGE", "FETCHED", "TESTED"},
      {"OWNER", "LICENCE HOLDER"}, "SOURCE");
  for (const ListState& state : states) {
    const config::ListConfig& list = state.list;
    std::vector<std::string> cells{list.name, list.category};
    if (const auto* info = state.in_force) {
      cells.insert(cells.end(),
                   {std::to_string(entries_of(*info)), std::to_string(info->rejected), std::to_string(info->skipped)});
      cells.push_back(age_text(info->fetched, now) + (state.stale ? ", STALE" : ""));
    } else {
      cells.insert(cells.end(), {"-", "-", "-", list.remote ? "not fetched yet" : "not in force"});
    }
    cells.insert(cells.end(), {fetched_text(state, now), test_text(state.test, now)});
    row(std::move(cells), {or_dash(list.owner), or_dash(list.licence_holder)}, list.sealed ? "sealed" : list.source);
    if (!state.failure.empty()) failures += list.name + ": " + state.failure + '\n';
  }
  if (states.empty()) return void(print("no lists are configured\n"));
  print(table.text() + failures);
  using Kind = blocklists::ImageRemark::Kind;
  Table sites;
  std::string others;
  for (const ListState& state : states)
    for (const blocklists::ImageRemark& remark : state.remarks) {
      if (remark.kind == Kind::left_alone)
        sites.row({remark.list, "leaves alone", config::printable(remark.site), "which it covers by",
                   config::printable(remark.entry)});
      if (remark.kind == Kind::refused)
        others += remark.list + ": its newest content is refused: " +
                  config::printable(without_sealed_source(state.list, remark.text), 400) + '\n';
      if (remark.kind == Kind::covers) others += remark.list + ": covers " + remark.text + '\n';
      if (remark.kind == Kind::shrank) others += remark.list + ": lost more than half of itself: " + remark.text + '\n';
      if (remark.kind == Kind::overruled) others += remark.list + ": " + config::printable(remark.text, 400) + '\n';
    }
  print(others + sites.text());
}

void write_state(JsonWriter& json, const ListState& state, TimePoint now) {
  const config::ListConfig& list = state.list;
  json.begin_object().field("name", list.name).field("category", list.category);
  json.field("format", blocklists::to_string(list.format)).field("sealed", list.sealed);
  json.field("source", list.sealed ? std::string("sealed") : list.source);
  json.field("owner", list.owner).field("licence_holder", list.licence_holder);
  json.key("licence_until");
  list.licence_until ? json.value(to_rfc3339(std::chrono::sys_days(*list.licence_until)).substr(0, 10)) : json.null();
  json.field("compiled", state.in_force != nullptr);
  if (const auto* info = state.in_force) {
    json.field("hosts", info->hosts).field("urls", info->urls).field("patterns", info->patterns);
    json.field("rejected", info->rejected).field("skipped", info->skipped);
    json.field("obtained", to_rfc3339(info->fetched));
    json.field("age_seconds", std::chrono::floor<std::chrono::seconds>(now - info->fetched).count());
    json.field("stale", state.stale);
  }
  if (list.remote) {
    json.key("checked");
    state.fetching.checked == TimePoint{} ? json.null() : json.value(to_rfc3339(state.fetching.checked));
    json.field("failures", state.fetching.failures).field("failure", state.failure);
  }
  using Kind = blocklists::ImageRemark::Kind;
  json.key("refused").begin_array();
  for (const blocklists::ImageRemark& remark : state.remarks)
    if (remark.kind == Kind::refused) json.value(without_sealed_source(list, remark.text));
  json.end_array().key("left_alone").begin_array();
  for (const blocklists::ImageRemark& remark : state.remarks)
    if (remark.kind == Kind::left_alone)
      json.begin_object().field("site", remark.site).field("entry", remark.entry).end_object();
  json.end_array().key("overruled").begin_array();
  for (const blocklists::ImageRemark& remark : state.remarks)
    if (remark.kind == Kind::overruled) json.value(remark.text);
  json.end_array();
  json.field("covers_must_allow", std::ranges::any_of(state.remarks, [](const blocklists::ImageRemark& remark) {
               return remark.kind == Kind::covers;
             }));
  json.key("last_test");
  if (state.test)
    json.begin_object()
        .field("time", to_rfc3339(state.test->time))
        .field("as_expected", state.test->as_expected)
        .end_object();
  else
    json.null();
  json.end_object();
}

void print_json(const std::vector<ListState>& states, TimePoint now) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("lists").begin_array();
  for (const ListState& state : states) write_state(json, state, now);
  json.end_array().end_object();
  print(out + '\n');
}

}  // namespace

int list_status(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kListsCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const TimePoint now = wall_now();
  Problems problems;
  const auto data = category_data(*configuration, now, problems, ListUse::ask);
  const int found = report(problems);
  if (!data) return report(data.error());

  const std::filesystem::path& folder = configuration->settings.state;
  SourceStates fetching;
  if (const auto store = blocklists::ListStore::open_to_read(folder)) fetching = store->source_states();
  std::vector<ListState> states;
  for (const config::ListConfig& list : configuration->lists) {
    const auto* info = find_list(data->lists->lists(), list.name);
    const bool stale = info && list.stale_after && now - known_good(list, *info, fetching, now) > *list.stale_after;
    std::vector<blocklists::ImageRemark> remarks;
    std::ranges::copy_if(data->remarks, std::back_inserter(remarks),
                         [&](const auto& remark) { return remark.list == list.name; });
    states.push_back({list, info, fetching_of(list, fetching), failure_text(list, fetching), stale,
                      last_test(folder, list.name), std::move(remarks)});
  }
  if (data->last_good)
    std::fputs("schoolgate: the lists as they are now were refused; these are the last good ones\n", stderr);
  if (arguments->has("--json"))
    print_json(states, now);
  else
    print_words(states, now);
  return found;
}

}  // namespace schoolgate::app
