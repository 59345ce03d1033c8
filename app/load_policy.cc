#include "app/load_policy.h"

#include <algorithm>
#include <string_view>

#include "app/category_data.h"
#include "app/table.h"
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

}  // namespace

std::expected<LoadedPolicy, Problems> load_policy(const std::filesystem::path& folder, TimePoint now,
                                                  RefusedLists refused) {
  return policy_from(config::load(folder), folder, now, refused);
}

std::expected<LoadedPolicy, Problems> policy_from(config::Loaded loaded, const std::filesystem::path& folder,
                                                  TimePoint now, RefusedLists refused) {
  const bool must_serve = refused == RefusedLists::serve_last_good;
  std::vector<StartFallback> fallbacks;
  Problems problems = std::move(loaded.problems);
  if (!loaded.configuration) return std::unexpected(std::move(problems));
  config::Configuration& configuration = *loaded.configuration;

  const std::size_t before_lists = problems.size();
  auto data = category_data(configuration, now, problems);
  if (!data) {
    problems.push_back(
        {.at = {.file = (folder / "lists.yaml").string()}, .message = data.error().what, .hint = data.error().next});
    if (!must_serve) return std::unexpected(std::move(problems));
    data = CategoryData{blocklists::CategoryDb::empty()};
  }
  const auto& lists = data->lists;
  if (must_serve && !data->must_not_serve)
    serve_all_the_same(from(problems, before_lists), "lists",
                       lists->lists().empty() ? "no list is in force" : "the lists in force before stay in force",
                       fallbacks);
  // Which data decided belongs to the version: the same rules over other lists are another policy.
  if (!lists->checksum().empty()) configuration.policy.version += "-" + lists->checksum().substr(0, 8);

  Problems warnings;
  auto snapshot = rules::PolicySnapshot::compile(configuration.policy, lists, now, warnings);
  problems.insert(problems.end(), warnings.begin(), warnings.end());
  if (!snapshot) {
    problems.insert(problems.end(), snapshot.error().begin(), snapshot.error().end());
    return std::unexpected(std::move(problems));
  }
  const std::size_t before_tests = problems.size();
  Problems failed = rules::run_rule_tests(configuration.policy, **snapshot, now);
  problems.insert(problems.end(), failed.begin(), failed.end());
  if (must_serve)
    serve_all_the_same(from(problems, before_tests), "tests",
                       "the policy is in force all the same; a reload would refuse it", fallbacks);
  if (has_errors(problems)) return std::unexpected(std::move(problems));
  return LoadedPolicy{std::move(configuration), std::move(*snapshot), std::move(problems), std::move(fallbacks)};
}

}  // namespace schoolgate::app
