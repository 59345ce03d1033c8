// The answer of the judge, with its evidence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/category.h"
#include "rules/inspection.h"
#include "rules/policy_spec.h"
#include "rules/request.h"
#include "rules/subject.h"

namespace schoolgate::rules {

/// Which step of the precedence (contract section 4) decided. "local": the school's own rules.
enum class Tier : std::uint8_t { illegal, emergency, support, local, category, unlisted };
[[nodiscard]] std::string_view to_string(Tier tier) noexcept;

/// A category of this urgency or more leads, in whichever other categories a site is: nothing less may hide it from the
/// lead.
inline constexpr int kLeadingUrgency = 4;

/// Why, without owning anything: indices into the snapshot that judged and views into it or into the Request. Valid
/// while both live; PolicySnapshot::cite() makes the owned form that records keep.
struct Reason {
  Tier tier = Tier::unlisted;
  Stage stage = Stage::request;
  CategoryId category = kNoCategory;
  /// The category that records, alerts and pages name, where it is not `category`: the most urgent one of
  /// kLeadingUrgency or more that the site is in and that the group does not allow. Set where the action is not allow.
  CategoryId leads = kNoCategory;
  std::int32_t rule = -1;  ///< index of the school's own rule, or -1
  std::int32_t list = -1;  ///< index of the list in the snapshot's CategoryDb, or -1
  std::string_view entry;  ///< the rule's or list's entry that matched; empty for sealed lists and illegal categories
  std::uint8_t network_bits = 0;  ///< as blocklists::Match has it
  bool undecided = false;         ///< no full answer (memory, too many matches), so the strict one was taken
  bool nested = false;            ///< it is about an address inside the one that was asked for
  std::uint8_t inner = 0;         ///< when nested and not undecided: which of Request::inner()
  /// Index of the group whose `downloads` refused a response, or -1; `entry` then names the type, extension or limit.
  std::int32_t downloads_of = -1;
  /// Index of the group whose `content` judged a page by what it says, or -1, and its score for `category`.
  std::int32_t content_of = -1;
  int score = 0;
  /// Index of the group whose allowance of the day for `category` is used up, or -1. PolicySnapshot::spent() sets it.
  std::int32_t allowance_of = -1;

  [[nodiscard]] CategoryId named() const noexcept { return leads != kNoCategory ? leads : category; }
};

struct Verdict {
  Action action = Action::block;
  /// Decrypt: some rule could change this verdict if it saw more than the name. Set at connect and client_hello only.
  /// With action block it means that a rule of the school allows part of this host: a caller that decrypts may ask
  /// again at request, every other caller blocks.
  bool inspect = false;
  /// Why so, or why not; set where `inspect` is. PolicySnapshot::why_inspect() gives the evidence.
  InspectReason inspect_reason = InspectReason::none;
  Reason reason;
  /// What passes counts against a daily allowance of so many minutes of this category; 0: against none. Who keeps count
  /// and finds it used up asks PolicySnapshot::spent() for the verdict that holds then.
  std::uint16_t allowance_minutes = 0;
  CategoryId allowance_category = kNoCategory;
  GroupIndex allowance_group = 0;
};

/// One category that the site is in, and everything that says so.
struct SiteCategory {
  std::string id;
  int urgency = 1;
  Action action = Action::allow;   ///< of the group for this category at that time
  std::vector<std::string> lists;  ///< names, each once, in the order of the policy's lists
  std::vector<std::string> rules;  ///< FILE:LINE of the school's own rules, each once
};

/// Which rule, list and entry: a Reason as text that outlives the snapshot: what a breach record stores and explain
/// prints.
struct Citation {
  std::string tier;
  std::string rule;      ///< "block site lucky-spins.example"; empty unless a rule of the school decided
  std::string list;      ///< name of the list; empty unless an entry of one decided
  std::string category;  ///< id of the one that leads; empty when none
  std::string entry;     ///< canonical text of the site, URL or pattern that matched
  std::string source;    ///< FILE:LINE of a rule, a list's source
  std::string policy_version;
  std::string theme;
  int urgency = 1;
  /// The entry is withheld ("sealed"), and so is a list's source; a rule of the school keeps its FILE:LINE.
  bool sealed = false;
  bool illegal = false;
  bool nested = false;  ///< what matched is an address inside the one that was asked for
  std::string action;
  /// Every category that the site is in, the leading one first. Empty where PolicySnapshot::cite() made the Citation of
  /// a verdict alone; PolicySnapshot::categories_of() fills it.
  std::vector<SiteCategory> categories;
};

}  // namespace schoolgate::rules
