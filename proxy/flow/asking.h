// The questions that a worker puts to the policy, and all that an answer depends on: the policy, the people and the
// sign-in that are in force, the client, its warnings and its minutes.
//
// No socket and no io_context: a test asks without either. On its worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/held.h"
#include "proxy/flow/allowances.h"
#include "proxy/flow/authenticator.h"
#include "proxy/flow/client.h"
#include "proxy/flow/counters.h"
#include "proxy/flow/inspection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/sign_in_gate.h"
#include "proxy/flow/warning_passes.h"
#include "rules/policy_store.h"
#include "rules/presence.h"
#include "rules/request.h"

namespace schoolgate::flow {

class Asking {
 public:
  /// What all workers share of it. Outlives the questions.
  struct Sources {
    const rules::PolicyStore& policy;
    const rules::PresenceStore* presences;  ///< null: no person is known
    const Authenticator* authenticator;     ///< null: clients of the explicit proxy are not asked to log in
    const WarningPasses& passes;
    Allowances& allowances;
  };
  Asking(const Sources& sources, Counters& counters);

  /// The presence that the connection's own login proved, else the one behind its address where the login does not
  /// speak against it; null when nothing is known. One compare where no presence has changed since the last question.
  [[nodiscard]] std::shared_ptr<const rules::Presence> presence_of(Client& client);
  /// Counts the request, marks the person as active, and takes a minute of their allowance where there is one.
  [[nodiscard]] Judgement judge(Client& client, const rules::Request& request, rules::Stage stage);
  /// The same for what is already running: not counted as another request, nor as activity.
  [[nodiscard]] Judgement judge_again(Client& client, const rules::Request& request, rules::Stage stage);
  /// True when the policy, or what is known of the client, has changed since: what waited in between (for a dial, a
  /// look-up, the client's next bytes) is judged again before it goes on.
  [[nodiscard]] bool is_outdated(Client& client, const Judgement& judgement);
  /// For the name of the sign-in page: allowed for every client, but for what is illegal.
  [[nodiscard]] Judgement judge_portal(Client& client, const rules::Request& request, rules::Stage stage);
  /// What was let through by `judgement` moved bytes in the minute of `when`.
  void note_activity(const Judgement& judgement, TimePoint when);
  /// What a response's head adds: the judgement that refuses it (a download that the group may not have), if any.
  [[nodiscard]] std::optional<Judgement> refuses_answer(const Judgement& judgement, const rules::Request& request,
                                                        const rules::ResponseFacts& facts);

  /// What the body adds as it is read: the judgement that refuses the page or lets it through with a record, if any. Not
  /// counted: it is asked anew whenever the evidence changes.
  [[nodiscard]] std::optional<Judgement> judges_content(const Client& client, const Judgement& judgement,
                                                        const rules::Request& request,
                                                        const rules::ContentFacts& facts);

  // What a reload replaces is handed out held (base/held.h): a coroutine keeps its own copy across every co_await.

  /// The policy now in force.
  [[nodiscard]] std::shared_ptr<const rules::PolicySnapshot> policy() { return policy_.current(); }
  [[nodiscard]] std::uint64_t policy_generation() const noexcept { return policy_.generation(); }
  /// Of the people that are known now.
  [[nodiscard]] std::uint64_t people_generation() const noexcept {
    return sources_.presences ? sources_.presences->generation() : 0;
  }
  /// Null when no device has to sign in.
  [[nodiscard]] Held<const SignInGate> sign_in_gate() const noexcept { return sign_in_; }
  void use(std::shared_ptr<const SignInGate> gate) noexcept { sign_in_ = std::move(gate); }
  /// Null when nothing is to be decrypted.
  [[nodiscard]] Held<const Inspection> inspection() const noexcept { return inspection_; }
  void use(std::shared_ptr<const Inspection> inspection) noexcept { inspection_ = std::move(inspection); }

 private:
  [[nodiscard]] Judgement decide(Client& client, const rules::Request& request, rules::Stage stage);
  [[nodiscard]] Judgement decide_for_stand_in(const Client& client, const rules::Request& request, rules::Stage stage);

  Sources sources_;
  Counters& counters_;
  rules::PolicyView policy_;
  rules::PresenceView presences_;
  std::shared_ptr<const SignInGate> sign_in_;
  std::shared_ptr<const Inspection> inspection_;
};

/// True when this host may be decrypted at all: there is an authority, and nothing says never. By `inspection` as the
/// connection has held it since it was first judged.
[[nodiscard]] bool may_open(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept;
/// True when a page of ours can be shown inside: it may be opened, and the authority can sign for it.
[[nodiscard]] bool may_show_page(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept;
/// True when it is to be: a rule could change the verdict if it saw more than the name, or a warning has a page to
/// show.
[[nodiscard]] bool opens(const Judgement& judgement, const Held<const Inspection>& inspection) noexcept;

}  // namespace schoolgate::flow
