// The policy as people wrote it: plain data, each item with its place in its file. Filled by config/, compiled by
// rules/compile.cc into a PolicySnapshot. Nothing here is checked yet beyond its type.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/problem.h"
#include "names/ip_address.h"
#include "rules/category.h"

namespace schoolgate::rules {

/// What happens to a request, mildest first; the order is the order of strictness.
enum class Action : std::uint8_t { allow, monitor, warn, block };
[[nodiscard]] std::string_view to_string(Action action) noexcept;
[[nodiscard]] std::optional<Action> action_from(std::string_view text) noexcept;

struct CategoryActionSpec {
  std::string category;
  Action action = Action::block;
  SourcePosition at;
};

struct ScheduleSpec {
  std::array<bool, 7> days{};          ///< Monday first
  int from_minute = 0, to_minute = 0;  ///< minutes after local midnight; from > to crosses midnight; from == to is 24 h
  std::vector<CategoryActionSpec> categories;  ///< replaces the group's action for these while the window is open
  std::optional<Action> unlisted;              ///< replaces the group's while the window is open
  SourcePosition at;
};

struct NetworkSpec {
  names::IpNetwork network;
  SourcePosition at;
};

/// A name that a group's `members` lists: an account, a group of the directory, or a kind of device.
struct MemberSpec {
  std::string name;
  SourcePosition at;
};

/// So many minutes a day, and no more.
struct AllowanceSpec {
  std::string category;
  int minutes = 0;
  SourcePosition at;
};

enum class YoutubeRestriction : std::uint8_t { strict, moderate };

/// Into which accounts of the two large providers one may sign in; empty lists restrict nothing.
struct TenantSpec {
  std::vector<std::string> google;     ///< domains, "school.example"
  std::vector<std::string> microsoft;  ///< tenants, by domain or directory id
  std::string microsoft_context;       ///< directory id of the tenant that sets the restriction
  bool microsoft_personal = false;     ///< personal Microsoft accounts may sign in all the same
  [[nodiscard]] bool any() const noexcept { return !google.empty() || !microsoft.empty(); }
};

/// What may not be downloaded. It is seen in responses that are not encrypted or are inspected.
struct DownloadSpec {
  std::vector<std::string> block_types;       ///< media types, "application/x-msdownload" or "video/*"
  std::vector<std::string> block_extensions;  ///< file name extensions without the dot
  std::uint64_t max_size = 0;                 ///< bytes; 0: no limit
  SourcePosition at;
};

struct ContentThresholdSpec {
  std::string category;
  int score = 0;
  SourcePosition at;
};

/// How pages are judged by what they say. It is seen in answers that are not encrypted or are inspected.
struct ContentSpec {
  static constexpr int kUsualThreshold = 100;
  int threshold = kUsualThreshold;  ///< from this score on a page is of a category
  std::vector<ContentThresholdSpec> thresholds;
  bool keep_words = false;  ///< records have the phrases that were found
  SourcePosition at;
};

struct GroupSpec {
  std::string id, title;
  std::vector<NetworkSpec> networks;
  std::vector<MemberSpec> users;             ///< account names
  std::vector<MemberSpec> directory_groups;  ///< what Person::groups carries; the first policy group that names one
  std::vector<MemberSpec> devices;           ///< kinds of kDeviceKinds (presence.h)
  std::vector<CategoryActionSpec> categories;
  Action unlisted = Action::allow;  ///< allow or block
  bool safe_search = false;
  YoutubeRestriction youtube = YoutubeRestriction::strict;
  std::optional<bool> search_terms;  ///< search engines are decrypted to judge what is searched; none: as safe_search
  std::vector<std::string> inspect;  ///< categories whose hosts are decrypted for this group
  bool certificate = true;           ///< its devices have the authority's certificate; else none is ever opened
  TenantSpec tenants;
  std::optional<DownloadSpec> downloads;
  std::optional<ContentSpec> content;  ///< none: no page is read
  bool inspect_unlisted = false;       ///< what no rule and no list knows is opened, so that it can be read
  std::vector<ScheduleSpec> schedules;
  std::vector<AllowanceSpec> allowances;
  SourcePosition at;
};

/// A host that pages of an allowed site load from.
struct HelperSpec {
  std::string host;
  SourcePosition at;
};

struct RuleSpec {
  /// `categorise` puts a search into its category, as a list does with a site; only terms have it.
  enum class Effect : std::uint8_t { block, allow, emergency, categorise };
  /// `term` is a phrase that is searched for. `everything` is what an exam closes: all that its own allow rules (those
  /// of the same `measure`) do not open; only apply_measures() writes it.
  enum class Kind : std::uint8_t { site, url, pattern, term, everything };
  Effect effect = Effect::block;
  Kind kind = Kind::site;
  std::string text;                 ///< the site, URL, RE2 pattern or phrase as written
  std::string category;             ///< may be empty for allow and emergency
  std::vector<std::string> groups;  ///< empty: every group
  std::string why, approved_by, risk_assessment;
  std::optional<std::chrono::year_month_day> until;  ///< last day (site's time) on which it applies
  bool exact = false;                                ///< of a url with a query: no other parameters than these
  std::vector<HelperSpec> needs;  ///< of an allow: hosts that its pages load from, for groups that are walled in
  std::vector<names::IpNetwork> networks;  ///< applies there only; empty: everywhere
  std::optional<TimePoint> ends;           ///< applies before this instant
  std::string measure;                     ///< id of the Measure that it is a part of; empty for a rule of a file
  SourcePosition at;  ///< of a measure: its `file` names the measure and its account; there is no line
};

/// Sites that are opened together by name, in a supervised session or an exam.
struct SiteListSpec {
  std::vector<std::string> sites;         ///< as Measure::sites has them
  std::vector<SourcePosition> positions;  ///< of each
  SourcePosition at;
};

struct RuleTestSpec {
  std::string url, group;
  Action expect = Action::block;
  std::optional<std::string> category;
  std::optional<std::string> time;  ///< as explain --at takes it
  SourcePosition at;
  std::string from = {};  ///< address of the page that asks; empty: the address was typed
};

enum class InspectionMode : std::uint8_t { off, selective, always };

struct PolicySpec {
  std::string version;   ///< names this configuration in records and metrics
  std::string timezone;  ///< IANA name
  SourcePosition timezone_at;
  CategoryTable categories;
  std::vector<GroupSpec> groups;
  std::string fallback;  ///< group id
  SourcePosition fallback_at;
  std::vector<RuleSpec> rules;
  std::vector<RuleTestSpec> tests;
  std::map<std::string, SiteListSpec> lists;  ///< `lists:` of rules/*.yaml, by name
  InspectionMode inspection = InspectionMode::off;
  std::vector<std::string> never_inspect;  ///< sites or category ids
};

}  // namespace schoolgate::rules
