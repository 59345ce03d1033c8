#include "rules/member_table.h"

#include <algorithm>

namespace schoolgate::rules {
namespace {

/// Of 256.
std::size_t bit_of(std::string_view name) noexcept {
  const auto last = static_cast<unsigned char>(name.empty() ? 0 : name.back());
  const auto middle = static_cast<unsigned char>(name.empty() ? 0 : name[name.size() / 2]);
  return (name.size() * 31 + last * 7u + middle) & 0xFF;
}

std::optional<GroupIndex> find(const ByText<GroupIndex>& table, std::string_view name) noexcept {
  const auto found = table.find(name);
  return found == table.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<GroupIndex> MemberTable::add_user(std::string_view name, GroupIndex group) {
  const auto [place, is_new] = users_.try_emplace(std::string(name), group);
  return is_new ? std::nullopt : std::optional(place->second);
}

void MemberTable::add_directory_group(std::string_view name, GroupIndex group) {
  directory_groups_.try_emplace(std::string(name), group);
  const std::size_t bit = bit_of(name);
  ends_[bit / 64] |= std::uint64_t{1} << bit % 64;
}

std::optional<GroupIndex> MemberTable::add_device(std::size_t kind, GroupIndex group) {
  if (devices_[kind]) return devices_[kind];
  devices_[kind] = group;
  return std::nullopt;
}

std::optional<GroupIndex> MemberTable::of_user(std::string_view name) const noexcept {
  return users_.empty() ? std::nullopt : find(users_, name);
}

std::optional<GroupIndex> MemberTable::of_directory_groups(const std::vector<std::string>& names) const noexcept {
  std::optional<GroupIndex> first;
  if (directory_groups_.empty()) return first;
  for (const std::string& name : names) {
    const std::size_t bit = bit_of(name);
    if ((ends_[bit / 64] >> bit % 64 & 1) == 0) continue;
    if (const auto group = find(directory_groups_, name); group && (!first || *group < *first)) first = group;
  }
  return first;
}

std::optional<GroupIndex> MemberTable::of_device(std::string_view kind) const noexcept {
  const auto found = std::ranges::find(kDeviceKinds, kind);
  return found == kDeviceKinds.end() ? std::nullopt : devices_[static_cast<std::size_t>(found - kDeviceKinds.begin())];
}

}  // namespace schoolgate::rules
