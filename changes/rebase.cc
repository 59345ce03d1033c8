#include "changes/rebase.h"

#include <algorithm>
#include <tuple>

#include "breaches/line_diff.h"
#include "changes/change_work.h"
#include "changes/merge_texts.h"
#include "config/edit.h"

namespace schoolgate::changes {
namespace {

using Parts = std::vector<ChangedPart>;

struct Sides {
  config::Configuration was, is;
  [[nodiscard]] Parts meaning() const { return meaning_of(was, is); }
};

Result<Sides> sides_of(const std::filesystem::path& folder, const FileTexts& before, const FileTexts& after) {
  config::Loaded was = load_files(folder, before), is = load_files(folder, after);
  for (const config::Loaded* const one : {&was, &is})
    if (!one->configuration)
      return fail(Fault::config, one->problems.empty() ? "it cannot be read" : one->problems.front().text());
  return Sides{std::move(*was.configuration), std::move(*is.configuration)};
}

bool is_same_rule(const rules::RuleSpec& a, const rules::RuleSpec& b) {
  const auto values = [](const rules::RuleSpec& rule) {
    return std::tie(rule.effect, rule.kind, rule.text, rule.category, rule.groups, rule.why, rule.approved_by,
                    rule.risk_assessment, rule.until, rule.exact);
  };
  return values(a) == values(b) &&
         std::ranges::equal(a.needs, b.needs, {}, &rules::HelperSpec::host, &rules::HelperSpec::host);
}

/// Those of `rules` in the file `name` that `others` does not have.
std::vector<rules::RuleSpec> only_in(const std::vector<rules::RuleSpec>& rules,
                                     const std::vector<rules::RuleSpec>& others, const std::string& file) {
  std::vector<rules::RuleSpec> found;
  for (const rules::RuleSpec& rule : rules)
    if (rule.at.file == file &&
        std::ranges::none_of(others, [&](const rules::RuleSpec& other) { return is_same_rule(rule, other); }))
      found.push_back(rule);
  return found;
}

bool mean_the_same(Parts a, Parts b) {
  const auto order = [](const ChangedPart& one) {
    return std::tie(one.kind, one.sentence, one.groups, one.whole_category, one.values);
  };
  std::ranges::sort(a, {}, order);
  std::ranges::sort(b, {}, order);
  return a == b;
}

std::optional<std::string> text_in(const FileTexts& files, const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? std::nullopt : std::optional(found->second);
}

/// Nothing: one of the files cannot be merged.
std::optional<std::vector<ProposedFile>> merged(const FileTexts& now, const std::vector<ProposedFile>& proposed,
                                                BothAdded both) {
  std::vector<ProposedFile> files;
  for (const ProposedFile& file : proposed) {
    const auto there = text_in(now, file.name);
    if (there == file.before) {
      files.push_back(file);
      continue;
    }
    if (!there || !file.before || !file.after) return std::nullopt;
    auto text = merge_texts(*file.before, *there, *file.after, both);
    if (!text || *text == *there) return std::nullopt;
    files.push_back({file.name, there, std::move(text)});
  }
  return files;
}

std::optional<rules::Action> action_of(const rules::GroupSpec& group, const std::string& category) {
  const auto found = std::ranges::find(group.categories, category, &rules::CategoryActionSpec::category);
  return found == group.categories.end() ? std::nullopt : std::optional(found->action);
}

/// What groups do with categories, set as the proposal sets it. Nothing: it cannot be.
std::optional<std::string> with_actions(std::string text, const Sides& sides) {
  for (const rules::GroupSpec& group : sides.is.policy.groups) {
    const auto before = std::ranges::find(sides.was.policy.groups, group.id, &rules::GroupSpec::id);
    if (before == sides.was.policy.groups.end()) return std::nullopt;
    for (const rules::Category& category : sides.is.policy.categories.all()) {
      const auto action = action_of(group, category.id);
      if (action == action_of(*before, category.id)) continue;
      auto set = config::set_category_action(text, group.id, category.id, action);
      if (!set) return std::nullopt;
      text = std::move(*set);
    }
  }
  return text;
}

/// Rules, and what groups do with categories. Rules that go are found by what they say, wherever they stand now, and
/// those that come are added. Nothing: one that goes is not there as it was, or the file holds something else.
std::optional<std::vector<ProposedFile>> edited(const std::filesystem::path& folder, const FileTexts& now,
                                                const std::vector<ProposedFile>& proposed, const Sides& sides) {
  const config::Loaded there = load_files(folder, now);
  if (!there.configuration) return std::nullopt;
  std::vector<ProposedFile> files;
  for (const ProposedFile& file : proposed) {
    auto text = text_in(now, file.name);
    if (!text || !file.before || !file.after) return std::nullopt;
    const std::string path = (folder / file.name).string();
    const std::string before = *text;
    if (file.name == "policy.yaml")
      text = with_actions(std::move(*text), sides);
    else if (!file.name.starts_with("rules/"))
      text.reset();
    if (!text) return std::nullopt;
    for (const rules::RuleSpec& rule : only_in(sides.was.policy.rules, sides.is.policy.rules, path)) {
      // Every word of it: a rule that says something else by now is another's.
      const bool is_there = std::ranges::any_of(there.configuration->policy.rules, [&](const rules::RuleSpec& other) {
        return other.at.file == path && is_same_rule(rule, other);
      });
      const auto index = is_there ? config::find_rule(*text, rule) : std::nullopt;
      auto without = index ? config::remove_rule(*text, rule.effect, *index)
                           : Result<std::string>(fail(Fault::client, "it is not there"));
      if (!without) return std::nullopt;
      text = std::move(*without);
    }
    for (const rules::RuleSpec& rule : only_in(sides.is.policy.rules, sides.was.policy.rules, path)) {
      auto with = config::find_rule(*text, rule) ? Result<std::string>(fail(Fault::client, "it is there"))
                                                 : config::add_rule(*text, rule);
      if (!with) return std::nullopt;
      text = std::move(*with);
    }
    if (*text == before) return std::nullopt;
    files.push_back({file.name, before, std::move(text)});
  }
  return files;
}

}  // namespace

Result<Rebased> rebase(const std::filesystem::path& folder, const FileTexts& now,
                       const std::vector<ProposedFile>& proposed) {
  Rebased found;
  for (const ProposedFile& file : proposed)
    if (const auto there = text_in(now, file.name); there != file.before)
      found.clashes.push_back({file.name, breaches::line_diff(file.before.value_or(""), there.value_or(""))});
  const auto sides = sides_of(folder, with_files(now, proposed, false), with_files(now, proposed, true));
  if (!sides) return std::unexpected(sides.error());
  found.parts = sides->meaning();
  if (found.clashes.empty()) {
    found.files = proposed;
    return found;
  }
  const auto take = [&](std::optional<std::vector<ProposedFile>> files) {
    if (!files || !found.files.empty()) return;
    const auto meant = sides_of(folder, now, with_files(now, *files, true));
    if (meant && mean_the_same(meant->meaning(), found.parts)) found.files = std::move(*files);
  };
  take(merged(now, proposed, BothAdded::is_a_conflict));
  // Text without a meaning proves nothing of a place in which both wrote.
  if (!found.parts.empty()) {
    take(edited(folder, now, proposed, *sides));
    take(merged(now, proposed, BothAdded::keep_both));
  }
  found.is_merged = !found.files.empty();
  if (found.is_merged) found.clashes.clear();
  return found;
}

}  // namespace schoolgate::changes
