// Whom the policy names: which group an account, a group of the directory or a kind of device belongs to.
//
// Filled by the compiler, then immutable. A question costs one hash, and nothing where the policy names none of a kind.
// Names are in the form of member_name() (presence.h) on both sides.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rules/presence.h"
#include "rules/subject.h"
#include "rules/text_hash.h"

namespace schoolgate::rules {

class MemberTable {
 public:
  /// The group that has it already, which it then stays in; nothing when it was new.
  std::optional<GroupIndex> add_user(std::string_view name, GroupIndex group);
  /// Any number of groups may name one of the directory: the first of them counts, so add them in their order.
  void add_directory_group(std::string_view name, GroupIndex group);
  /// `kind` is an index into kDeviceKinds.
  std::optional<GroupIndex> add_device(std::size_t kind, GroupIndex group);

  [[nodiscard]] std::optional<GroupIndex> of_user(std::string_view name) const noexcept;
  /// The first group of the policy that names one of `names`.
  [[nodiscard]] std::optional<GroupIndex> of_directory_groups(const std::vector<std::string>& names) const noexcept;
  [[nodiscard]] std::optional<GroupIndex> of_device(std::string_view kind) const noexcept;

 private:
  ByText<GroupIndex> users_, directory_groups_;
  /// A bit for each length and last letter in use: most groups that a person is in are named by no policy.
  std::array<std::uint64_t, 4> ends_{};
  std::array<std::optional<GroupIndex>, kDeviceKinds.size()> devices_;
};

}  // namespace schoolgate::rules
