// A policy after compilation: what a PolicySnapshot holds and the judge reads. Internal to this room.
//
// Filled once by the compiler, then immutable; any thread may read.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "blocklists/category_db.h"
#include "rules/group_policy.h"
#include "rules/member_table.h"
#include "rules/network_table.h"
#include "rules/own_rules.h"
#include "rules/site_clock.h"
#include "rules/snapshot.h"
#include "rules/text_hash.h"

namespace schoolgate::rules {

struct CompiledPolicy {
  CompiledPolicy(CategoryTable table, std::shared_ptr<const blocklists::CategoryDb> database, SiteClock zone)
      : categories(std::move(table)), lists(std::move(database)), clock(std::move(zone)) {}

  std::string version;
  CategoryTable categories;
  std::shared_ptr<const blocklists::CategoryDb> lists;
  std::vector<CategoryId> category_of_list;  ///< by index into lists->lists()
  bool has_illegal_list = false;
  SiteClock clock;
  std::vector<GroupPolicy> groups;
  GroupIndex fallback = 0;
  NetworkTable networks;
  MemberTable members;
  OwnRules rules;
  InspectionMode inspection = InspectionMode::off;
  TextSet never_inspect_sites;
  std::vector<bool> never_inspect_categories;  ///< by CategoryId

  /// An index of another snapshot may be out of range here: such a subject is unknown here.
  [[nodiscard]] GroupIndex known(GroupIndex group) const noexcept { return group < groups.size() ? group : fallback; }
  [[nodiscard]] CategoryId category_of(const blocklists::Match& match) const noexcept {
    return match.list < category_of_list.size() ? category_of_list[match.list] : kNoCategory;
  }
};

struct PolicySnapshot::Impl : CompiledPolicy {
  explicit Impl(CompiledPolicy&& policy) : CompiledPolicy(std::move(policy)) {}
};

}  // namespace schoolgate::rules
