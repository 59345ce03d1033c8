#include "changes/proposal.h"

#include <algorithm>
#include <map>

namespace schoolgate::changes {
namespace {

using What = ProposalEvent::What;

/// Of every account that agreed or refused: its last word, which is one of the proposal's events.
std::map<std::string, const ProposalEvent*> last_words(const Proposal& proposal) {
  std::map<std::string, const ProposalEvent*> words;
  for (const ProposalEvent& event : proposal.events)
    if (event.what == What::agree || event.what == What::refuse) words[event.by.account] = &event;
  return words;
}

/// The time that was asked for when `agreement` was given; nothing: none was.
std::optional<TimePoint> agreed_from(const Proposal& proposal, const ProposalEvent& agreement) {
  Proposal then;
  for (const ProposalEvent& event : proposal.events) {
    if (&event == &agreement) break;
    then.events.push_back(event);
  }
  return then.asked_for();
}

/// The person behind a user of the machine, as breaches::MachineUser tells it; empty: it is not known.
std::string_view person_behind(std::string_view machine_user) {
  constexpr std::string_view kSudo = " (sudo: ";
  if (const std::size_t at = machine_user.find(kSudo); at != std::string_view::npos) {
    machine_user.remove_prefix(at + kSudo.size());
    if (machine_user.ends_with(')')) machine_user.remove_suffix(1);
  }
  return machine_user == "root" || machine_user == "0" ? std::string_view() : machine_user;
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
    case What::ask: return "ask";
    case What::failed: return "failed";
    case What::answers: return "answers";
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
  return std::ranges::any_of(words, [](const auto& word) { return word.second->what == What::refuse; });
}

std::string_view Proposal::state() const noexcept {
  return is_applied() ? "applied" : is_refused() ? "refused" : "open";
}

const ProposalEvent* Proposal::asked() const noexcept {
  const ProposalEvent* ask = nullptr;
  for (const ProposalEvent& event : events)
    if (event.what == What::ask)
      ask = &event;
    else if (event.what == What::failed || event.what == What::apply || event.what == What::taken_back)
      ask = nullptr;
  return ask;
}

std::optional<TimePoint> Proposal::asked_for() const noexcept {
  const ProposalEvent* const ask = asked();
  return ask == nullptr ? std::nullopt : from_rfc3339(ask->text);
}

std::vector<std::string> Proposal::answers() const {
  std::vector<std::string> references;
  for (const ProposalEvent& event : events)
    if (event.what == What::answers) references.push_back(event.text);
  return references;
}

bool is_own(const Proposal& proposal, const Actor& by) {
  if (!proposal.author.is_by_hand()) return by.account == proposal.author.account;
  const std::string_view author = person_behind(proposal.author.machine_user);
  return !author.empty() && (author == by.account || author == person_behind(by.machine_user));
}

std::vector<std::string> standing_refusals(const Proposal& proposal, const RoleNow& role_now) {
  std::vector<std::string> accounts;
  for (const auto& [account, word] : last_words(proposal))
    if (word->what == What::refuse && role_now(account)) accounts.push_back(account);
  return accounts;
}

std::vector<std::string> missing_consents(const Proposal& proposal, const std::vector<ChangedPart>& parts,
                                          const config::ChangeRules& rules, const RoleNow& role_now, TimePoint when) {
  std::vector<std::string> missing;
  const auto words = last_words(proposal);
  for (const std::string& account : standing_refusals(proposal, role_now))
    missing.push_back(account + " has refused it");
  for (const ChangedPart& part : parts) {
    const config::ConsentRule* const rule = consent_for(part, rules);
    if (rule == nullptr) continue;
    const auto counts = [&](const auto& word) {
      if (word.second->what != What::agree || word.first.empty() || is_own(proposal, word.second->by)) return false;
      if (const auto from = agreed_from(proposal, *word.second); from && *from > when) return false;
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
