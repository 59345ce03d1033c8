#include "app/load_policy.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/group_view.h"
#include "app/protection_now.h"
#include "app/table.h"
#include "base/ascii.h"
#include "changes/change_work.h"
#include "content/shipped_phrases.h"
#include "rules/not_ready.h"
#include "rules/rule_advice.h"
#include "rules/rule_tests.h"

namespace schoolgate::app {
namespace {

std::span<Problem> from(Problems& problems, std::size_t first) { return std::span(problems).subspan(first); }

// Errors become warnings that are remembered as one fallback.
void serve_all_the_same(std::span<Problem> problems, std::string_view what, std::string_view instead,
                        std::vector<StartFallback>& fallbacks) {
  std::size_t count = 0;
  std::string first;
  for (Problem& problem : problems) {
    if (problem.severity != Problem::Severity::error) continue;
    problem.severity = Problem::Severity::warning;
    if (count++ == 0) first = problem.text();
  }
  if (count == 0) return;
  std::string why = first;
  if (count > 1) why += " (and " + counted(count - 1, "more problem", "more problems") + ")";
  fallbacks.push_back({std::string(what), why + "; " + std::string(instead)});
}

void add_gaps(const rules::Protection& protection, const std::filesystem::path& folder, Problems& problems) {
  for (const std::string& gap : gaps_in_words(protection))
    problems.push_back({.severity = Problem::Severity::warning,
                        .at = {.file = (folder / "policy.yaml").string()},
                        .message = "not protected: " + gap,
                        .hint = "`schoolgate lists update` fetches a list that is not there; a category without a "
                                "list needs one, or its reason under known_gaps in schoolgate.yaml"});
  std::map<std::vector<std::string>, std::vector<std::string>> closed;  // lists -> groups
  for (const rules::CategoryProtection& row : protection.rows)
    if (auto lists = protection.waits_for(row.group); !lists.empty())
      if (auto& groups = closed[lists]; std::ranges::find(groups, row.group) == groups.end())
        groups.push_back(row.group);
  for (const auto& [lists, groups] : closed)
    problems.push_back(
        {.severity = Problem::Severity::warning,
         .at = {.file = (folder / "lists.yaml").string()},
         .message = joined(groups) + " get the page \"not ready\" until " + joined(lists) + " is there",
         .hint = "`schoolgate lists update`; where `if_missing: serve` is written for a list, no group waits for it"});
}

// The lists cannot be had at all. Nothing serves where one of them must not be missing.
bool may_serve_without_lists(const config::Configuration& configuration) {
  return std::ranges::none_of(
      configuration.lists, [](const config::ListConfig& list) { return list.if_missing == config::IfMissing::refuse; });
}

// The policy as it is until the lists that its groups wait for have been there. Empty: it does not compile.
std::expected<void, Problems> close_what_waits(LoadedPolicy& loaded, const rules::Protection& protection,
                                               TimePoint now) {
  loaded.in_force = loaded.configuration.policy;
  loaded.as_written = loaded.snapshot;
  bool waits = false;
  for (rules::GroupSpec& group : loaded.in_force.groups) {
    const std::vector<std::string> to_come = protection.waits_for(group.id);
    if (to_come.empty()) continue;
    rules::close_until_ready(group, to_come);
    waits = true;
  }
  if (!waits) return {};
  Problems said_before;
  auto closed = rules::PolicySnapshot::compile(loaded.in_force, loaded.as_written->shared_lists(), now, said_before);
  if (!closed) return std::unexpected(std::move(closed.error()));
  loaded.snapshot = std::move(*closed);
  return {};
}

/// What the school's own rule about changes by hand refuses.
Problems changed_by_hand(const config::Configuration& configuration, const std::filesystem::path& folder) {
  Problems problems;
  const std::filesystem::path changes = configuration.settings.state / "changes";
  const auto names = changes::refused_by_hand(changes, changes::texts_of(configuration));
  if (!names) {
    problems.push_back({.at = {.file = folder.string()}, .message = names.error().what, .hint = names.error().next});
    return problems;
  }
  for (const std::string& name : *names)
    problems.push_back({.at = {.file = (folder / name).string()},
                        .message = "changed by hand, which `changes: { by_hand: refuse }` in policy.yaml refuses",
                        .hint = "propose it (schoolgate changes propose); as it was accepted it is in " +
                                (changes / "history.git").string()});
  return problems;
}

}  // namespace

std::expected<LoadedPolicy, Problems> load_policy(const std::filesystem::path& folder, TimePoint now,
                                                  RefusedLists refused, ListUse use) {
  return policy_from(configuration_asked_about(folder), folder, now, refused, use);
}

std::expected<LoadedPolicy, Problems> policy_from(config::Loaded loaded, const std::filesystem::path& folder,
                                                  TimePoint now, RefusedLists refused, ListUse use) {
  const bool must_serve = refused != RefusedLists::refuse_all;
  const bool is_start = refused == RefusedLists::serve_last_good && use == ListUse::put_in_force;
  std::vector<StartFallback> fallbacks;
  Problems problems = std::move(loaded.problems);
  if (!loaded.configuration) return std::unexpected(std::move(problems));
  config::Configuration& configuration = *loaded.configuration;

  if (changes::is_cut_off(configuration.settings.state / "changes")) {
    problems.push_back({.severity = must_serve ? Problem::Severity::warning : Problem::Severity::error,
                        .at = {.file = folder.string()},
                        .message = "a change was cut off while its files were written: some may be of before it",
                        .hint = "finish it: schoolgate changes apply, with its number (schoolgate changes list)"});
    if (!must_serve) return std::unexpected(std::move(problems));
  }

  // Only what is put in force: a question, and a change that is only looked at, are not a hand's.
  if (!must_serve && use == ListUse::put_in_force)
    if (Problems by_hand = changed_by_hand(configuration, folder); !by_hand.empty()) {
      problems.insert(problems.end(), by_hand.begin(), by_hand.end());
      return std::unexpected(std::move(problems));
    }

  const std::size_t before_lists = problems.size();
  ListsKnown known = ListsKnown::as_stored;
  auto data = category_data(configuration, now, problems, use);
  if (!data) {
    problems.push_back(
        {.at = {.file = (folder / "lists.yaml").string()}, .message = data.error().what, .hint = data.error().next});
    // A start closes what needs them; what is in force stays; a question that cannot read them has no answer.
    if (!is_start || !may_serve_without_lists(configuration)) return std::unexpected(std::move(problems));
    data = CategoryData{.lists = blocklists::CategoryDb::empty()};
    known = ListsKnown::unreadable;
  }
  const auto& lists = data->lists;
  if (must_serve && !data->must_not_serve)
    serve_all_the_same(from(problems, before_lists), "lists",
                       known == ListsKnown::unreadable ? "groups that need the lists are closed until they can be read"
                       : lists->lists().empty()        ? "no list is in force"
                                                       : "the lists in force before stay in force",
                       fallbacks);
  // Which data decided belongs to the version: the same rules over other lists are another policy.
  configuration.policy.version = configuration.version;
  if (!lists->checksum().empty()) configuration.policy.version += "-" + lists->checksum().substr(0, 8);

  Problems warnings;
  auto snapshot = rules::PolicySnapshot::compile(configuration.policy, lists, now, warnings);
  problems.insert(problems.end(), warnings.begin(), warnings.end());
  if (!snapshot) {
    problems.insert(problems.end(), snapshot.error().begin(), snapshot.error().end());
    return std::unexpected(std::move(problems));
  }
  if ((*snapshot)->reads_any_content())
    if (const auto phrases = content::shipped_phrase_book(); !phrases) {
      problems.push_back({.at = {.file = (folder / "policy.yaml").string()},
                          .message = phrases.error().what,
                          .hint = phrases.error().next});
      return std::unexpected(std::move(problems));
    }
  const std::size_t before_tests = problems.size();
  // The tests are about the rules: what waits for its lists would fail every one that expects an open site.
  Problems failed = rules::run_rule_tests(configuration.policy, **snapshot, now);
  const auto failed_tests = std::size_t(std::ranges::count(failed, Problem::Severity::error, &Problem::severity));
  problems.insert(problems.end(), failed.begin(), failed.end());
  if (must_serve)
    serve_all_the_same(from(problems, before_tests), "tests",
                       "the policy is in force all the same; a reload would refuse it", fallbacks);
  const rules::Protection protection = protection_now(configuration, **snapshot, now, known);
  if (use == ListUse::check) {
    Problems advice = rules::rule_advice(configuration.policy);
    problems.insert(problems.end(), advice.begin(), advice.end());
    add_gaps(protection, folder, problems);
  }
  if (has_errors(problems)) return std::unexpected(std::move(problems));
  if (data->publish) {
    const std::size_t before_publishing = problems.size();
    if (auto published = data->publish(); !published)
      problems.push_back({.at = {.file = (folder / "lists.yaml").string()},
                          .message = published.error().what,
                          .hint = published.error().next});
    if (must_serve)
      serve_all_the_same(from(problems, before_publishing), "lists",
                         "the lists are in force, and the next start compiles them again", fallbacks);
    if (has_errors(problems)) return std::unexpected(std::move(problems));
  }
  LoadedPolicy out{std::move(configuration), std::move(*snapshot), std::move(problems), std::move(fallbacks)};
  out.failed_tests = failed_tests;
  out.lists_unreadable = known == ListsKnown::unreadable;
  if (auto closed = close_what_waits(out, protection, now); !closed) return std::unexpected(std::move(closed.error()));
  return out;
}

}  // namespace schoolgate::app
