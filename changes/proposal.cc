#include "changes/proposal.h"

#include <algorithm>
#include <map>

namespace schoolgate::changes {
namespace {

using What = ProposalEvent::What;

/// Of every account that agreed or refused: its last word.
std::map<std::string, What> last_words(const Proposal& proposal) {
  std::map<std::string, What> words;
  for (const ProposalEvent& event : proposal.events)
    if (event.what == What::agree || event.what == What::refuse) words[event.by.account] = event.what;
  return words;
}

std::string any_of(const std::vector<std::string>& roles) {
  std::string text;
  for (std::size_t i = 0; i < roles.size(); ++i)
    text += (i == 0 ? "" : i + 1 == roles.size() ? " or " : ", ") + roles[i];
  return text;
}

}  // namespace

std::string_view to_string(What what) noexcept {
  switch (what) {
    case What::comment: return "comment";
    case What::agree: return "agree";
    case What::refuse: return "refuse";
    case What::taken_back: return "taken back";
    case What::apply: break;
  }
  return "apply";
}

bool Proposal::is_applied() const noexcept {
  bool applied = false;
  for (const ProposalEvent& event : events)
    if (event.what == What::apply || event.what == What::taken_back) applied = event.what == What::apply;
  return applied;
}

bool Proposal::is_refused() const noexcept {
  const auto words = last_words(*this);
  return std::ranges::any_of(words, [](const auto& word) { return word.second == What::refuse; });
}

std::string_view Proposal::state() const noexcept {
  return is_applied() ? "applied" : is_refused() ? "refused" : "open";
}

std::vector<std::string> missing_consents(const Proposal& proposal, const std::vector<ChangedPart>& parts,
                                          const config::ChangeRules& rules, const RoleNow& role_now) {
  std::vector<std::string> missing;
  const auto words = last_words(proposal);
  for (const auto& [account, word] : words)
    if (word == What::refuse) missing.push_back(account + " has refused it");
  for (const ChangedPart& part : parts) {
    const config::ConsentRule* const rule = consent_for(part, rules);
    if (rule == nullptr) continue;
    const auto counts = [&](const auto& word) {
      if (word.second != What::agree || word.first.empty() || word.first == proposal.author.account) return false;
      const auto role = role_now(word.first);
      return role && std::ranges::find(rule->roles, *role) != rule->roles.end();
    };
    if (std::ranges::none_of(words, counts))
      missing.push_back("the consent of " + any_of(rule->roles) + ": " + part.sentence);
    if (rule->risk_assessment && proposal.risk_assessment.empty())
      missing.push_back("a risk assessment: " + part.sentence);
  }
  return missing;
}

}  // namespace schoolgate::changes
