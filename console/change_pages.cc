// Changes: those that wait for whoever looks, all others, and one with what it means, who agreed and what may be done.
#include <algorithm>

#include "breaches/line_diff.h"
#include "casework/shown_text.h"
#include "console/days.h"
#include "console/filter_pages.h"
#include "console/form_problems.h"
#include "rules/site_time.h"
#include "web/json.h"

namespace schoolgate::console {

namespace {

using changes::ChangeControl;
using changes::Proposal;
using changes::ProposalEvent;

constexpr std::size_t kMostShown = 200;

std::string state_of_change(const ChangeControl::Seen& seen) {
  const Proposal& one = seen.proposal;
  if (one.is_applied()) return "In force";
  if (seen.standing ? !seen.standing->refusals.empty() : one.is_refused()) return "Refused";
  if (!seen.standing) return "Cannot be read beside the files as they are";
  if (!seen.standing->base.clashes.empty()) return "No longer fits the files";
  if (!seen.standing->missing.empty()) return "Waits for consent";
  if (one.asked() == nullptr) return "Agreed to, not asked for";
  return one.asked_for() ? "Agreed to, waits for its time" : "Agreed to, waits for root";
}

void set_change(const Desk& desk, web::View& item, const Proposal& one, std::string_view state) {
  item.set("number", one.number)
      .set("state", state)
      .set("by", actor_words(one.author))
      .set("at", desk.when_brief(one.at));
  item.set("reason", one.reason)
      .set("takes_back", one.takes_back != 0 ? std::to_string(one.takes_back) : std::string());
  item.set("is_back", one.takes_back != 0);
}

web::Response changes_page(const Desk& desk, const Visit& visit) {
  const ChangeControl* const control = desk.parts().changes;
  if (control == nullptr) return no_changes(desk, visit);
  const auto open = control->look_at_open(actor_of(visit));
  const auto all = control->list();
  if (!open) return desk.failed(visit, open.error());
  if (!all) return desk.failed(visit, all.error());
  web::View view;
  set_filter_frame(desk, view, "/filter/changes");
  view.list("mine").list("open").list("history");
  bool mine = false, others = false;
  for (const ChangeControl::Seen& seen : *open) {
    (seen.waits_for_them ? mine : others) = true;
    web::View& item = view.item(seen.waits_for_them ? "mine" : "open");
    set_change(desk, item, seen.proposal, state_of_change(seen));
    item.list("parts");
    if (seen.standing)
      for (const changes::ChangedPart& part : seen.standing->base.parts)
        item.item("parts").set("sentence", part.sentence);
  }
  std::size_t history = 0;
  for (const Proposal& one : *all) {
    if (!one.is_applied() || ++history > kMostShown) continue;
    set_change(desk, view.item("history"), one, "In force");
  }
  view.set("mine_any", mine).set("open_any", others).set("history_any", history != 0);
  return desk.show(visit, "changes", std::move(view));
}

std::string event_words(const Desk& desk, const ProposalEvent& event) {
  using What = ProposalEvent::What;
  const auto at = event.what == What::ask ? from_rfc3339(event.text) : std::nullopt;
  switch (event.what) {
    case What::comment: return "says: " + event.text;
    case What::agree: return event.text.empty() ? "agrees" : "agrees: " + event.text;
    case What::refuse: return "refuses: " + event.text;
    case What::apply: return "is put in force, as commit " + event.text.substr(0, 12);
    case What::taken_back: return "is not taken by the running gateway; the files are as before";
    case What::ask: return at ? "asks for it to be put in force " + desk.when(*at) : "asks for it to be put in force";
    case What::failed: return "could not have it put in force: " + event.text;
    case What::answers: return "answers report " + event.text;
  }
  return {};
}

void set_difference(web::View& view, const Proposal& proposal) {
  constexpr std::size_t kLongest = 60'000;
  view.list("files");
  for (const changes::ProposedFile& file : proposal.files)
    view.item("files")
        .set("name", file.name)
        .set("is_new", !file.before.has_value())
        .set("is_gone", !file.after.has_value())
        .set("difference", breaches::line_diff(file.before.value_or(""), file.after.value_or(""), 2, kLongest));
}

/// Numbers of devices and people, never who.
void set_replay(const Desk& desk, const Proposal& proposal, web::View& view) {
  using State = ReplayOfChange::State;
  constexpr std::size_t kRowsOfReplay = 30;
  const ReplayOfChange replay = desk.hooks().replay_of ? desk.hooks().replay_of(proposal.number) : ReplayOfChange{};
  view.list("replay_rows").set("replay_running", replay.state == State::running);
  view.set("may_replay", desk.hooks().start_replay && replay.state != State::running && !proposal.is_applied());
  view.set_if("replay_failed", replay.state == State::failed ? replay.text : "").set("replayed", false);
  if (replay.state != State::done) return;
  const auto json = web::JsonValue::parse(replay.text, 32u << 20);
  const auto rows = json ? json->find("rows") : std::nullopt;
  if (!rows) return;
  const auto number = [](const web::JsonValue& of, std::string_view key) {
    const auto value = of.find(key);
    return std::to_string(value ? value->as_integer().value_or(0) : 0);
  };
  view.set("replayed", true).set("decisions", number(*json, "decisions")).set("judged", number(*json, "judged"));
  view.set("replayed_at", desk.when(replay.at));
  std::size_t shown = 0;
  for (const web::JsonValue& row : rows->items()) {
    if (++shown > kRowsOfReplay) break;
    std::string turn = row.text("turn").value_or("");
    std::ranges::replace(turn, '_', ' ');
    view.item("replay_rows")
        .set("turn", turn)
        .set("host", casework::defang(row.text("host").value_or("")))
        .set("group", desk.group_words(row.text("group").value_or("")))
        .set("decisions", number(row, "decisions"))
        .set("devices", number(row, "devices"))
        .set("people", number(row, "people"));
  }
  view.set("replay_any", shown != 0);
}

web::Response change_page(const Desk& desk, const Visit& visit, std::uint64_t number, std::string_view problem,
                          int status = 200) {
  const ChangeControl& control = *desk.parts().changes;
  const auto seen = control.look(number, actor_of(visit));
  if (!seen) return seen.error().fault == Fault::client ? desk.not_found(visit) : desk.failed(visit, seen.error());
  const Proposal& one = seen->proposal;
  web::View view;
  set_problem(view, visit.request, problem);
  set_filter_frame(desk, view, "");
  set_typed(view, visit.request.form);
  set_change(desk, view, one, state_of_change(*seen));
  view.set_if("risk", one.risk_assessment)
      .set_if("review", one.review ? day_words(std::chrono::sys_days(*one.review)) : "");
  view.set_if("unreadable", seen->standing ? "" : seen->standing.error().text());
  view.set("parts_any", false).set("missing_any", false).set("clashes_any", false).set("is_merged", false);
  view.set("readable", seen->standing.has_value()).set_if("note", "");
  if (seen->standing) set_standing(view, *seen->standing);
  set_difference(view, one);
  view.list("events");
  for (const ProposalEvent& event : one.events)
    view.item("events")
        .set("by", actor_words(event.by))
        .set("at", desk.when_brief(event.at))
        .set("words", event_words(desk, event));
  set_replay(desk, one, view);
  const bool in_force = one.is_applied();
  if (in_force) view.set("clashes_any", false);  // it was put into the files: it has no longer to fit them
  view.set("in_force", in_force).set("waits_for_me", seen->waits_for_them);
  view.set("may_speak", !in_force && !is_own(one, actor_of(visit)));
  const bool proposes = may_change(visit.session.role, Area::policy);
  view.set("may_take_back", in_force && proposes)
      .set("may_ask",
           !in_force && proposes && (one.asked() == nullptr || one.asked()->by.account != visit.session.user));
  web::Response page = desk.show(visit, "change", std::move(view), status);
  if (desk.hooks().replay_of && desk.hooks().replay_of(number).state == ReplayOfChange::State::running)
    page.set("Refresh", "3");  // a page without script looks again by itself
  return page;
}

/// Nothing: not one.
std::optional<std::uint64_t> number_of(const Visit& visit) {
  const std::string_view text = visit.request.param("number");
  std::uint64_t number = 0;
  if (text.empty() || text.size() > 9) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + std::uint64_t(c - '0');
  }
  return number;
}

using Deed = std::function<Result<void>(ChangeControl&, std::uint64_t, const std::string& text)>;

/// What somebody says to a change, and what becomes of it.
web::Response speak(const Desk& desk, const Visit& visit, const Deed& deed) {
  ChangeControl* const control = desk.parts().changes;
  const auto number = number_of(visit);
  if (control == nullptr) return no_changes(desk, visit);
  if (!number) return desk.not_found(visit);
  const auto text = casework::typed_text("text", visit.request.form.get("text"), changes::kLongestText);
  if (!text) return change_page(desk, visit, *number, text.error().text(), 400);
  if (auto done = deed(*control, *number, *text); !done)
    return done.error().fault == Fault::client ? change_page(desk, visit, *number, done.error().text(), 400)
                                               : desk.failed(visit, done.error());
  return desk.done(visit, "/filter/changes/" + std::to_string(*number), follow_up(desk, visit, *number));
}

web::Response take_back(const Desk& desk, const Visit& visit) {
  ChangeControl* const control = desk.parts().changes;
  const auto number = number_of(visit);
  if (control == nullptr) return no_changes(desk, visit);
  if (!number) return desk.not_found(visit);
  auto text = casework::typed_text("text", visit.request.form.get("text"), changes::kLongestText);
  if (!text) return change_page(desk, visit, *number, text.error().text(), 400);
  if (text->empty()) *text = "Change " + std::to_string(*number) + " was a mistake";
  const auto back = control->propose_take_back(*number, actor_of(visit), *text, "");
  if (!back) return change_page(desk, visit, *number, refusal_words(back.error()), 400);
  if (auto asked = control->ask(back->number, actor_of(visit), std::nullopt); !asked)
    return desk.failed(visit, asked.error());
  return desk.done(visit, "/filter/changes/" + std::to_string(back->number), follow_up(desk, visit, back->number));
}

web::Response ask_for(const Desk& desk, const Visit& visit) {
  return speak(desk, visit, [&](ChangeControl& control, std::uint64_t number, const std::string&) -> Result<void> {
    std::optional<TimePoint> at;
    if (const std::string_view typed = visit.request.form.get("at"); !typed.empty()) {
      if (desk.parts().clock != nullptr) at = rules::read_site_end(*desk.parts().clock, typed, visit.now);
      if (!at) return fail(Fault::client, "when: not a time, such as 12:30 or 2026-12-18 12:30");
      if (*at < visit.now) return fail(Fault::client, "when: that time is over");
    }
    return control.ask(number, actor_of(visit), at);
  });
}

web::Response start_replay(const Desk& desk, const Visit& visit) {
  const ChangeControl* const control = desk.parts().changes;
  const auto number = number_of(visit);
  if (control == nullptr || !desk.hooks().start_replay) return no_changes(desk, visit);
  if (!number) return desk.not_found(visit);
  const auto proposal = control->find(*number);
  if (!proposal) return desk.not_found(visit);
  if (auto begun = desk.hooks().start_replay(*proposal); !begun)
    return change_page(desk, visit, *number, begun.error().text(), 400);
  return web::redirect("/filter/changes/" + std::to_string(*number));
}

}  // namespace

void add_change_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::changes, "/filter/changes", [&desk](const Visit& visit) { return changes_page(desk, visit); });
  desk.get(router, Area::changes, "/filter/changes/{number}", [&desk](const Visit& visit) {
    if (desk.parts().changes == nullptr) return no_changes(desk, visit);
    const auto number = number_of(visit);
    return number ? change_page(desk, visit, *number, "") : desk.not_found(visit);
  });
  const auto deed = [&desk, &router](std::string_view verb, auto what) {
    desk.post(router, Area::changes, "/filter/changes/{number}/" + std::string(verb),
              [&desk, what](const Visit& visit) {
                return speak(desk, visit, [&](ChangeControl& control, std::uint64_t number, const std::string& text) {
                  return (control.*what)(number, actor_of(visit), text);
                });
              });
  };
  deed("agree", &ChangeControl::agree);
  deed("refuse", &ChangeControl::refuse);
  deed("comment", &ChangeControl::comment);
  desk.post(router, Area::changes, "/filter/changes/{number}/replay",
            [&desk](const Visit& visit) { return start_replay(desk, visit); });
  desk.post(router, Area::policy, "/filter/changes/{number}/ask",
            [&desk](const Visit& visit) { return ask_for(desk, visit); });
  desk.post(router, Area::policy, "/filter/changes/{number}/take-back",
            [&desk](const Visit& visit) { return take_back(desk, visit); });
}

}  // namespace schoolgate::console
