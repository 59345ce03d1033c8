#include "console/change_draft.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/digest.h"
#include "casework/shown_text.h"
#include "changes/drafts.h"
#include "console/days.h"
#include "names/url.h"

namespace schoolgate::console {

namespace {

using rules::RuleSpec;

constexpr std::array<std::pair<std::string_view, Edit>, 8> kEdits{{{"add-rule", Edit::add_rule},
                                                                   {"remove-rule", Edit::remove_rule},
                                                                   {"end-rule", Edit::end_rule},
                                                                   {"category", Edit::category},
                                                                   {"add-schedule", Edit::add_schedule},
                                                                   {"remove-schedule", Edit::remove_schedule},
                                                                   {"list", Edit::list},
                                                                   {"text", Edit::text}}};

constexpr std::size_t kLongestRule = 2000;

/// Undoes what makes an address harmless to click.
std::string refanged(std::string text) {
  for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"hxxp", "http"}, {"[.]", "."}})
    for (std::size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, from.size(), to);
  return text;
}

/// A site, or an address with a path, of whatever was pasted.
Result<void> set_address(RuleSpec& rule, const std::string& typed) {
  std::string text = refanged(typed);
  if (text.find("://") == std::string::npos) text = "http://" + text;
  const auto url = names::Url::parse(text);
  if (!url) return fail(Fault::client, "address: this is no address of a site");
  const std::string target(url->target());
  rule.text = url->host();
  rule.kind = RuleSpec::Kind::site;
  if (target.empty() || target == "/") return {};
  rule.kind = RuleSpec::Kind::url;
  rule.text += target;
  return {};
}

Result<std::optional<std::chrono::year_month_day>> day_in(const web::Form& form, std::string_view name) {
  const std::string_view text = form.get(name);
  if (text.empty()) return std::optional<std::chrono::year_month_day>();
  const auto day = read_day(text);
  if (!day) return fail(Fault::client, std::string(name) + ": not a date, such as 2026-12-18");
  return std::optional(std::chrono::year_month_day(*day));
}

/// "12:30" as minutes.
std::optional<int> minute_of_day(std::string_view text) {
  int hours = 0, minutes = 0;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  if (std::from_chars(text.data(), text.data() + 2, hours).ptr != text.data() + 2) return std::nullopt;
  if (std::from_chars(text.data() + 3, text.data() + 5, minutes).ptr != text.data() + 5) return std::nullopt;
  if (hours < 0 || hours > 24 || minutes < 0 || minutes > 59 || hours * 60 + minutes > 24 * 60) return std::nullopt;
  return hours * 60 + minutes;
}

constexpr std::array<std::string_view, 7> kDayFields{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

Result<rules::ScheduleSpec> schedule_in(const web::Form& form) {
  rules::ScheduleSpec schedule;
  for (const std::string_view day : form.all("days"))
    for (std::size_t i = 0; i < kDayFields.size(); ++i) schedule.days[i] = schedule.days[i] || day == kDayFields[i];
  if (std::ranges::none_of(schedule.days, std::identity())) return fail(Fault::client, "days: choose one at least");
  const auto from = minute_of_day(form.get("from")), to = minute_of_day(form.get("to"));
  if (!from || !to) return fail(Fault::client, "from: times are written as 12:30");
  schedule.from_minute = *from;
  schedule.to_minute = *to;
  const auto action = rules::action_from(form.get("action"));
  if (!action) return fail(Fault::client, "action: choose one");
  schedule.categories.push_back({.category = std::string(form.get("category")), .action = *action, .at = {}});
  return schedule;
}

}  // namespace

std::optional<Edit> edit_from(std::string_view name) noexcept {
  for (const auto& [word, edit] : kEdits)
    if (word == name) return edit;
  return std::nullopt;
}

Result<RuleSpec> rule_in(const web::Form& form) {
  RuleSpec rule;
  const std::string_view effect = form.get("effect"), kind = form.get("kind");
  rule.effect = effect == "allow"   ? RuleSpec::Effect::allow
                : effect == "terms" ? RuleSpec::Effect::categorise
                                    : RuleSpec::Effect::block;
  auto text = casework::typed_text("address", form.get("text"), kLongestRule);
  if (!text) return std::unexpected(std::move(text.error()));
  if (text->empty()) return fail(Fault::client, "address: it is missing");
  if (kind == "term" || kind == "pattern") {
    rule.kind = kind == "term" ? RuleSpec::Kind::term : RuleSpec::Kind::pattern;
    rule.text = std::move(*text);
  } else if (auto set = set_address(rule, *text); !set) {
    return std::unexpected(std::move(set.error()));
  }
  rule.category = form.get("category");
  if (rule.effect == RuleSpec::Effect::allow) rule.category.clear();
  if (rule.effect != RuleSpec::Effect::allow && rule.category.empty())
    return fail(Fault::client, "category: choose what it is about");
  for (const std::string_view group : form.all("groups")) rule.groups.emplace_back(group);
  const auto until = day_in(form, "until");
  if (!until) return std::unexpected(until.error());
  rule.until = *until;
  for (const auto& [field, into] : {std::pair{"reason", &rule.why}, {"risk", &rule.risk_assessment}}) {
    auto words = casework::typed_text(field, form.get(field), kLongestRule);
    if (!words) return std::unexpected(std::move(words.error()));
    *into = std::move(*words);
  }
  return rule;
}

std::string rule_key(const RuleSpec& rule) {
  std::string all = std::to_string(int(rule.effect)) + "\n" + std::to_string(int(rule.kind)) + "\n" + rule.text;
  for (const std::string& group : rule.groups) all += "\n" + group;
  return to_hex(sha256(all)).substr(0, 16);
}

const RuleSpec* find_rule(const rules::PolicySpec& spec, std::string_view key) {
  for (const RuleSpec& rule : spec.rules)
    if (rule.measure.empty() && rule_key(rule) == key) return &rule;
  return nullptr;
}

Result<changes::FileTexts> draft_of(Edit edit, const web::Form& form, const changes::FileTexts& now,
                                    const rules::PolicySpec& spec) {
  const auto rule = [&]() -> Result<const RuleSpec*> {
    const RuleSpec* const found = find_rule(spec, form.get("rule"));
    if (found == nullptr) return fail(Fault::client, "there is no such rule any more");
    return found;
  };
  switch (edit) {
    case Edit::add_rule: {
      const auto added = rule_in(form);
      if (!added) return std::unexpected(added.error());
      return changes::with_rule(now, *added);
    }
    case Edit::remove_rule: {
      const auto found = rule();
      if (!found) return std::unexpected(found.error());
      return changes::without_rule(now, **found);
    }
    case Edit::end_rule: {
      const auto found = rule();
      if (!found) return std::unexpected(found.error());
      const auto until = day_in(form, "until");
      if (!until) return std::unexpected(until.error());
      return changes::with_rule_end(now, **found, *until);
    }
    case Edit::category: {
      const auto action = rules::action_from(form.get("action"));
      if (!action && form.get("action") != "none") return fail(Fault::client, "action: choose one");
      if (spec.categories.find(form.get("category")) == rules::kNoCategory)
        return fail(Fault::client, "category: there is no such category");
      return changes::with_category_action(now, form.get("group"), form.get("category"), action);
    }
    case Edit::add_schedule: {
      const auto schedule = schedule_in(form);
      if (!schedule) return std::unexpected(schedule.error());
      return changes::with_schedule(now, form.get("group"), *schedule);
    }
    case Edit::remove_schedule: {
      const auto index = form.number("index", 0, 10'000);
      if (!index) return fail(Fault::client, "there is no such schedule");
      return changes::without_schedule(now, form.get("group"), std::size_t(*index));
    }
    case Edit::list: return changes::with_list(now, form.get("list"), form.get("on") == "yes");
    case Edit::text: break;
  }
  // Browsers send CR LF; a file that has such line ends keeps them.
  std::string text(form.get("text"));
  const auto there = now.find(std::string(form.get("file")));
  if (there == now.end() || there->second.find("\r\n") == std::string::npos) std::erase(text, '\r');
  return changes::with_text(now, form.get("file"), std::move(text));
}

std::string rule_words(const RuleSpec& rule, const rules::PolicySpec& spec) {
  using Kind = RuleSpec::Kind;
  using enum RuleSpec::Effect;
  std::string words = rule.effect == allow        ? "allow "
                      : rule.effect == categorise ? "take as " + rule.category + ": "
                                                  : "block ";
  words += rule.kind == Kind::term      ? "searches for \"" + rule.text + "\""
           : rule.kind == Kind::pattern ? "the pattern " + rule.text
                                        : casework::defang(rule.text);
  for (std::size_t i = 0; i < rule.groups.size(); ++i) {
    const auto group = std::ranges::find(spec.groups, rule.groups[i], &rules::GroupSpec::id);
    words += (i == 0 ? " for " : ", ") + (group == spec.groups.end() ? rule.groups[i] : group->title);
  }
  return words;
}

std::string draft_words(Edit edit, const web::Form& form, const rules::PolicySpec& spec) {
  const RuleSpec* const rule = find_rule(spec, form.get("rule"));
  const std::string which = rule == nullptr ? "a rule that is gone" : rule_words(*rule, spec);
  const std::string group(form.get("group"));
  switch (edit) {
    case Edit::add_rule: return form.get("effect") == "allow" ? "Open an address" : "Close an address";
    case Edit::remove_rule: return "Take out: " + which;
    case Edit::end_rule: return "When it ends: " + which;
    case Edit::category: return "What happens to " + std::string(form.get("category")) + " in " + group;
    case Edit::add_schedule: return "Another answer at certain times in " + group;
    case Edit::remove_schedule: return "Take out a time of " + group;
    case Edit::list:
      return (form.get("on") == "yes" ? "Switch on the list " : "Switch off the list ") + std::string(form.get("list"));
    case Edit::text: break;
  }
  return "Change the file " + std::string(form.get("file"));
}

}  // namespace schoolgate::console
