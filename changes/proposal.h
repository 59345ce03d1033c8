// A proposal: the change that is asked for, and what was said and agreed about it.
//
// Plain values. What it means and whose consent it needs is never stored: it is found out anew, from the files and the
// roles that are there when it is asked (meaning.h, missing_consents()).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "changes/meaning.h"

namespace schoolgate::changes {

/// A file of the configuration before and after; nothing: it is not there.
struct ProposedFile {
  std::string name;  ///< "policy.yaml", "rules/maths.yaml"
  std::optional<std::string> before, after;
};

/// The one who acts on a proposal: an account of the desk, or a shell of the machine.
struct Actor {
  std::string account;       ///< empty: by hand
  std::string machine_user;  ///< who that was: "root", "root (sudo: j.smith)"
  [[nodiscard]] bool is_by_hand() const noexcept { return account.empty(); }
};

struct ProposalEvent {
  /// Kept as numbers: only ever added to. `taken_back`: the running gateway refused what was applied. `ask`: it is to
  /// be put in force as soon as nothing is missing. `failed`: that was tried, and nobody tries again until it is asked
  /// anew.
  enum class What : std::uint8_t { comment, agree, refuse, apply, taken_back, ask, failed, answers };
  std::uint64_t id = 0;
  TimePoint at;
  Actor by;
  What what = What::comment;
  /// Of an apply and a taken_back: the commit. Of an ask: not before that time (RFC 3339), or empty. Of an answers: the
  /// reference of the reported page that it answers.
  std::string text;
};
[[nodiscard]] std::string_view to_string(ProposalEvent::What what) noexcept;

struct Proposal {
  std::uint64_t number = 0;  ///< given by the ledger
  TimePoint at;
  Actor author;
  std::string reason;
  std::string risk_assessment;                        ///< reference; empty: none
  std::optional<std::chrono::year_month_day> review;  ///< when somebody is to look at it again
  std::uint64_t takes_back = 0;                       ///< the number of the change that this one undoes; 0: none
  std::vector<ProposedFile> files;
  std::vector<ProposalEvent> events;  ///< oldest first

  /// The last of apply and taken_back is an apply.
  [[nodiscard]] bool is_applied() const noexcept;
  /// The last word of one of those who were asked is no.
  [[nodiscard]] bool is_refused() const noexcept;
  [[nodiscard]] std::string_view state() const noexcept;  ///< "open", "refused", "applied"
  /// The ask that stands; null: nobody asked, it failed since, or it is in force.
  [[nodiscard]] const ProposalEvent* asked() const noexcept;
  /// Not before then. Nothing: at once.
  [[nodiscard]] std::optional<TimePoint> asked_for() const noexcept;
  /// References of the reported pages that it answers.
  [[nodiscard]] std::vector<std::string> answers() const;
};

/// The role that an account has now; nothing: there is no such account, or it is switched off.
using RoleNow = std::function<std::optional<std::string>(std::string_view account)>;

/// Nobody agrees to their own: the account that proposed it, and where it was proposed by hand, the person of the
/// machine, under whatever account. Of a bare root it is not known which person that is.
[[nodiscard]] bool is_own(const Proposal& proposal, const Actor& by);

/// The accounts whose last word is no, and that are there and not switched off.
[[nodiscard]] std::vector<std::string> standing_refusals(const Proposal& proposal, const RoleNow& role_now);

/// What is still missing before `proposal`, which means `parts`, may be put in force: one line for each. Nobody agrees
/// to their own; an agreement counts while its author has one of the roles, and only their last word; to what was asked
/// for from a time on, not before it. `when` is the moment at which it is put in force.
[[nodiscard]] std::vector<std::string> missing_consents(const Proposal& proposal, const std::vector<ChangedPart>& parts,
                                                        const config::ChangeRules& rules, const RoleNow& role_now,
                                                        TimePoint when = TimePoint::max());

}  // namespace schoolgate::changes
