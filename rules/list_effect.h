// Would a group be refused a site because a list puts it into a category? What the gates of lists ask the policy.
//
// Pure; made once for an update and asked some thousand times; one thread.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/problem.h"
#include "names/url.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {

class ListEffect {
 public:
  /// The Problems of a policy that does not compile.
  [[nodiscard]] static std::expected<ListEffect, Problems> of(const PolicySpec& policy, TimePoint now);

  /// True when some group, at any time of the week, would be refused `site` for standing in a list of `category`.
  /// Illegal content is refused to everybody. Not so where the group does not block the category, where it is a site of
  /// help, where the school's own rules decide about the site before any list does, and where the group has only what
  /// is allowed by name.
  [[nodiscard]] bool refuses(const names::Url& site, std::string_view category) const;

 private:
  ListEffect(std::shared_ptr<const PolicySnapshot> policy, TimePoint now) : policy_(std::move(policy)), now_(now) {}

  std::shared_ptr<const PolicySnapshot> policy_;  // without any list
  TimePoint now_;
};

}  // namespace schoolgate::rules
