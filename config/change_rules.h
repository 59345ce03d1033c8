// `changes:` in policy.yaml: whose consent which kind of change needs.
//
// Plain values; what a change means and whether consents are there is found out in changes/.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "config/yaml_reader.h"

namespace schoolgate::config {

/// What a change does, computed from its meaning.
enum class ChangeKind : std::uint8_t {
  opens,     ///< something is reached that was not
  closes,    ///< something is no longer reached
  inspects,  ///< connections are opened, or other settings of the gateway
  tells,     ///< alerts and what is recorded
  keeps,     ///< how long something is kept
  who,       ///< membership of groups, and the consents that changes need
};
inline constexpr std::array<std::string_view, 6> kChangeKinds{"opens", "closes", "inspects", "tells", "keeps", "who"};
inline constexpr std::array<std::string_view, 6> kConsentRoles{"dsl",      "deputy",     "head",
                                                               "governor", "technician", "administrator"};

/// One of `roles` has to agree to a change of the kind.
struct ConsentRule {
  ChangeKind kind = ChangeKind::opens;
  std::vector<std::string> groups;  ///< empty: whichever group it is for
  bool whole_category = false;      ///< only where it is about a category or a list, not about one site
  std::vector<std::string> roles;   ///< empty: no consent is needed
  bool risk_assessment = false;     ///< and the change has to name one
};

struct ChangeRules {
  /// The first one that fits a change counts.
  std::vector<ConsentRule> consent;
  bool refuse_by_hand = false;  ///< files that were changed without a proposal are not to be put in force

  /// What counts where policy.yaml says nothing: to open for any group needs the lead or the deputy, a category the
  /// head with a risk assessment; to close needs no consent; inspection and retention need the head, the rest the lead,
  /// the deputy or the head.
  [[nodiscard]] static ChangeRules as_shipped();
};

/// Reads the mapping; what it does not say stays as shipped, behind what it does say.
[[nodiscard]] ChangeRules read_change_rules(const YamlNode& node, Report& report);
/// Of a configuration that was loaded.
[[nodiscard]] ChangeRules change_rules_of(const Configuration& configuration);

}  // namespace schoolgate::config
