#include "rules/snapshot.h"

#include <array>
#include <utility>

#include "rules/compiled_policy.h"
#include "rules/judge.h"
#include "rules/judge_content.h"
#include "rules/shipped_tables.h"

namespace schoolgate::rules {
namespace {

constexpr std::string_view kSealed = "sealed";

/// How a record names a rule: stable when lines move. What a rule of an illegal category names is not repeated.
std::string name_of(const OwnRule& rule) {
  using Effect = RuleSpec::Effect;
  using Kind = RuleSpec::Kind;
  if (rule.helped) return "needed by " + rule.helped->site;
  std::string name;
  switch (rule.effect) {
    case Effect::allow: name = "allow "; break;
    case Effect::emergency: name = "emergency "; break;
    case Effect::block: name = "block "; break;
    case Effect::categorise: break;
  }
  switch (rule.kind) {
    case Kind::site: name += "site "; break;
    case Kind::url: name += "url "; break;
    case Kind::pattern: name += "pattern "; break;
    case Kind::term: name += "term "; break;
    case Kind::everything: return name + "everything but the exam";
  }
  return name.append(rule.illegal ? kSealed : std::string_view(rule.entry));
}

/// A network is cited as such, not as the one address that was asked.
std::string entry_text(const Reason& reason) {
  std::string_view text = reason.entry;
  if (reason.network_bits == 0) return std::string(text);
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  const auto address = names::IpAddress::parse(text);
  if (!address) return std::string(text);
  std::array<std::uint8_t, 16> bytes = address->bytes();
  for (int bit = reason.network_bits; bit < 128; ++bit)
    bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
  const auto base = names::IpAddress::v6(bytes);
  return base.text() + "/" + std::to_string(base.is_v4() ? reason.network_bits - 96 : reason.network_bits);
}

}  // namespace

PolicySnapshot::PolicySnapshot() = default;
PolicySnapshot::~PolicySnapshot() = default;

Subject PolicySnapshot::subject_for(const names::IpAddress& address) const noexcept {
  Subject subject{.address = address, .group = impl_->fallback};
  if (const auto found = impl_->networks.find(address)) {
    subject.group = found->group;
    subject.confidence = found->prefix_length == 128 ? Confidence::device : Confidence::network;
    subject.source = "network";
    subject.chosen_by = ChosenBy::network;
  }
  return subject;
}

Subject PolicySnapshot::subject_for(const names::IpAddress& address, const Presence* presence) const noexcept {
  Subject subject = subject_for(address);
  if (presence == nullptr) return subject;
  subject.presence = presence;
  subject.by_name_only = presence->device.by_name_only;
  const auto choose = [&](std::optional<GroupIndex> group, ChosenBy by) {
    if (!group || by < subject.chosen_by) return;
    subject.group = *group;
    subject.chosen_by = by;
  };
  choose(impl_->members.of_device(presence->device.kind), ChosenBy::device);
  if (subject.chosen_by == ChosenBy::device || !presence->device.mac.empty()) {
    subject.confidence = Confidence::device;
    subject.source = "device";
  }
  if (presence->person) {
    const Person& person = *presence->person;
    subject.user = person.user;
    subject.confidence = person.confidence;
    subject.source = person.source;
    choose(impl_->members.of_directory_groups(person.groups), ChosenBy::directory_group);
    choose(impl_->members.of_user(person.user), ChosenBy::user);
  }
  return subject;
}

std::optional<GroupIndex> PolicySnapshot::find_group(std::string_view id) const noexcept {
  for (std::size_t i = 0; i < impl_->groups.size(); ++i)
    if (impl_->groups[i].id == id) return static_cast<GroupIndex>(i);
  return std::nullopt;
}

std::string_view PolicySnapshot::group_id(GroupIndex group) const noexcept {
  return impl_->groups[impl_->known(group)].id;
}

std::string_view PolicySnapshot::group_title(GroupIndex group) const noexcept {
  const GroupPolicy& policy = impl_->groups[impl_->known(group)];
  return policy.title.empty() ? policy.id : policy.title;
}

Verdict PolicySnapshot::decide(const Subject& subject, const Request& request, Stage stage,
                               TimePoint now) const noexcept {
  return judge(*impl_, subject, request, stage, now);
}

Verdict PolicySnapshot::spent(const Verdict& verdict) const noexcept {
  if (verdict.allowance_minutes == 0 || verdict.action == Action::block) return verdict;
  Verdict used_up;
  used_up.inspect_reason = verdict.inspect_reason;
  used_up.reason.tier = Tier::category;
  used_up.reason.stage = verdict.reason.stage;
  used_up.reason.category = verdict.allowance_category;
  used_up.reason.allowance_of = impl_->known(verdict.allowance_group);
  return used_up;
}

Verdict PolicySnapshot::decide_response(const Subject& subject, const Request& request, const Verdict& judged,
                                        const ResponseFacts& facts) const noexcept {
  Verdict verdict;
  verdict.action = Action::allow;
  verdict.reason.stage = Stage::response;
  const GroupIndex group = impl_->known(subject.group);
  const GroupPolicy& policy = impl_->groups[group];
  if (!policy.downloads || judged.reason.tier == Tier::support) return verdict;
  if (judged.reason.tier == Tier::local && judged.action == Action::allow && judged.reason.rule >= 0 &&
      impl_->rules.all()[static_cast<std::size_t>(judged.reason.rule)].kind == RuleSpec::Kind::url)
    return verdict;
  try {
    verdict.reason.entry = policy.downloads->refusal(request.url().path(), facts);
    if (verdict.reason.entry.empty()) return verdict;
    verdict.reason.downloads_of = group;
  } catch (...) {
    verdict.reason.undecided = true;  // memory
  }
  verdict.action = Action::block;
  verdict.reason.tier = Tier::local;
  return verdict;
}

std::uint64_t PolicySnapshot::download_limit(GroupIndex group) const noexcept {
  const auto& downloads = impl_->groups[impl_->known(group)].downloads;
  return downloads ? downloads->max_size() : 0;
}

bool PolicySnapshot::reads_content(const Subject& subject, const Request& request,
                                   const Verdict& judged) const noexcept {
  return rules::reads_content(*impl_, subject, request, judged);
}

Verdict PolicySnapshot::decide_content(const Subject& subject, const ContentFacts& facts,
                                       TimePoint now) const noexcept {
  return judge_content(*impl_, subject, facts, now);
}

bool PolicySnapshot::keeps_words(GroupIndex group) const noexcept {
  const auto& content = impl_->groups[impl_->known(group)].content;
  return content && content->keeps_words();
}

bool PolicySnapshot::reads_any_content() const noexcept {
  return std::ranges::any_of(impl_->groups, [](const GroupPolicy& group) { return group.content.has_value(); });
}

Inspection PolicySnapshot::why_inspect(const Subject& subject, const Request& by_name, TimePoint now) const noexcept {
  return inspection_of(*impl_, subject, by_name, now);
}

std::string_view PolicySnapshot::safe_endpoint(GroupIndex group, std::string_view host) const noexcept {
  const GroupPolicy& policy = impl_->groups[impl_->known(group)];
  return policy.safe_search ? safe_endpoint_of(host, policy.youtube) : std::string_view();
}

std::vector<Citation> PolicySnapshot::considered(const Subject& subject, const Request& request, Stage stage,
                                                 TimePoint now) const {
  std::vector<Citation> citations;
  for (const Finding& finding : all_findings(*impl_, subject, request, stage, now))
    citations.push_back(cite({.action = finding.action, .reason = finding.reason}));
  return citations;
}

std::vector<SiteCategory> PolicySnapshot::categories_of(const Subject& subject, const Request& request,
                                                        const Verdict& verdict, TimePoint now) const {
  const GroupPolicy& group = impl_->groups[impl_->known(subject.group)];
  const GroupPolicy::Open open = group.open_at(impl_->clock, now);
  std::vector<SiteCategory> categories;
  const auto of = [&](CategoryId id) -> SiteCategory& {
    const Category& category = impl_->categories[id];
    const auto known = std::ranges::find(categories, category.id, &SiteCategory::id);
    if (known != categories.end()) return *known;
    const CategorySetting setting = group.setting(id, open);
    const Action action = category.illegal ? Action::block : setting.named ? setting.action : Action::allow;
    return categories.emplace_back(SiteCategory{.id = category.id, .urgency = category.urgency, .action = action});
  };
  const auto add = [](std::vector<std::string>& names, std::string name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  };
  if (verdict.reason.named() != kNoCategory) (void)of(verdict.reason.named());
  for (const Finding& finding : all_findings(*impl_, subject, request, verdict.reason.stage, now)) {
    if (finding.reason.category == kNoCategory) continue;
    SiteCategory& category = of(finding.reason.category);
    if (finding.reason.rule >= 0)
      add(category.rules, impl_->rules.all()[static_cast<std::size_t>(finding.reason.rule)].at.line_text());
    else if (finding.reason.list >= 0)
      add(category.lists, impl_->lists->lists()[static_cast<std::size_t>(finding.reason.list)].name);
  }
  return categories;
}

Citation PolicySnapshot::cite(const Verdict& verdict) const {
  const Reason& reason = verdict.reason;
  Citation citation{.tier = std::string(to_string(reason.tier)), .policy_version = impl_->version};
  citation.action = to_string(verdict.action);
  if (const CategoryId named = reason.named(); named != kNoCategory) {
    const Category& category = impl_->categories[named];
    citation.category = category.id;
    citation.theme = category.theme;
    citation.urgency = category.urgency;
    citation.illegal = category.illegal;
  }
  citation.nested = reason.nested;
  const auto lists = impl_->lists->lists();
  if (reason.downloads_of >= 0) {
    const GroupPolicy& group = impl_->groups[static_cast<std::size_t>(reason.downloads_of)];
    citation.rule = "downloads of " + std::string(reason.entry);
    citation.entry = reason.entry;
    citation.source = group.downloads->at.line_text();
  } else if (reason.content_of >= 0) {
    const ContentLimits& content = *impl_->groups[static_cast<std::size_t>(reason.content_of)].content;
    citation.rule = "content";
    if (reason.category != kNoCategory)
      citation.entry =
          "score " + std::to_string(reason.score) + ", threshold " + std::to_string(content.threshold(reason.category));
    citation.source = content.at.line_text();
  } else if (reason.allowance_of >= 0) {
    const GroupPolicy& group = impl_->groups[static_cast<std::size_t>(reason.allowance_of)];
    if (const std::uint16_t minutes = group.allowance(reason.category); minutes != 0) {
      citation.rule = "allowance of " + std::to_string(minutes) + (minutes == 1 ? " minute a day" : " minutes a day");
      citation.entry = citation.category;
      citation.source = group.allowance_at(reason.category).line_text();
    }
  } else if (reason.rule >= 0) {
    const OwnRule& rule = impl_->rules.all()[static_cast<std::size_t>(reason.rule)];
    citation.sealed = rule.illegal;
    citation.rule = name_of(rule);
    citation.entry = rule.illegal ? kSealed : std::string_view(rule.entry);
    citation.source = rule.at.line_text();
  } else if (reason.list >= 0 && static_cast<std::size_t>(reason.list) < lists.size()) {
    const blocklists::ListInfo& list = lists[static_cast<std::size_t>(reason.list)];
    citation.list = list.name;
    citation.sealed = list.sealed || citation.illegal;
    citation.entry = citation.sealed ? std::string(kSealed) : entry_text(reason);
    citation.source = citation.sealed ? kSealed : std::string_view(list.source);
  } else if (reason.tier == Tier::support) {
    citation.list = kSupportTableName;
    citation.entry = reason.entry;
    citation.source = kSupportTableSource;
  }
  return citation;
}

const CategoryTable& PolicySnapshot::categories() const noexcept { return impl_->categories; }
const blocklists::CategoryDb& PolicySnapshot::lists() const noexcept { return *impl_->lists; }
const std::shared_ptr<const blocklists::CategoryDb>& PolicySnapshot::shared_lists() const noexcept {
  return impl_->lists;
}
const CompiledPolicy& PolicySnapshot::compiled() const noexcept { return *impl_; }
const std::string& PolicySnapshot::version() const noexcept { return impl_->version; }

}  // namespace schoolgate::rules
