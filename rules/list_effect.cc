#include "rules/list_effect.h"

#include "rules/compiled_policy.h"

namespace schoolgate::rules {

std::expected<ListEffect, Problems> ListEffect::of(const PolicySpec& policy, TimePoint now) {
  Problems warnings;
  auto compiled = PolicySnapshot::compile(policy, blocklists::CategoryDb::empty(), now, warnings);
  if (!compiled) return std::unexpected(std::move(compiled.error()));
  return ListEffect(std::move(*compiled), now);
}

bool ListEffect::refuses(const names::Url& site, std::string_view category) const {
  const CompiledPolicy& policy = policy_->compiled();
  const CategoryId id = policy.categories.find(category);
  if (id == kNoCategory || policy.categories[id].support) return false;
  if (policy.categories[id].illegal) return true;
  const Request request = Request::of_url(site, "GET");
  for (std::size_t group = 0; group < policy.groups.size(); ++group) {
    if (policy.groups[group].strictest(id) != Action::block) continue;
    if (policy.groups[group].unlisted({}) == Action::block) continue;
    const Verdict without = policy_->decide({.group = static_cast<GroupIndex>(group)}, request, Stage::request, now_);
    if (without.reason.tier > Tier::local) return true;
  }
  return false;
}

}  // namespace schoolgate::rules
