// What one group may do, by category and by time, compiled.
//
// Immutable inside a snapshot; any thread may ask.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/category.h"
#include "rules/content_limits.h"
#include "rules/downloads.h"
#include "rules/policy_spec.h"
#include "rules/site_clock.h"

namespace schoolgate::rules {

/// A stretch of time that comes again on some days of the week. It belongs to the day on which it starts, opens when
/// the wall first shows `from_minute` and closes when the wall last shows `to_minute`, so a clock change inside it
/// neither splits nor loses it.
struct Window {
  std::array<bool, 7> days{};  ///< Monday first
  int from_minute = 0, to_minute = 0;

  [[nodiscard]] bool open_at(const SiteClock& clock, TimePoint now) const noexcept;
};

/// A group's action for a category, and where it is written.
struct CategorySetting {
  Action action = Action::allow;
  bool named = false;  ///< false: the group says nothing about this category
  const SourcePosition* at = nullptr;
};

class GroupPolicy {
 public:
  static constexpr std::size_t kMaxSchedules = 64;
  /// Which schedules are open, a bit each.
  using Open = std::uint64_t;

  /// Unknown categories of the spec are left out: the compiler has reported them. At most kMaxSchedules schedules.
  GroupPolicy(const GroupSpec& spec, const CategoryTable& categories);

  [[nodiscard]] Open open_at(const SiteClock& clock, TimePoint now) const noexcept;
  /// Of the open schedules that name the category the strictest action, else the group's own.
  [[nodiscard]] CategorySetting setting(CategoryId category, Open open) const noexcept;
  /// The strictest action that the category has at any time: the group's own and those of its schedules.
  [[nodiscard]] Action strictest(CategoryId category) const noexcept;
  /// Of the open schedules that set it the strictest, else the group's own: allow or block.
  [[nodiscard]] Action unlisted(Open open) const noexcept;
  /// Minutes a day that this category may be used for; 0: no limit.
  [[nodiscard]] std::uint16_t allowance(CategoryId category) const noexcept {
    return category < allowances_.size() ? allowances_[category].minutes : std::uint16_t{0};
  }
  [[nodiscard]] bool has_allowances() const noexcept { return !allowances_.empty(); }
  /// Of a category that has one.
  [[nodiscard]] const SourcePosition& allowance_at(CategoryId category) const noexcept {
    return allowances_[category].at;
  }
  /// True when `unlisted` is block, always or while some schedule is open.
  [[nodiscard]] bool ever_walled_in() const noexcept;
  [[nodiscard]] bool inspects(CategoryId category) const noexcept { return inspect_[category]; }

  std::string id, title;
  SourcePosition at;
  bool safe_search = false;
  YoutubeRestriction youtube = YoutubeRestriction::strict;
  bool search_terms = false;  ///< search engines are opened
  bool certificate = true;    ///< its devices have the authority's certificate
  TenantSpec tenants;
  std::string google_tenants, microsoft_tenants;  ///< as their fields want them, with commas
  std::optional<Downloads> downloads;
  std::optional<ContentLimits> content;
  bool inspect_unlisted = false;

 private:
  struct Setting {
    Action action = Action::allow;
    bool named = false;
    SourcePosition at;
  };
  struct Schedule {
    Window window;
    std::vector<std::pair<CategoryId, Setting>> categories;
    std::optional<Action> unlisted;
  };

  std::vector<Setting> settings_;  ///< by CategoryId
  std::vector<bool> inspect_;      ///< by CategoryId
  struct Allowance {
    std::uint16_t minutes = 0;
    SourcePosition at;
  };
  std::vector<Allowance> allowances_;  ///< by CategoryId, or empty: none
  Action unlisted_ = Action::block;
  std::vector<Schedule> schedules_;
};

}  // namespace schoolgate::rules
