// What may be done with a change, for `schoolgate changes` and for the desk alike: propose, say, agree, refuse, put in
// force, take back; by which account, and with which consents.
//
// Whoever owns the process gives what this room does not know: accounts, the gate of a reload, the running gateway.
// Keeps nothing open between calls: any thread, several at once, several processes; the ledger and the lock of the
// state folder let them wait for each other. Waits for disks and for the gateway.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "changes/change_work.h"
#include "changes/rebase.h"

namespace schoolgate::changes {

/// What the running gateway said to a folder that has changed.
struct GatewayAnswer {
  enum class What : std::uint8_t { took_it, refused_it, is_not_there } what = What::is_not_there;
  std::string text;  ///< its words
};

/// Why something is not done: the error, and before it what is to be read to mend it, a line or several each.
struct Refusal {
  std::vector<std::string> lines;
  Error error;
};
template <class T>
using Decided = std::expected<T, Refusal>;

class ChangeControl {
 public:
  struct Parts {
    std::filesystem::path config, state;
    /// Every account with the role that it has now; an empty one: it is switched off.
    std::function<Result<std::map<std::string, std::string, std::less<>>>()> roles;
    /// What a reload would refuse of these files: lists, rules, the rules' own tests. Empty: nothing.
    std::function<Problems(config::Loaded)> gate;
    /// The running gateway is to load the folder.
    std::function<GatewayAnswer()> reload;
    /// What stands for an account in the history, where it cannot be erased.
    std::function<std::string(const std::string& account)> pseudonym;
    std::function<TimePoint()> now = wall_now;
  };

  explicit ChangeControl(Parts parts) : parts_(std::move(parts)) {}

  /// A proposal beside the files as they are.
  struct Standing {
    Rebased base;
    std::vector<std::string> missing;   ///< consents and assessments, a line each
    std::vector<std::string> refusals;  ///< accounts whose refusal stands; `missing` names them too
    std::string note;                   ///< why nothing is asked for; may be empty
  };

  struct Wish {
    FileTexts files;  ///< the whole configuration as it is to be
    std::string reason, risk_assessment;
    std::optional<std::chrono::year_month_day> review;
    Actor by;
    std::uint64_t takes_back = 0;
    std::string answers;  ///< the reference of a reported page; empty: none
  };
  struct Proposed {
    std::uint64_t number = 0;  ///< 0: it was only tried
    Standing standing;
  };
  /// Fault config: the gate refuses it, with its problems in the refusal; client: what the ledger refuses.
  [[nodiscard]] Decided<Proposed> propose(const Wish& wish);
  /// The same up to the ledger: what it would mean, and whose consent it would need.
  [[nodiscard]] Decided<Proposed> try_out(const Wish& wish);

  [[nodiscard]] Result<void> comment(std::uint64_t number, const Actor& by, const std::string& text);
  /// Fault client: it is their own, or in force.
  [[nodiscard]] Result<void> agree(std::uint64_t number, const Actor& by, const std::string& text);
  [[nodiscard]] Result<void> refuse(std::uint64_t number, const Actor& by, const std::string& text);
  /// It is to be put in force as soon as nothing is missing, and not before `at`.
  [[nodiscard]] Result<void> ask(std::uint64_t number, const Actor& by, std::optional<TimePoint> at);

  using Reach = changes::Reach;
  struct Applied {
    std::uint64_t number = 0;
    std::string commit;
    Standing standing;
    bool by_hand_before = false;  ///< files had been changed by hand; that is in the history, too
    GatewayAnswer gateway;
  };
  /// All or nothing: what the gateway refuses is taken back.
  [[nodiscard]] Decided<Applied> apply(std::uint64_t number, const Actor& by, Reach reach = Reach::everything);
  /// Proposes the opposite. Applied only where no consent is missing.
  struct TakenBack {
    std::uint64_t number = 0;
    Standing standing;
    std::optional<Applied> applied;
  };
  [[nodiscard]] Decided<TakenBack> take_back(std::uint64_t number, const Actor& by, const std::string& reason,
                                             const std::string& risk_assessment);
  /// The same without applying it. Fault client: it is not in force, or others stand on it.
  [[nodiscard]] Decided<TakenBack> propose_take_back(std::uint64_t number, const Actor& by, const std::string& reason,
                                                     const std::string& risk_assessment);
  /// Every proposal that is asked for, due and lacks nothing. Why one could not be is noted with it.
  struct Tried {
    std::uint64_t number = 0;
    Decided<Applied> outcome;
  };
  [[nodiscard]] Result<std::vector<Tried>> apply_waiting(Reach reach);

  /// What was cut off before and is finished or given up now, and what the gateway said to it.
  struct FinishedNow {
    Finished what;
    GatewayAnswer gateway;
    bool is_taken_back = false;  ///< the gateway refused it
  };
  /// Given up: somebody has refused it since. Within `policy` only what is agreed to and passes the gate is finished;
  /// fault config: it is left for a person.
  [[nodiscard]] Result<std::optional<FinishedNow>> finish_cut_off(const Actor& by, Reach reach = Reach::everything);

  [[nodiscard]] Result<std::vector<Proposal>> list() const;
  [[nodiscard]] Result<Proposal> find(std::uint64_t number) const;
  [[nodiscard]] Result<Standing> standing(const Proposal& proposal) const;
  /// A proposal, and what the viewer may do about it.
  struct Seen {
    Proposal proposal;
    Result<Standing> standing;
    bool waits_for_them = false;  ///< their consent is among those that are missing
  };
  [[nodiscard]] Result<Seen> look(std::uint64_t number, const Actor& by) const;
  /// The newest `most` that are not in force.
  [[nodiscard]] Result<std::vector<Seen>> look_at_open(const Actor& by, std::size_t most = 50) const;
  /// As they stand in the folder. Fault config: they are no configuration.
  [[nodiscard]] Result<FileTexts> files() const;
  /// Whether this process may write the configuration's folder: if not, root puts in force what is asked for.
  [[nodiscard]] bool may_write() const noexcept;
  [[nodiscard]] const std::filesystem::path& config() const noexcept { return parts_.config; }

 private:
  struct There {
    config::Configuration configuration;
    FileTexts files;
  };
  [[nodiscard]] std::filesystem::path folder() const { return parts_.state / "changes"; }
  [[nodiscard]] Decided<There> there() const;
  enum class When : std::uint8_t { asked_for, now };
  [[nodiscard]] Result<Standing> standing_of(const Proposal& proposal, const There& there,
                                             When when = When::asked_for) const;
  [[nodiscard]] Seen look_at(const Proposal& proposal, const There& there, const Actor& by) const;
  void forget(std::uint64_t number) const;
  [[nodiscard]] Result<Rebased> base_of(const Proposal& proposal, const There& there) const;
  void add_missing(Standing& standing, const Proposal& proposal, const There& there,
                   const std::map<std::string, std::string, std::less<>>& roles, TimePoint when) const;
  [[nodiscard]] Decided<Proposed> tried(const Wish& wish, Proposal& proposal);
  [[nodiscard]] Result<void> say(std::uint64_t number, const Actor& by, ProposalEvent::What what,
                                 const std::string& text);
  [[nodiscard]] Decided<Standing> fitting(const Proposal& proposal, const There& there, Reach reach) const;
  [[nodiscard]] Decided<Applied> put_in_force(ChangeWork& work, const Proposal& proposal, const Actor& by, Reach reach);
  [[nodiscard]] Result<std::vector<std::string>> refusals_of(const Proposal& proposal) const;
  [[nodiscard]] Result<Ending> ending_of(ChangeWork& work, const CutOff& cut, Reach reach) const;
  [[nodiscard]] Result<GatewayAnswer> tell_gateway(ChangeWork& work, const Placement& placed);
  [[nodiscard]] std::string message_for(const Proposal& proposal, const std::vector<ChangedPart>& parts,
                                        const Actor& by) const;
  Parts parts_;
  /// What proposals mean beside the files of one version: a page asks of every open one.
  mutable std::mutex known_mutex_;
  mutable std::string known_version_;
  mutable std::map<std::uint64_t, Rebased> known_;
};

}  // namespace schoolgate::changes
