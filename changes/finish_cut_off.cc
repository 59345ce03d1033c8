// What a power cut left half done, and how it ends: forward, back, or by a person.
#include <algorithm>

#include "changes/change_control.h"

namespace schoolgate::changes {
namespace {

std::unexpected<Error> left_for_a_person(const CutOff& cut, const std::string& why) {
  return fail(Fault::config, "change " + std::to_string(cut.number) + ", which was cut off, is not finished: " + why,
              "a person looks at it and finishes it: schoolgate changes apply " + std::to_string(cut.number));
}

}  // namespace

// The state folder is the gateway's user's, and so is the intent: root that comes by itself asks all that it would ask
// of a proposal.
Result<Ending> ChangeControl::ending_of(ChangeWork& work, const CutOff& cut, Reach reach) const {
  if (reach == Reach::policy && !std::ranges::all_of(cut.names, is_policy))
    return left_for_a_person(cut, "it is about settings of the gateway");
  const auto proposal = work.ledger.find(cut.number);
  if (!proposal) return std::unexpected(proposal.error());
  if (cut.event == ProposalEvent::What::apply && !cut.is_recorded) {
    const auto refusals = refusals_of(*proposal);
    if (!refusals) return std::unexpected(refusals.error());
    if (!refusals->empty() && reach == Reach::policy && cut.is_begun)
      return left_for_a_person(cut, refusals->front() + " has refused it, and some of its files are written");
    if (!refusals->empty()) return Ending::give_up;
  }
  if (reach == Reach::everything) return Ending::finish;
  config::Loaded wanted = load_files(parts_.config, cut.after);
  if (const Problems problems = wanted.configuration ? parts_.gate(std::move(wanted)) : wanted.problems;
      has_errors(problems))
    return left_for_a_person(cut, "a reload would refuse it");
  if (cut.event == ProposalEvent::What::taken_back) {
    const auto applied = std::ranges::find(proposal->events.rbegin(), proposal->events.rend(),
                                           ProposalEvent::What::apply, &ProposalEvent::what);
    const auto before =
        applied == proposal->events.rend() ? Result<FileTexts>(FileTexts()) : work.history.files_before(applied->text);
    if (!before || *before != cut.after) return left_for_a_person(cut, "it does not lead back to what was before");
    return Ending::finish;
  }
  config::Loaded known = load_files(parts_.config, cut.before);
  if (!known.configuration) return left_for_a_person(cut, "what was before it is no configuration");
  const There before{std::move(*known.configuration), cut.before};
  forget(cut.number);
  const auto standing = standing_of(*proposal, before, When::now);
  if (!standing) return std::unexpected(standing.error());
  if (!standing->missing.empty()) return left_for_a_person(cut, "it needs " + standing->missing.front());
  if (!standing->base.clashes.empty() || with_files(cut.before, standing->base.files, true) != cut.after)
    return left_for_a_person(cut, "it is not what was agreed to");
  return Ending::finish;
}

Result<std::optional<ChangeControl::FinishedNow>> ChangeControl::finish_cut_off(const Actor& by, Reach reach) {
  if (!is_cut_off(folder())) return std::optional<FinishedNow>();
  auto work = ChangeWork::open(folder());
  if (!work) return std::unexpected(std::move(work.error()));
  const auto finished = finish_interrupted(parts_.config, folder(), work->history, work->ledger, parts_.now(),
                                           [&](const CutOff& cut) { return ending_of(*work, cut, reach); });
  if (!finished) return std::unexpected(finished.error());
  if (!*finished) return std::optional<FinishedNow>();
  FinishedNow done{**finished, {}, false};
  if (done.what.ending == Ending::give_up) return std::optional(std::move(done));
  if (done.what.event == ProposalEvent::What::taken_back) {
    done.gateway = parts_.reload();
    return std::optional(std::move(done));
  }
  // A gateway that is told of files which are no configuration would have the change taken back for another's mistake.
  if (const auto now = there(); !now) {
    done.gateway.text = now.error().error.text();
    return std::optional(std::move(done));
  }
  const auto head = work->history.head();
  if (!head) return std::unexpected(head.error());
  auto all = work->history.files_of(head->value_or(""));
  if (!all) return std::unexpected(std::move(all.error()));
  // As it was put in place, which a merge may have made other than it was proposed.
  const auto before = work->history.files_before(head->value_or(""));
  if (!before) return std::unexpected(before.error());
  auto changed = differences(*before, *all);
  std::erase_if(changed, [&](const ProposedFile& file) {
    return std::ranges::find(done.what.names, file.name) == done.what.names.end();
  });
  auto answer = tell_gateway(
      *work,
      {.number = done.what.number, .by = by, .message = {}, .files = std::move(changed), .all = *all, .reach = reach});
  if (!answer) return std::unexpected(std::move(answer.error()));
  done.is_taken_back = answer->what == GatewayAnswer::What::refused_it;
  done.gateway = std::move(*answer);
  return std::optional(std::move(done));
}

}  // namespace schoolgate::changes
