#include "console/filter_pages.h"

#include <array>
#include <utility>

#include "console/change_answers.h"
#include "web/form.h"

namespace schoolgate::console {

void set_filter_frame(const Desk& desk, web::View& view, std::string_view here) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPages{{{"/filter/changes", "Changes"},
                                                                                 {"/filter/try", "Try an address"},
                                                                                 {"/filter/rules", "Rules"},
                                                                                 {"/filter/groups", "Groups"},
                                                                                 {"/filter/lists", "Lists"},
                                                                                 {"/filter/files", "Files"}}};
  for (const auto& [path, words] : kPages)
    view.item("filter_pages").set("path", path).set("words", words).set("here", path == here);
  const changes::ChangeControl* const control = desk.parts().changes;
  view.set("applies_itself", control != nullptr && control->may_write());
}

web::Response no_changes(const Desk& desk, const Visit& visit) {
  web::View view;
  view.set("heading", "Not here").set("text", "The filter is not changed at this desk.");
  view.set_if("next", "schoolgate changes does it.");
  return desk.show(visit, "problem", std::move(view), 404);
}

changes::Actor actor_of(const Visit& visit) { return {.account = visit.session.user, .machine_user = "the desk"}; }

std::string actor_words(const changes::Actor& actor) {
  return actor.is_by_hand() ? "by hand (" + actor.machine_user + ")" : actor.account;
}

std::string kind_words_of(const changes::ChangedPart& part) {
  using enum config::ChangeKind;
  switch (part.kind) {
    case opens: return "Opens";
    case closes: return "Closes";
    case inspects: return "Settings";
    case tells: return "Alerts";
    case keeps: return "Keeps";
    case who: return "Who";
  }
  return {};
}

void set_standing(web::View& view, const changes::ChangeControl::Standing& standing) {
  view.list("parts").list("missing").list("clashes");
  for (const changes::ChangedPart& part : standing.base.parts)
    view.item("parts").set("kind", kind_words_of(part)).set("sentence", part.sentence);
  view.set("parts_any", !standing.base.parts.empty());
  for (const std::string& one : standing.missing) view.item("missing").set("words", one);
  view.set("missing_any", !standing.missing.empty()).set_if("note", standing.note);
  for (const changes::Clash& clash : standing.base.clashes)
    view.item("clashes").set("file", clash.file).set("difference", clash.difference);
  view.set("clashes_any", !standing.base.clashes.empty()).set("is_merged", standing.base.is_merged);
}

std::string refusal_words(const changes::Refusal& refusal) {
  std::string words = refusal.error.text();
  std::size_t shown = 0;
  for (const std::string& line : refusal.lines) {
    if (++shown > 5) {
      words += "; and " + std::to_string(refusal.lines.size() - 5) + " more";
      break;
    }
    words += (shown == 1 ? ": " : "; ") + line;
  }
  return words;
}

std::string follow_up(const Desk& desk, const Visit& visit, std::uint64_t number) {
  changes::ChangeControl& control = *desk.parts().changes;
  const std::string name = "Change " + std::to_string(number);
  if (control.may_write()) {
    const auto tried = control.apply_waiting(changes::ChangeControl::Reach::everything);
    if (!tried) return name + " is kept, and could not be put in force: " + tried.error().text();
    answer_applied(control, *visit.stores.desk, visit.now);
    for (const auto& one : *tried)
      if (one.number == number && !one.outcome)
        return name + " is kept, and could not be put in force: " + refusal_words(one.outcome.error());
  }
  const auto seen = control.look(number, actor_of(visit));
  if (!seen) return name + " is kept.";
  if (seen->proposal.is_applied()) return name + " is in force.";
  if (!seen->standing) return name + " is kept. " + seen->standing.error().text();
  if (!seen->standing->refusals.empty())
    return name + " is not put in force: " + seen->standing->missing.front() + ".";
  if (!seen->standing->missing.empty()) return name + " is proposed. It needs " + seen->standing->missing.front() + ".";
  if (const auto at = seen->proposal.asked_for(); at && *at > visit.now)
    return name + " is to be put in force " + desk.when(*at) + ".";
  return seen->proposal.asked() == nullptr
             ? name + " is kept."
             : name +
                   " lacks nothing. This machine’s root puts it in force: at once where schoolgate-changes is "
                   "switched on, else by: schoolgate changes apply --waiting";
}

std::string propose_path(const std::vector<std::pair<std::string, std::string>>& fields) {
  return "/filter/propose?" + web::encode_query(fields);
}

}  // namespace schoolgate::console
