#include "app/list_keeping.h"

#include <algorithm>

#include "app/table.h"
#include "base/digest.h"
#include "base/file.h"
#include "config/plain_text.h"
#include "rules/list_effect.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTestsLookedAt = 50;
constexpr std::chrono::seconds kRemoteIsStale = std::chrono::days(7);

// None: it may be of any age.
std::optional<std::chrono::seconds> oldest_allowed(const config::ListConfig& list) {
  if (list.stale_after || !list.remote) return list.stale_after;
  return std::max(kRemoteIsStale, 3 * list.refresh);
}

// The value of the last `"name":"value"` before `end`; a quote inside a value is escaped, so this can only be a field.
std::string_view field_before(std::string_view text, std::string_view name, std::size_t end) {
  const std::string key = '"' + std::string(name) + "\":";
  const std::size_t at = text.rfind(key, end);
  if (at == std::string_view::npos) return {};
  std::string_view value = text.substr(at + key.size());
  if (value.starts_with('"')) value.remove_prefix(1);
  return value.substr(0, value.find_first_of("\",}"));
}

}  // namespace

const blocklists::ListInfo* find_list(std::span<const blocklists::ListInfo> in_force, std::string_view name) {
  const auto found = std::ranges::find(in_force, name, &blocklists::ListInfo::name);
  return found == in_force.end() ? nullptr : &*found;
}

TimePoint known_good(const config::ListConfig& list, const blocklists::ListInfo& in_force, const SourceStates& states,
                     TimePoint now) {
  // A mark of the future was made by a clock that was ahead: it says nothing.
  const auto past = [now](TimePoint time) { return time > now + std::chrono::days(1) ? TimePoint{} : time; };
  const auto state = states.find(list.name);
  if (!list.remote || state == states.end() || state->second.failures != 0) return past(in_force.fetched);
  // An answer counts for what is in force only when that is what was fetched last: not after a rollback.
  return in_force.fetched < state->second.fetched ? past(in_force.fetched)
                                                  : std::max(past(in_force.fetched), past(state->second.checked));
}

std::string age_text(TimePoint since, TimePoint now) {
  using namespace std::chrono;
  const auto age = now - since;
  if (since > now + minutes(1)) return "an unknown time";  // the clock was ahead when that was noted
  if (age < minutes(2))
    return counted(std::uint64_t(std::max<std::int64_t>(0, floor<seconds>(age).count())), "second", "seconds");
  if (age < hours(2)) return std::to_string(floor<minutes>(age).count()) + " minutes";
  if (age < days(2)) return std::to_string(floor<hours>(age).count()) + " hours";
  return std::to_string(floor<days>(age).count()) + " days";
}

std::string without_sealed_source(const config::ListConfig& list, std::string why) {
  if (!list.sealed || list.source.empty()) return why;
  for (std::size_t at = why.find(list.source); at != std::string::npos; at = why.find(list.source, at))
    why.replace(at, list.source.size(), "[sealed]");
  return why;
}

blocklists::SourceState fetching_of(const config::ListConfig& list, const SourceStates& states) {
  const auto known = states.find(list.name);
  if (!list.remote || known == states.end()) return {};
  const blocklists::SourceState& state = known->second;
  const bool of_another = !state.address_sha256.empty() && state.address_sha256 != to_hex(sha256(list.source));
  return of_another ? blocklists::SourceState{} : state;
}

std::string failure_text(const config::ListConfig& list, const SourceStates& states) {
  const blocklists::SourceState state = fetching_of(list, states);
  if (state.failure.empty()) return {};
  return counted(state.failures, "attempt", "attempts") +
         " failed; the last: " + config::printable(without_sealed_source(list, state.failure), 400);
}

std::vector<ListTrouble> list_troubles(std::span<const config::ListConfig> lists,
                                       std::span<const blocklists::ListInfo> in_force, const SourceStates& states,
                                       TimePoint now) {
  std::vector<ListTrouble> troubles;
  for (const config::ListConfig& list : lists) {
    const std::string failure = failure_text(list, states);
    const std::string why = failure.empty() ? "" : " (" + failure + ")";
    const blocklists::ListInfo* const info = find_list(in_force, list.name);
    const bool holds_nothing = info != nullptr && info->hosts + info->urls + info->patterns == 0;
    if (info == nullptr || info->category != list.category || holds_nothing) {
      const bool on_its_way = info == nullptr && list.remote && !list.sealed && !states.contains(list.name);
      if (on_its_way) continue;
      troubles.push_back({"list missing: " + list.name,
                          "The list '" + list.name + "' is configured and not in force: nothing of it is blocked" +
                              why + ". `schoolgate lists status` shows all lists."});
    } else if (const TimePoint good = known_good(list, *info, states, now);
               list.stale_after && now - good > *list.stale_after) {
      troubles.push_back({"list stale: " + list.name,
                          "The list '" + list.name + "' is " + age_text(good, now) +
                              " old, which is more than its stale_after allows; it goes on blocking its entries" + why +
                              ". `schoolgate lists status` shows all lists."});
    }
  }
  return troubles;
}

std::vector<ListTrouble> remark_troubles(std::span<const config::ListConfig> lists,
                                         std::span<const blocklists::ImageRemark> remarks) {
  using Kind = blocklists::ImageRemark::Kind;
  constexpr std::size_t kMostNamed = 10;
  std::map<std::string, std::vector<const blocklists::ImageRemark*>> by_list;
  std::vector<ListTrouble> troubles;
  const auto text_of = [&](const blocklists::ImageRemark& remark) {
    const auto list = std::ranges::find(lists, remark.list, &config::ListConfig::name);
    return list == lists.end() ? remark.text : without_sealed_source(*list, remark.text);
  };
  for (const blocklists::ImageRemark& remark : remarks) {
    if (remark.kind == Kind::left_alone) by_list[remark.list].push_back(&remark);
    if (remark.kind == Kind::refused)
      troubles.push_back({"list refused: " + remark.list,
                          "New content of the list '" + remark.list + "' was refused (" + text_of(remark) +
                              "). Its last good content stays in force where there is any."});
    if (remark.kind == Kind::covers)
      troubles.push_back(
          {"list covers too much: " + remark.list,
           "The list '" + remark.list + "' covers " + remark.text +
               ". Lists of illegal content and sealed lists are taken as they are; tell its publisher."});
    if (remark.kind == Kind::shrank)
      troubles.push_back({"list shrank: " + remark.list,
                          "The list '" + remark.list +
                              "' lost more than half of itself at its last update: " + remark.text +
                              ". Look whether its publisher meant that; `schoolgate lists rollback` goes "
                              "back."});
    if (remark.kind == Kind::overruled)
      troubles.push_back({"list exceptions not honoured: " + remark.list,
                          "Of the list '" + remark.list + "' " + text_of(remark) +
                              ". Its entries go on counting there; tell its publisher."});
    if (remark.kind == Kind::unprobed)
      troubles.push_back({"probe not covered", "Of the lists in force, " + remark.text + "."});
  }
  for (const auto& [list, sites] : by_list) {
    std::string text;
    for (std::size_t i = 0; i < sites.size() && i < kMostNamed; ++i)
      text += (i ? ", " : "") + sites[i]->site + " (entry " + sites[i]->entry + ")";
    if (sites.size() > kMostNamed) text += ", …";
    troubles.push_back({"list leaves sites alone: " + list,
                        "The list '" + list + "' covers " + counted(sites.size(), "site", "sites") +
                            " that must stay reachable, and leaves them alone: " + text +
                            ". `schoolgate lists status` shows all of them."});
  }
  return troubles;
}

std::vector<rules::ListStanding> standings(std::span<const config::ListConfig> lists,
                                           std::span<const blocklists::ListInfo> in_force, const SourceStates& states,
                                           TimePoint now) {
  using State = rules::ListStanding::State;
  std::vector<rules::ListStanding> out;
  for (const config::ListConfig& list : lists) {
    const blocklists::ListInfo* const info = find_list(in_force, list.name);
    const auto known = states.find(list.name);
    const auto state = [&] {
      if (info == nullptr || info->category != list.category)
        return known != states.end() && known->second.fetched != TimePoint{} ? State::missing : State::never;
      if (info->hosts + info->urls + info->patterns == 0) return State::missing;
      const auto oldest = oldest_allowed(list);
      return oldest && now - known_good(list, *info, states, now) > *oldest ? State::stale : State::fresh;
    };
    out.push_back(
        {.name = list.name, .category = list.category, .state = state(), .may_be_missing = list.served_without});
  }
  return out;
}

std::optional<LastTest> last_test(const fs::path& state, std::string_view list) {
  std::vector<fs::path> results;  // named by their time
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state / "selftest", error))
    if (entry.path().extension() == ".json") results.push_back(entry.path());
  std::ranges::sort(results, std::greater());
  if (results.size() > kTestsLookedAt) results.resize(kTestsLookedAt);
  const std::string source = "\"source\":\"list " + std::string(list) + '"';
  for (const fs::path& path : results) {
    const auto text = read_file(path);
    if (!text || !text->contains(source)) continue;
    LastTest test{from_rfc3339(field_before(*text, "time", std::string::npos)).value_or(TimePoint{}), true};
    for (std::size_t at = text->find(source); at != std::string::npos; at = text->find(source, at + 1))
      test.as_expected = test.as_expected && field_before(*text, "as_expected", at) == "true";
    return test;
  }
  return std::nullopt;
}

std::vector<blocklists::UpdateSource> list_sources(const config::Configuration& configuration) {
  const rules::CategoryTable& categories = configuration.policy.categories;
  std::vector<blocklists::UpdateSource> sources;
  for (const config::ListConfig& list : configuration.lists) {
    const rules::CategoryId category = categories.find(list.category);
    sources.push_back({.name = list.name,
                       .category = list.category,
                       .format = list.format,
                       .source = list.source,
                       .member = list.member,
                       .remote = list.remote,
                       .refresh = list.refresh,
                       .sealed = list.sealed,
                       .illegal = category != rules::kNoCategory && categories[category].illegal,
                       .force = list.force,
                       .checksum = list.proof.checksum,
                       .signature = list.proof.signature,
                       .public_key = list.proof.public_key});
  }
  return sources;
}

ListGates list_gates(const config::Configuration& configuration, TimePoint now) {
  ListGates gates{.limits = {}, .must_block = configuration.list_updates.must_block, .would_refuse = {}};
  gates.limits.most_over_blocks = configuration.list_updates.most_over_blocks;
  // A policy that does not compile is refused elsewhere; until then every category counts.
  if (auto effect = rules::ListEffect::of(configuration.policy, now))
    gates.would_refuse = [effect = std::move(*effect)](const names::Url& site, std::string_view category) {
      return effect.refuses(site, category);
    };
  return gates;
}

}  // namespace schoolgate::app
