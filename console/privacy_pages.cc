// Privacy: who looked at whom, what is kept about a person, legal holds, sealed addresses, deletions.
#include "casework/privacy.h"

#include "base/uuid.h"
#include "casework/incidents.h"
#include "casework/kept_people.h"
#include "casework/sealed_release.h"
#include "casework/shown_text.h"
#include "console/desk.h"
#include "console/form_problems.h"
#include "console/table_page.h"

namespace schoolgate::console {

namespace {

/// The reference that pages and papers name a record by; what has none stays as it is.
std::string reference_words(const std::string& id) {
  const auto uuid = Uuid::from_text(id);
  return uuid ? uuid->reference() : id;
}

using casework::ReleaseRequest;
using casework::SealedRelease;

constexpr std::size_t kReleasesAPage = 100;

web::Response views_page(const Desk& desk, const Visit& visit) {
  const web::Form& query = visit.request.query;
  casework::JournalFilter filter;
  filter.person = query.text("person", 200).value_or("");
  if (query.get("what") != "all") filter.what = "view";
  filter.limit = kReleasesAPage;
  const std::size_t number = static_cast<std::size_t>(query.number("page", 1, 100'000).value_or(1));
  filter.offset = (number - 1) * kReleasesAPage;
  const auto entries = visit.stores.desk->journal(filter);
  if (!entries) return desk.failed(visit, entries.error());
  const auto path = [&](std::size_t page) {
    return "/privacy/views?" + web::encode_query({{"person", filter.person},
                                                  {"what", filter.what.empty() ? "all" : "view"},
                                                  {"page", std::to_string(page)}});
  };
  TablePage page{.heading = "Views of records",
                 .intro =
                     "Every view of a person’s record and everything that was done at the desk. It is chained "
                     "like the breach log: an entry cannot be taken out without a trace.",
                 .csv_path = {},
                 .tabs = {{.path = "/privacy/views", .words = "Views", .here = !filter.what.empty()},
                          {.path = "/privacy/views?what=all", .words = "Everything", .here = filter.what.empty()}},
                 .search_label = "Whose record (account)",
                 .search_path = "/privacy/views",
                 .search_value = filter.person,
                 .columns = {"When", "By", "What", "About", "Person", "Detail"},
                 .rows = {},
                 .previous = number > 1 ? path(number - 1) : std::string(),
                 .next = entries->size() == kReleasesAPage ? path(number + 1) : std::string()};
  for (const casework::JournalEntry& entry : *entries) {
    // Nobody learns from here that somebody looks into what is about themselves.
    if (is_about(entry.person, visit.session.user)) continue;
    page.rows.push_back(
        {desk.when_brief(entry.time), entry.by, entry.what, reference_words(entry.about), entry.person, entry.detail});
  }
  return show_table(desk, visit, page);
}

web::Response holds_page(const Desk& desk, const Visit& visit) {
  casework::Incidents incidents(*visit.stores.desk);
  TablePage page{.heading = "Legal holds",
                 .intro =
                     "Nothing of these incidents and about their people is deleted. A hold is set and lifted on "
                     "the incident’s page.",
                 .csv_path = {},
                 .columns = {"Incident", "Title", "People", "Opened"},
                 .rows = {}};
  for (std::size_t offset = 0;; offset += 500) {
    const auto rows = incidents.list(visit.viewer, {.offset = offset, .limit = 500});
    if (!rows) return desk.failed(visit, rows.error());
    for (const casework::IncidentRow& row : *rows) {
      if (!row.hold) continue;
      std::string people;
      for (const std::string& person : row.people) people += (people.empty() ? "" : ", ") + desk.person_words(person);
      page.rows.push_back({row.reference, row.title, people, desk.when(row.opened)});
    }
    if (rows->size() < 500) break;
  }
  return show_table(desk, visit, page);
}

web::Response subject_access_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  web::View view;
  set_problem(view, visit.request, problem);
  set_typed(view, visit.request.form);
  return desk.show(visit, "subject_access", std::move(view), status);
}

/// The account that is meant by what was typed: an account, or a name that one person has. What no record knows stays
/// as it was typed, so that the answer can say that nothing is kept about it.
Result<casework::KeptPerson> person_meant(const Desk& desk, const Visit& visit, const std::string& typed) {
  casework::KeptPeople people(*visit.stores.desk, desk.hooks().name_of);
  auto meant = people.meant(visit.viewer, typed);
  if (!meant) return std::unexpected(meant.error());
  if (*meant) return **std::move(meant);
  return casework::KeptPerson{.account = typed, .name = {}};
}

int privacy_status(const Error& error) { return error.fault == Fault::client ? 400 : 503; }

web::Response export_person(const Desk& desk, const Visit& visit) {
  const std::string typed = visit.request.form.text("person", 200).value_or("");
  if (typed.empty()) return subject_access_page(desk, visit, "Enter the account or the whole name.", 400);
  const Result<casework::KeptPerson> person = person_meant(desk, visit, typed);
  if (!person) return subject_access_page(desk, visit, person.error().text(), privacy_status(person.error()));
  const bool json = visit.request.form.get("form") == "json";
  // A term of one child is some thousand lines; an answer beyond this bound would only fill memory.
  constexpr std::size_t kMost = 32u << 20;
  std::string text;
  const Result<std::uint64_t> written =
      casework::Privacy(*visit.stores.desk)
          .export_person(visit.viewer, person->account, desk.parts().decisions,
                         json ? casework::Privacy::Form::json : casework::Privacy::Form::text, desk.clock(), visit.now,
                         [&](std::string_view line) {
                           text += line;
                           if (!line.ends_with('\n')) text += '\n';
                           return text.size() < kMost;
                         });
  if (!written) return subject_access_page(desk, visit, written.error().text(), privacy_status(written.error()));
  const std::string name = "subject-access-" + person->account;
  return json ? web::attachment("application/jsonl", std::move(text), name + ".jsonl")
              : web::attachment("text/plain; charset=utf-8", std::move(text), name + ".txt");
}

std::string_view state_words(ReleaseRequest::State state) {
  switch (state) {
    case ReleaseRequest::State::waiting: return "Waits for a second person";
    case ReleaseRequest::State::approved: return "Agreed";
    case ReleaseRequest::State::refused: return "Refused";
    case ReleaseRequest::State::shown: return "Was shown";
    case ReleaseRequest::State::expired: return "Ran out";
  }
  return {};
}

web::Response sealed_page(const Desk& desk, const Visit& visit, std::string_view problem,
                          const std::vector<casework::ReleasedAddress>& released = {}, int status = 200) {
  SealedRelease release(*visit.stores.desk);
  const auto requests = release.list(visit.viewer, "", visit.now);
  if (!requests) return desk.failed(visit, requests.error());
  web::View view;
  set_problem(view, visit.request, problem);
  view.list("requests").list("released");
  for (const ReleaseRequest& request : *requests) {
    const bool own = request.asked_by == visit.viewer.user;
    view.item("requests")
        .set("id", request.id)
        .set("state", state_words(request.state))
        .set("episode", request.episode)
        .set("purpose", request.purpose)
        .set("to", request.to)
        .set("asked_by", request.asked_by)
        .set("asked_at", desk.when(request.asked_at))
        .set_if("decided_by", request.decided_by)
        .set("may_decide", !own && request.state == ReleaseRequest::State::waiting)
        .set("may_show", own && request.state == ReleaseRequest::State::approved);
  }
  for (const casework::ReleasedAddress& address : released) {
    view.item("released").set("time", casework::moment_text(desk.clock(), address.time)).set("url", address.url);
  }
  view.set("requests_any", !requests->empty()).set("released_any", !released.empty());
  const bool posted = visit.request.method == web::Method::post;
  view.set_if("ask_episode", (posted ? visit.request.form : visit.request.query).get("episode"));
  set_typed(view, visit.request.form);
  return desk.show(visit, "sealed", std::move(view), status);
}

void add_sealed_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::sealed, "/privacy/sealed",
           [&desk](const Visit& visit) { return sealed_page(desk, visit, ""); });
  desk.post(router, Area::sealed, "/privacy/sealed", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    const auto row = visit.stores.episodes->find_row(visit.viewer, form.get("episode"));
    if (!row) return desk.failed(visit, row.error());
    if (!*row) return desk.not_found(visit);
    const Result<std::string> asked =
        SealedRelease(*visit.stores.desk)
            .ask(visit.viewer, (*row)->id, (*row)->person, form.get("purpose"), form.get("to"), visit.now);
    if (!asked) return sealed_page(desk, visit, asked.error().text(), {}, privacy_status(asked.error()));
    return desk.done(visit, "/privacy/sealed",
                     "Asked for the sealed addresses of episode " + (*row)->reference +
                         ". A colleague who leads safeguarding must agree.");
  });
  desk.post(router, Area::sealed, "/privacy/sealed/{id}/decide", [&desk](const Visit& visit) {
    const bool agree = visit.request.form.get("answer") == "yes";
    const Result<void> decided =
        SealedRelease(*visit.stores.desk).decide(visit.viewer, visit.request.param("id"), agree, visit.now);
    if (!decided) return sealed_page(desk, visit, decided.error().text(), {}, privacy_status(decided.error()));
    return desk.done(visit, "/privacy/sealed",
                     agree ? "Agreed to one release. The colleague who asked can see it once, within a day."
                           : "Refused one release. Nothing is shown.");
  });
  desk.post(router, Area::sealed, "/privacy/sealed/{id}/show", [&desk](const Visit& visit) {
    const auto shown = SealedRelease(*visit.stores.desk).show(visit.viewer, visit.request.param("id"), visit.now);
    if (!shown) return sealed_page(desk, visit, shown.error().text(), {}, privacy_status(shown.error()));
    return sealed_page(desk, visit, "", *shown);
  });
}

}  // namespace

void add_privacy_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::privacy, "/privacy",
           [&desk](const Visit& visit) { return desk.show(visit, "privacy", web::View()); });
  desk.get(router, Area::privacy, "/privacy/views", [&desk](const Visit& visit) { return views_page(desk, visit); });
  desk.get(router, Area::privacy, "/privacy/holds", [&desk](const Visit& visit) { return holds_page(desk, visit); });
  desk.get(router, Area::privacy, "/privacy/subject-access",
           [&desk](const Visit& visit) { return subject_access_page(desk, visit, ""); });
  desk.post(router, Area::privacy, "/privacy/subject-access",
            [&desk](const Visit& visit) { return export_person(desk, visit); });
  desk.post(router, Area::privacy, "/privacy/erase", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    const std::string person = form.text("person", 200).value_or("");
    if (person.empty() || person != form.text("again", 200).value_or("")) {
      return subject_access_page(desk, visit, "Enter the same account or whole name twice to erase it.", 400);
    }
    const Result<casework::KeptPerson> meant = person_meant(desk, visit, person);
    if (!meant) return subject_access_page(desk, visit, meant.error().text(), privacy_status(meant.error()));
    const auto erased = casework::Privacy(*visit.stores.desk).erase_person(visit.viewer, meant->account, visit.now);
    if (!erased) return subject_access_page(desk, visit, erased.error().text(), privacy_status(erased.error()));
    return desk.done(visit, "/privacy/subject-access",
                     "Erased for " + casework::words_of(*meant) + ": " + casework::Privacy::words_of(*erased) + ".");
  });
  add_sealed_pages(desk, router);

  desk.get(router, Area::deletions, "/deletions", [&desk](const Visit& visit) {
    const auto deletions = casework::Privacy(*visit.stores.desk).deletions();
    if (!deletions) return desk.failed(visit, deletions.error());
    TablePage page{.heading = "Deleted data",
                   .intro =
                       "By its retention time or on request. Never its content: only its kind, how many, and up "
                       "to when.",
                   .csv_path = {},
                   .columns = {"When", "What", "How many", "Older than", "Kept by a legal hold", "By"},
                   .rows = {}};
    for (const casework::Deletion& deletion : *deletions) {
      page.rows.push_back({desk.when(deletion.at), deletion.kind, std::to_string(deletion.count),
                           casework::date_text(desk.clock(), deletion.until), std::to_string(deletion.held),
                           deletion.by});
    }
    return show_table(desk, visit, page);
  });
}

}  // namespace schoolgate::console
