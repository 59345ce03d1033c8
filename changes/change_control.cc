#include "changes/change_control.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace schoolgate::changes {
namespace {

using What = ProposalEvent::What;

std::unexpected<Refusal> refused(Error error, std::vector<std::string> lines = {}) {
  return std::unexpected(Refusal{std::move(lines), std::move(error)});
}

std::string change_words(std::uint64_t number) { return "change " + std::to_string(number); }

std::vector<std::string> lines_of(const Problems& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems) lines.push_back(problem.text());
  return lines;
}

std::vector<std::string> lines_of(const std::vector<Clash>& clashes, std::string_view why) {
  std::vector<std::string> lines;
  for (const Clash& clash : clashes)
    lines.push_back(std::string(why) + clash.file + (why.empty() ? " has changed since it was proposed:\n" : ":\n") +
                    clash.difference);
  return lines;
}

/// `roles` outlives it. An account that is switched off has no role.
RoleNow role_in(const std::map<std::string, std::string, std::less<>>& roles) {
  return [&roles](std::string_view account) -> std::optional<std::string> {
    const auto found = roles.find(account);
    return found == roles.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
  };
}

/// An event's text is one line of a bounded length: of what is written into it by us, the beginning.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  if (text.size() > 1000) {
    std::size_t end = 1000;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  return text;
}

}  // namespace

Decided<ChangeControl::There> ChangeControl::there() const {
  config::Loaded loaded = config::load(parts_.config);
  if (!loaded.configuration)
    return refused({Fault::config, "the configuration as it is cannot be read", "schoolgate check says where"},
                   lines_of(loaded.problems));
  FileTexts files = texts_of(*loaded.configuration);
  return There{std::move(*loaded.configuration), std::move(files)};
}

Result<FileTexts> ChangeControl::files() const {
  auto now = there();
  if (!now) return std::unexpected(std::move(now.error().error));
  return std::move(now->files);
}

bool ChangeControl::may_write() const noexcept {
  const std::filesystem::path rules = parts_.config / "rules";
  std::error_code ignored;
  return ::faccessat(AT_FDCWD, parts_.config.c_str(), W_OK, AT_EACCESS) == 0 &&
         (!std::filesystem::exists(rules, ignored) || ::faccessat(AT_FDCWD, rules.c_str(), W_OK, AT_EACCESS) == 0);
}

/// The ledger is a file of the gateway's user, who could put another proposal in the place of one: what is put in force
/// is judged anew.
void ChangeControl::forget(std::uint64_t number) const {
  const std::scoped_lock lock(known_mutex_);
  known_.erase(number);
}

/// A proposal that the ledger has is never another one, so that it means the same beside the same files.
Result<Rebased> ChangeControl::base_of(const Proposal& proposal, const There& there) const {
  constexpr std::size_t kKept = 64;
  if (proposal.number != 0) {
    const std::scoped_lock lock(known_mutex_);
    if (known_version_ != there.configuration.version || known_.size() > kKept) known_.clear();
    known_version_ = there.configuration.version;
    if (const auto known = known_.find(proposal.number); known != known_.end()) return known->second;
  }
  auto base = rebase(parts_.config, there.files, proposal.files);
  if (base && proposal.number != 0) {
    const std::scoped_lock lock(known_mutex_);
    if (known_version_ == there.configuration.version) known_.insert_or_assign(proposal.number, *base);
  }
  return base;
}

void ChangeControl::add_missing(Standing& standing, const Proposal& proposal, const There& there,
                                const std::map<std::string, std::string, std::less<>>& roles, TimePoint when) const {
  const RoleNow role_now = role_in(roles);
  standing.missing =
      missing_consents(proposal, standing.base.parts, config::change_rules_of(there.configuration), role_now, when);
  standing.refusals = standing_refusals(proposal, role_now);
  if (!standing.missing.empty() && roles.size() <= 1 && standing.refusals.empty()) {
    standing.missing.clear();
    standing.note = "no consent is asked for while the school has one account at most";
  }
}

Result<ChangeControl::Standing> ChangeControl::standing_of(const Proposal& proposal, const There& there,
                                                           When when) const {
  auto base = base_of(proposal, there);
  if (!base) return std::unexpected(std::move(base.error()));
  const auto roles = parts_.roles();
  if (!roles) return std::unexpected(roles.error());
  Standing standing{.base = std::move(*base), .missing = {}, .note = {}};
  const TimePoint now = parts_.now();
  const TimePoint asked = when == When::asked_for ? proposal.asked_for().value_or(now) : now;
  add_missing(standing, proposal, there, *roles, std::max(asked, now));
  return standing;
}

Result<std::vector<std::string>> ChangeControl::refusals_of(const Proposal& proposal) const {
  const auto roles = parts_.roles();
  if (!roles) return std::unexpected(roles.error());
  return standing_refusals(proposal, role_in(*roles));
}

Result<ChangeControl::Standing> ChangeControl::standing(const Proposal& proposal) const {
  const auto now = there();
  if (!now) return std::unexpected(now.error().error);
  return standing_of(proposal, *now);
}

ChangeControl::Seen ChangeControl::look_at(const Proposal& proposal, const There& there, const Actor& by) const {
  Seen seen{.proposal = proposal, .standing = standing_of(proposal, there), .waits_for_them = false};
  if (!seen.standing || seen.standing->missing.empty() || seen.proposal.is_applied() || is_own(seen.proposal, by))
    return seen;
  // Their word would make it less.
  Proposal agreed = seen.proposal;
  agreed.events.push_back({.at = parts_.now(), .by = by, .what = What::agree, .text = {}});
  const auto then = standing_of(agreed, there);
  seen.waits_for_them = then && then->missing.size() < seen.standing->missing.size();
  return seen;
}

Result<ChangeControl::Seen> ChangeControl::look(std::uint64_t number, const Actor& by) const {
  auto proposal = find(number);
  if (!proposal) return std::unexpected(std::move(proposal.error()));
  const auto now = there();
  if (!now) return Seen{std::move(*proposal), std::unexpected(now.error().error), false};
  return look_at(*proposal, *now, by);
}

Result<std::vector<ChangeControl::Seen>> ChangeControl::look_at_open(const Actor& by, std::size_t most) const {
  std::vector<Seen> seen;
  const auto all = list();
  if (!all) return std::unexpected(all.error());
  const auto now = there();
  for (const Proposal& one : *all) {
    if (one.is_applied() || seen.size() == most) continue;
    auto whole = find(one.number);
    if (!whole) return std::unexpected(std::move(whole.error()));
    if (now)
      seen.push_back(look_at(*whole, *now, by));
    else
      seen.push_back({std::move(*whole), std::unexpected(now.error().error), false});
  }
  return seen;
}

Decided<ChangeControl::Proposed> ChangeControl::tried(const Wish& wish, Proposal& proposal) {
  auto now = there();
  if (!now) return std::unexpected(std::move(now.error()));
  proposal = {.at = parts_.now(),
              .author = wish.by,
              .reason = wish.reason,
              .risk_assessment = wish.risk_assessment,
              .review = wish.review,
              .takes_back = wish.takes_back,
              .files = differences(now->files, wish.files)};
  if (proposal.files.empty()) return refused({Fault::client, "nothing is changed", {}});
  for (const ProposedFile& file : proposal.files)
    if (!is_configuration_name(file.name))
      return refused({Fault::client, "'" + file.name + "' is no file of a configuration", {}});
  config::Loaded wanted = load_files(parts_.config, wish.files);
  if (!wanted.configuration)
    return refused({Fault::config, "it would be no configuration", {}}, lines_of(wanted.problems));
  auto standing = standing_of(proposal, *now);
  if (!standing) return refused(std::move(standing.error()));
  if (const Problems problems = parts_.gate(std::move(wanted)); has_errors(problems))
    return refused({Fault::config, "a reload would refuse it", {}}, lines_of(problems));
  return Proposed{0, std::move(*standing)};
}

Decided<ChangeControl::Proposed> ChangeControl::try_out(const Wish& wish) {
  Proposal ignored;
  return tried(wish, ignored);
}

Decided<ChangeControl::Proposed> ChangeControl::propose(const Wish& wish) {
  Proposal proposal;
  auto done = tried(wish, proposal);
  if (!done) return done;
  auto ledger = Ledger::open(folder());
  if (!ledger) return refused(std::move(ledger.error()));
  const auto number = ledger->add(proposal);
  if (!number) return refused(number.error());
  done->number = *number;
  if (!wish.answers.empty())
    if (auto noted = ledger->add_event(
            *number, {.at = parts_.now(), .by = wish.by, .what = What::answers, .text = wish.answers});
        !noted)
      return refused(std::move(noted.error()));
  return done;
}

Result<void> ChangeControl::say(std::uint64_t number, const Actor& by, What what, const std::string& text) {
  auto proposal = find(number);
  if (!proposal) return std::unexpected(std::move(proposal.error()));
  if (what != What::comment && proposal->is_applied())
    return fail(Fault::client, change_words(number) + " is in force already",
                "schoolgate changes revert takes it back");
  if (what == What::agree && is_own(*proposal, by))
    return fail(Fault::client, "nobody agrees to their own change",
                proposal->author.is_by_hand()
                    ? "it was proposed by hand as " + proposal->author.machine_user + "; propose it with --by"
                    : "");
  auto ledger = Ledger::open(folder());
  if (!ledger) return std::unexpected(std::move(ledger.error()));
  return ledger->add_event(number, {.at = parts_.now(), .by = by, .what = what, .text = text});
}

Result<void> ChangeControl::comment(std::uint64_t number, const Actor& by, const std::string& text) {
  if (text.empty()) return fail(Fault::client, "a comment needs words");
  return say(number, by, What::comment, text);
}

Result<void> ChangeControl::agree(std::uint64_t number, const Actor& by, const std::string& text) {
  return say(number, by, What::agree, text);
}

Result<void> ChangeControl::refuse(std::uint64_t number, const Actor& by, const std::string& text) {
  if (text.empty()) return fail(Fault::client, "a refusal needs a reason");
  return say(number, by, What::refuse, text);
}

Result<void> ChangeControl::ask(std::uint64_t number, const Actor& by, std::optional<TimePoint> at) {
  return say(number, by, What::ask, at ? to_rfc3339(*at) : "");
}

std::string ChangeControl::message_for(const Proposal& proposal, const std::vector<ChangedPart>& parts,
                                       const Actor& by) const {
  const auto name = [&](const Actor& actor) {
    return actor.is_by_hand() ? std::string("by-hand") : parts_.pseudonym(actor.account);
  };
  std::string message = "Change " + std::to_string(proposal.number) +
                        (proposal.takes_back != 0 ? ", which takes back " + std::to_string(proposal.takes_back) : "") +
                        "\n\n";
  for (const ChangedPart& part : parts) message += part.sentence + ".\n";
  message += "\nProposal: " + std::to_string(proposal.number) + "\nAuthor: " + name(proposal.author) + "\n";
  for (const ProposalEvent& event : proposal.events)
    if (event.what == What::agree) message += "Consent: " + name(event.by) + "\n";
  return message + "Applied-by: " + name(by) + "\n";
}

/// What it refuses is taken back.
Result<GatewayAnswer> ChangeControl::tell_gateway(ChangeWork& work, const Placement& placed) {
  GatewayAnswer answer = parts_.reload();
  if (answer.what != GatewayAnswer::What::refused_it) return answer;
  Placement back = placed;
  back.event = What::taken_back;
  for (ProposedFile& file : back.files) std::swap(file.before, file.after);
  back.all = with_files(placed.all, back.files, true);
  back.message = "Taken back: the running gateway refused change " + std::to_string(placed.number) + "\n";
  if (auto undone = put_in_place(parts_.config, folder(), work.history, work.ledger, back, parts_.now()); !undone)
    return std::unexpected(std::move(undone.error()));
  return answer;
}

/// What a proposal means beside the files, where it can be put in force at all; consents may be missing.
Decided<ChangeControl::Standing> ChangeControl::fitting(const Proposal& proposal, const There& there,
                                                        Reach reach) const {
  const std::string name = change_words(proposal.number);
  if (proposal.is_applied()) return refused({Fault::client, name + " is in force already", {}});
  if (is_cut_off(folder()))
    return refused({Fault::config, "another change was cut off before its end",
                    "finish it first, by a person: schoolgate changes apply N"});
  forget(proposal.number);
  auto standing = standing_of(proposal, there, When::now);
  if (!standing) return refused(std::move(standing.error()));
  if (!standing->base.clashes.empty())
    return refused(
        {Fault::client, name + " is about files that are no longer so", "propose it again from the files as they are"},
        lines_of(standing->base.clashes, ""));
  const auto is_beyond = [](const ProposedFile& file) { return !is_policy(file.name); };
  if (reach == Reach::policy && std::ranges::any_of(standing->base.files, is_beyond))
    return refused({Fault::config, "settings of the gateway are put in force by a person",
                    "as root: schoolgate changes apply " + std::to_string(proposal.number)});
  return std::move(*standing);
}

Decided<ChangeControl::Applied> ChangeControl::put_in_force(ChangeWork& work, const Proposal& proposal, const Actor& by,
                                                            Reach reach) {
  const std::string name = change_words(proposal.number);
  const auto now = there();
  if (!now) return std::unexpected(now.error());
  auto standing = fitting(proposal, *now, reach);
  if (!standing) return std::unexpected(std::move(standing.error()));
  const auto by_hands = refused_by_hand(folder(), now->files);
  if (!by_hands) return refused(by_hands.error());
  if (!by_hands->empty())
    return refused({Fault::config, "files were changed by hand, which policy.yaml refuses",
                    "put them back as they were accepted, and propose the change"},
                   {by_hands->begin(), by_hands->end()});
  const auto had_head = work.history.head();
  if (!had_head) return refused(had_head.error());
  const auto by_hand = follow_files(work.history, now->files, *had_head ? "By hand\n" : "As found\n", parts_.now());
  if (!by_hand) return refused(by_hand.error());
  if (!standing->missing.empty()) {
    std::vector<std::string> lines;
    for (const std::string& one : standing->missing) lines.push_back("needs " + one);
    return refused({Fault::client, name + " is not agreed to", {}}, std::move(lines));
  }
  Placement placement{.number = proposal.number,
                      .by = by,
                      .message = message_for(proposal, standing->base.parts, by),
                      .files = standing->base.files,
                      .all = with_files(now->files, standing->base.files, true),
                      .reach = reach};
  config::Loaded wanted = load_files(parts_.config, placement.all);
  if (const Problems problems = wanted.configuration ? parts_.gate(std::move(wanted)) : wanted.problems;
      has_errors(problems))
    return refused({Fault::config, "a reload would refuse " + name, {}}, lines_of(problems));
  const auto commit = put_in_place(parts_.config, folder(), work.history, work.ledger, placement, parts_.now());
  if (!commit) return refused(commit.error());
  auto answer = tell_gateway(work, placement);
  if (!answer) return refused(std::move(answer.error()));
  if (answer->what == GatewayAnswer::What::refused_it)
    return refused({Fault::config, "the running gateway refused it, and the files are as before",
                    name + " may be applied again once that is mended"},
                   {answer->text});
  return Applied{proposal.number, *commit, std::move(*standing), *by_hand && had_head->has_value(), std::move(*answer)};
}

Decided<ChangeControl::Applied> ChangeControl::apply(std::uint64_t number, const Actor& by, Reach reach) {
  if (auto there = find(number); !there) return refused(std::move(there.error()));  // a wrong number makes nothing
  auto work = ChangeWork::open(folder());
  if (!work) return refused(std::move(work.error()));
  const auto proposal = work->ledger.find(number);
  if (!proposal) return refused(proposal.error());
  return put_in_force(*work, *proposal, by, reach);
}

Decided<ChangeControl::TakenBack> ChangeControl::propose_take_back(std::uint64_t number, const Actor& by,
                                                                   const std::string& reason,
                                                                   const std::string& risk_assessment) {
  const auto proposal = find(number);
  if (!proposal) return refused(proposal.error());
  if (!proposal->is_applied())
    return refused({Fault::client, change_words(number) + " is not in force", "schoolgate changes reject refuses it"});
  const auto now = there();
  if (!now) return std::unexpected(now.error());
  Proposal back{.at = parts_.now(),
                .author = by,
                .reason = reason,
                .risk_assessment = risk_assessment.empty() ? proposal->risk_assessment : risk_assessment,
                .takes_back = number,
                .files = proposal->files};
  for (ProposedFile& file : back.files) std::swap(file.before, file.after);
  auto standing = standing_of(back, *now);
  if (!standing) return refused(std::move(standing.error()));
  if (!standing->base.clashes.empty())
    return refused({Fault::client, change_words(number) + " cannot be taken back as a whole",
                    "take back the later ones first, or propose the opposite"},
                   lines_of(standing->base.clashes, "other changes stand on it in "));
  back.files = standing->base.files;
  auto ledger = Ledger::open(folder());
  if (!ledger) return refused(std::move(ledger.error()));
  const auto added = ledger->add(back);
  if (!added) return refused(added.error());
  return TakenBack{*added, std::move(*standing), std::nullopt};
}

Decided<ChangeControl::TakenBack> ChangeControl::take_back(std::uint64_t number, const Actor& by,
                                                           const std::string& reason,
                                                           const std::string& risk_assessment) {
  auto done = propose_take_back(number, by, reason, risk_assessment);
  if (!done || !done->standing.missing.empty()) return done;
  auto applied = apply(done->number, by);
  if (!applied) return std::unexpected(std::move(applied.error()));
  done->applied = std::move(*applied);
  return done;
}

Result<std::vector<ChangeControl::Tried>> ChangeControl::apply_waiting(Reach reach) {
  std::vector<Tried> tried;
  if (is_cut_off(folder()))
    return fail(Fault::config, "a change was cut off before its end",
                "a person finishes it: schoolgate changes apply N");
  auto all = list();
  if (!all) return std::unexpected(std::move(all.error()));
  std::ranges::reverse(*all);  // the oldest first
  const auto roles = parts_.roles();
  if (!roles) return std::unexpected(roles.error());
  const RoleNow role_now = role_in(*roles);
  const TimePoint now = parts_.now();
  for (const Proposal& one : *all) {
    const ProposalEvent* const ask = one.asked();
    if (ask == nullptr || one.is_applied()) continue;                      // a refusal is among what is missing
    if (!ask->by.account.empty() && !role_now(ask->by.account)) continue;  // an account that is gone asks for nothing
    if (const auto at = one.asked_for(); at && *at > now) continue;
    auto whole = find(one.number);
    if (!whole) return std::unexpected(std::move(whole.error()));
    const auto standing = this->standing(*whole);
    if (standing && !standing->missing.empty()) continue;
    Decided<Applied> outcome = apply(one.number, ask->by, reach);
    if (!outcome) {
      if (const auto again = find(one.number); again && again->is_applied()) continue;  // by another one, meanwhile
      std::string why = outcome.error().error.text();
      for (const std::string& line : outcome.error().lines) why += "; " + line;
      if (auto noted = say(one.number, ask->by, What::failed, one_line(std::move(why))); !noted)
        return std::unexpected(std::move(noted.error()));
    }
    tried.push_back({one.number, std::move(outcome)});
  }
  return tried;
}

Result<std::vector<Proposal>> ChangeControl::list() const {
  auto ledger = Ledger::open_to_read(folder());
  if (!ledger) return std::unexpected(std::move(ledger.error()));
  if (!*ledger) return std::vector<Proposal>();
  return (*ledger)->list();
}

Result<Proposal> ChangeControl::find(std::uint64_t number) const {
  auto ledger = Ledger::open_to_read(folder());
  if (!ledger) return std::unexpected(std::move(ledger.error()));
  if (!*ledger) return fail(Fault::client, "there is no " + change_words(number));
  return (*ledger)->find(number);
}

}  // namespace schoolgate::changes
