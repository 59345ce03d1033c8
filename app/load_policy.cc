#include "app/load_policy.h"

#include "app/category_data.h"

namespace schoolgate::app {

std::expected<LoadedPolicy, Problems> load_policy(const std::filesystem::path& folder, TimePoint now,
                                                  RefusedLists refused) {
  config::Loaded loaded = config::load(folder);
  Problems problems = std::move(loaded.problems);
  if (!loaded.configuration) return std::unexpected(std::move(problems));
  config::Configuration& configuration = *loaded.configuration;

  const std::size_t before_lists = problems.size();
  auto data = category_data(configuration, now, problems);
  if (!data) {
    problems.push_back(
        {.at = {.file = (folder / "lists.yaml").string()}, .message = data.error().what, .hint = data.error().next});
    return std::unexpected(std::move(problems));
  }
  const auto& lists = data->lists;
  if (refused == RefusedLists::serve_last_good && data->last_good && !data->must_not_serve && !lists->lists().empty())
    for (std::size_t i = before_lists; i < problems.size(); ++i) problems[i].severity = Problem::Severity::warning;
  // Which data decided belongs to the version: the same rules over other lists are another policy.
  if (!lists->checksum().empty()) configuration.policy.version += "-" + lists->checksum().substr(0, 8);

  Problems warnings;
  auto snapshot = rules::PolicySnapshot::compile(configuration.policy, lists, now, warnings);
  problems.insert(problems.end(), warnings.begin(), warnings.end());
  if (!snapshot) {
    problems.insert(problems.end(), snapshot.error().begin(), snapshot.error().end());
    return std::unexpected(std::move(problems));
  }
  Problems failed = (*snapshot)->run_tests(configuration.policy.tests, now);
  problems.insert(problems.end(), failed.begin(), failed.end());
  if (has_errors(problems)) return std::unexpected(std::move(problems));
  return LoadedPolicy{std::move(configuration), std::move(*snapshot), std::move(problems)};
}

}  // namespace schoolgate::app
