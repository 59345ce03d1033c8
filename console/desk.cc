#include "console/desk.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/log.h"
#include "casework/shown_text.h"
#include "console/days.h"
#include "console/ends_words.h"
#include "console/protection_words.h"
#include "embedded/console_templates.h"
#include "identity/desk_sign_in.h"
#include "web/assets.h"
#include "web/csrf.h"
#include "web/text.h"

namespace schoolgate::console {

namespace {

constexpr std::string_view kCookie = "desk";

struct NavigationItem {
  Area area;
  std::string_view path, words;
};
constexpr std::array kNavigation{
    NavigationItem{Area::episodes, "/episodes", "Episodes"},
    NavigationItem{Area::incidents, "/incidents", "Incidents"},
    NavigationItem{Area::measures, "/measures", "Block or open"},
    NavigationItem{Area::page_reports, "/page-reports", "Reported"},
    NavigationItem{Area::changes, "/filter/changes", "Filter"},
    NavigationItem{Area::reports, "/reports", "Reports"},
    NavigationItem{Area::governors, "/governors", "Governors"},
    NavigationItem{Area::checks, "/checks", "Checks"},
    // Privacy leads to the registers: the menu has to fit one row.
    NavigationItem{Area::privacy, "/privacy", "Privacy"},
    NavigationItem{Area::accounts, "/accounts", "Accounts"},
};

LocalClock local_clock(const rules::SiteClock* clock) {
  if (!clock) return {};
  return [clock](TimePoint time) -> std::optional<LocalTime> {
    const std::chrono::local_seconds local = clock->local(time);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    return LocalTime{.day = std::chrono::sys_days(day.time_since_epoch()),
                     .minute = static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(local - day).count())};
  };
}

std::string_view first_segment(std::string_view path) noexcept { return path.substr(0, path.find('/', 1)); }

int status_of(Fault fault) noexcept {
  switch (fault) {
    case Fault::client:
    case Fault::config: return 400;
    case Fault::upstream:
    case Fault::host: return 503;
    case Fault::self: return 500;
  }
  return 500;
}

}  // namespace

casework::Viewer viewer_of(const identity::DeskSession& session) {
  // Two enumerations, as the rooms may not know each other; their words are the same.
  const std::optional<casework::Role> role = casework::role_from(identity::to_string(session.role));
  return {.user = session.user, .role = role.value_or(casework::Role::technician), .also = {}};
}

std::optional<std::uint64_t> seen_version(const web::Form& form) {
  const auto number = form.number("version", 0, std::numeric_limits<long>::max());
  if (!number) return std::nullopt;
  return std::uint64_t(*number);
}

void set_typed(web::View& view, const web::Form& form) {
  web::View& typed = view.object("typed");
  for (const auto& [name, value] : form.fields()) {
    if (name != web::kCsrfField && name != kWhoseField && name.find("password") == std::string::npos)
      typed.set(name, value);
  }
}

Desk::Desk(Console::Parts parts)
    : parts_(std::move(parts)),
      clock_(local_clock(parts_.clock)),
      templates_(embedded::console_templates),
      tokens_(web::Tokens::with_random_key()),
      pool_(parts_.state, parts_.decisions, clock_) {
  templates_.set_common("school", parts_.school);
}

std::optional<identity::DeskSession> Desk::session_of(const web::Request& request) const {
  const std::string_view token = request.cookie(kCookie);
  if (token.empty()) return std::nullopt;
  Result<std::optional<identity::DeskSession>> session = identity::DeskSignIn(parts_.users).session(token, now());
  if (!session) {
    log::error("the desk's sessions cannot be read", {{"error", session.error().text()}});
    return std::nullopt;
  }
  return std::move(*session);
}

void Desk::set_session_cookie(web::Response& response, std::string token) const {
  response.cookie({.name = std::string(kCookie),
                   .value = std::move(token),
                   .max_age = std::nullopt,
                   .secure = parts_.secure,
                   .same_site = web::SetCookie::SameSite::lax});
}

void Desk::end_session_cookie(web::Response& response) const {
  response.cookie({.name = std::string(kCookie),
                   .value = "",
                   .max_age = std::chrono::seconds(0),
                   .secure = parts_.secure,
                   .same_site = web::SetCookie::SameSite::lax});
}

void Desk::get(web::Router& router, Area area, std::string pattern, Page page) {
  pages_.push_back({.post = false, .pattern = pattern, .area = area});
  router.get(std::move(pattern), web::Handler([this, area, page = std::move(page)](const web::Request& request) {
               return serve(request, area, false, page);
             }));
}

void Desk::post(web::Router& router, Area area, std::string pattern, Page page) {
  pages_.push_back({.post = true, .pattern = pattern, .area = area});
  router.post(std::move(pattern), web::Handler([this, area, page = std::move(page)](const web::Request& request) {
                return serve(request, area, true, page);
              }));
}

void Desk::open_get(web::Router& router, std::string pattern, web::Handler page) {
  pages_.push_back({.post = false, .pattern = pattern, .area = std::nullopt});
  router.get(std::move(pattern), std::move(page));
}

void Desk::open_post(web::Router& router, std::string pattern, web::Handler page) {
  pages_.push_back({.post = true, .pattern = pattern, .area = std::nullopt});
  router.post(std::move(pattern), web::Handler([this, page = std::move(page)](const web::Request& request) {
                if (!web::is_own_form(request, tokens_, request.peer.text())) {
                  return error_page(request, 403,
                                    "This form is too old, or it was not sent from this page. Go back, load the page "
                                    "again and send it once more.");
                }
                return page(request);
              }));
}

// After signing in the page is shown again. What was typed is shown to its author, who sends it again or leaves it.
web::Response Desk::to_sign_in(const web::Request& request) {
  std::string back = request.method == web::Method::get ? request.local_address() : keep_typed(request, {});
  if (back.empty()) back = "/";
  return web::redirect("/sign-in?" + web::encode_query({{"then", back}}));
}

// The page on which its author finds it; empty: the form was shown to no account, or to another one than `user`.
std::string Desk::keep_typed(const web::Request& request, std::string_view user) {
  if (!web::is_same_origin(request)) return {};
  const auto whose = tokens_.verify(kWhoseField, request.form.get(kWhoseField), now());
  if (!whose || (!user.empty() && *whose != user)) return {};
  auto stores = pool_.lease();
  Result<std::string> token = stores ? keep_form(*(**stores).desk, *whose, request.path, request.form, now())
                                     : Result<std::string>(std::unexpected(stores.error()));
  if (!token) {
    log::error("what was typed cannot be kept", {{"error", token.error().text()}});
    return {};
  }
  return token->empty() ? std::string() : "/kept/" + *token;
}

Result<std::optional<casework::Draft>> Desk::kept_form(const Visit& visit, std::string_view token) const {
  return casework::Drafts(*visit.stores.desk).find(token, visit.session.user, visit.now);
}

web::Response Desk::serve(const web::Request& request, Area area, bool post, const Page& page) {
  std::optional<identity::DeskSession> session = session_of(request);
  if (!session) return to_sign_in(request);
  const Sight seen = sight(session->role, area);
  if (seen == Sight::none) return error_page(request, 403, "This page is not for your role at the desk.");
  const bool changes = may_change(session->role, area);
  if (post && !changes) return error_page(request, 403, "Your role may look at this, but not change it.");
  if (post && (!web::is_same_origin(request) ||
               !identity::DeskSignIn::csrf_matches(*session, request.form.get(web::kCsrfField)))) {
    if (const std::string kept = keep_typed(request, session->user); !kept.empty()) return web::redirect(kept);
    return error_page(request, 403,
                      "This form was not sent from the desk, or you have signed in anew since it was shown. Load the "
                      "page again and send it once more.");
  }
  Result<StorePool::Lease> stores = pool_.lease();
  if (!stores) {
    log::error("the desk's records cannot be read", {{"error", stores.error().text()}});
    return error_page(request, 503, "The records cannot be read at the moment. " + stores.error().text());
  }
  casework::Viewer viewer = viewer_of(*session);
  const Visit visit{.request = request,
                    .session = std::move(*session),
                    .token = std::string(request.cookie(kCookie)),
                    .area = area,
                    .sight = seen,
                    .may_change = changes,
                    .viewer = std::move(viewer),
                    .stores = **stores,
                    .now = now()};
  return page(visit);
}

void Desk::set_frame(web::View& view, const web::Request& request, const identity::DeskSession* session) const {
  if (!session) {
    view.set("csrf", web::make_csrf_token(tokens_, request.peer.text(), now()));
    return;
  }
  view.set("csrf", session->csrf).set("signed_in", true);
  view.set("session_seconds", std::chrono::seconds(identity::DeskSignIn::kIdle).count());
  view.set("whose", tokens_.sign(kWhoseField, session->user, now() + casework::Drafts::kFor));
  if (hooks().clock_doubt) view.set_if("clock_doubt", hooks().clock_doubt());
  if (const auto protection = hears_of_protection(session->role) ? this->protection() : nullptr)
    view.set_if("unprotected", gap_summary(*this, *protection));
  if (hears_of_protection(session->role)) view.set_if("ends_soon", ends_summary(*near_ends()));
  view.set("user_name", session->name.empty() ? session->user : session->name);
  view.set("user_role", title_of(session->role));
  for (const NavigationItem& item : kNavigation) {
    if (sight(session->role, item.area) == Sight::none) continue;
    // Those who have the reports find the governors' there: the menu has to fit one row.
    if (item.area == Area::governors && sight(session->role, Area::reports) != Sight::none) continue;
    const bool here = first_segment(request.path) == first_segment(item.path);
    view.item("navigation").set("path", item.path).set("words", item.words).set("here", here);
  }
}

web::Response Desk::show(const Visit& visit, std::string_view name, web::View view, int status) const {
  set_frame(view, visit.request, &visit.session);
  view.set("may_change", visit.may_change);
  view.set("names_shown", visit.sight == Sight::names);
  view.set("print", visit.request.query.has("print"));
  set_confirmation(view, visit.request, visit.token);
  return web::html(templates_.render(name, view), status);
}

web::Response Desk::show_open(const web::Request& request, std::string_view name, web::View view, int status) const {
  set_frame(view, request, nullptr);
  set_confirmation(view, request, "");
  return web::html(templates_.render(name, view), status);
}

Result<bool> Desk::set_version(const Visit& visit, std::string_view about, web::View& view) const {
  const auto version = visit.stores.desk->version(about);
  if (!version) return std::unexpected(version.error());
  view.set("version", *version).list("meanwhile");
  const std::optional<std::uint64_t> seen =
      visit.request.method == web::Method::post ? seen_version(visit.request.form) : std::nullopt;
  if (!seen || *seen >= *version) return false;
  const auto changes = visit.stores.desk->changes_since(about, *seen);
  if (!changes) return std::unexpected(changes.error());
  std::string last;
  for (const casework::JournalEntry& entry : *changes) {
    // A change of a record about several people stands in the journal once for each of them.
    std::string line = entry.by + when(entry.time) + entry.detail;
    if (line == last) continue;
    last = std::move(line);
    view.item("meanwhile").set("by", entry.by).set("at", when(entry.time)).set("detail", entry.detail);
  }
  view.set("meanwhile_any", !changes->empty());
  return true;
}

web::Response Desk::done(const Visit& visit, std::string_view path, std::string text) const {
  return web::redirect(confirmations_.keep(visit.token, path, std::move(text), std::chrono::steady_clock::now()));
}

web::Response Desk::done_openly(std::string_view path, std::string text) const {
  return web::redirect(confirmations_.keep("", path, std::move(text), std::chrono::steady_clock::now()));
}

void Desk::set_confirmation(web::View& view, const web::Request& request, std::string_view session) const {
  if (request.method != web::Method::get) return;
  view.set_if("done",
              confirmations_.take(request.query.get("done"), session, request.path, std::chrono::steady_clock::now()));
}

web::Response Desk::failed(const Visit& visit, const Error& error) const {
  const int status = status_of(error.fault);
  if (status >= 500) log::error("a page of the desk failed", {{"path", visit.request.path}, {"error", error.text()}});
  web::View view;
  view.set("heading", status >= 500 ? "This cannot be done at the moment" : "This cannot be done as it was asked");
  view.set_if("text", error.what).set_if("next", error.next);
  return show(visit, "problem", std::move(view), status);
}

web::Response Desk::not_found(const Visit& visit) const {
  web::View view;
  view.set("heading", "Not found")
      .set("text", "There is no such record, or it is not for you to see.")
      .set_if("next", "");
  return show(visit, "problem", std::move(view), 404);
}

web::Response Desk::error_page(const web::Request& request, int status, std::string_view text) const {
  web::View view;
  view.set("heading", web::reason_phrase(status)).set("text", text).set_if("next", "");
  const std::optional<identity::DeskSession> session = session_of(request);
  set_frame(view, request, session ? &*session : nullptr);
  return web::html(templates_.render("problem", view), status);
}

std::shared_ptr<const PolicyFacts> Desk::policy() const {
  constexpr std::chrono::seconds kFresh{5};
  const auto read = std::chrono::steady_clock::now();
  const std::scoped_lock lock(policy_mutex_);
  if (!policy_ || read - policy_read_ > kFresh) {
    policy_ = std::make_shared<const PolicyFacts>(hooks().policy ? hooks().policy() : PolicyFacts{});
    policy_read_ = read;
  }
  return policy_;
}

std::shared_ptr<const rules::Protection> Desk::protection() const {
  if (!hooks().protection) return nullptr;
  constexpr std::chrono::seconds kFresh{5};
  const auto read = std::chrono::steady_clock::now();
  const std::scoped_lock lock(protection_mutex_);
  if (!protection_ || read - protection_read_ > kFresh) {
    protection_ = std::make_shared<const rules::Protection>(hooks().protection());
    protection_read_ = read;
  }
  return protection_;
}

std::shared_ptr<const std::vector<NearEnd>> Desk::near_ends() const {
  constexpr std::chrono::seconds kFresh{5};
  const auto read = std::chrono::steady_clock::now();
  const std::scoped_lock lock(near_ends_mutex_);
  if (!near_ends_ || read - near_ends_read_ > kFresh) {
    near_ends_ =
        std::make_shared<const std::vector<NearEnd>>(hooks().near_ends ? hooks().near_ends() : std::vector<NearEnd>());
    near_ends_read_ = read;
  }
  return near_ends_;
}

std::string Desk::person_words(std::string_view user) const {
  if (user.empty() || !hooks().name_of) return std::string(user);
  std::string name = hooks().name_of(user);
  if (name.empty() || name == user) return std::string(user);
  return name + " (" + std::string(user) + ")";
}

std::string Desk::group_words(std::string_view group) const {
  const std::shared_ptr<const PolicyFacts> facts = policy();
  for (const GroupFact& fact : facts->groups) {
    if (fact.id == group && !fact.title.empty()) return fact.title;
  }
  return std::string(group);
}

void Desk::name_groups(std::vector<casework::NamedCount>& groups) const {
  for (casework::NamedCount& group : groups) group.name = group_words(group.name);
}

std::string Desk::when(TimePoint time) const {
  if (const std::string near = today_or_yesterday(time); !near.empty()) return near;
  return day_words(casework::local_or_utc(clock_, time).day) + ", " + casework::clock_text(clock_, time);
}

std::string Desk::when_brief(TimePoint time) const {
  if (const std::string near = today_or_yesterday(time); !near.empty()) return near;
  const std::chrono::sys_days day = casework::local_or_utc(clock_, time).day;
  const auto year_of = [](std::chrono::sys_days of) { return std::chrono::year_month_day(of).year(); };
  std::string brief = day_brief(day);
  if (year_of(day) == year_of(casework::local_or_utc(clock_, now()).day)) brief.resize(brief.rfind(' '));
  return day_words(day).substr(0, 4) + brief + " " + casework::clock_text(clock_, time);
}

std::string Desk::today_or_yesterday(TimePoint time) const {
  const auto day = casework::local_or_utc(clock_, time).day, today = casework::local_or_utc(clock_, now()).day;
  if (day == today) return "today " + casework::clock_text(clock_, time);
  if (day + std::chrono::days(1) == today) return "yesterday " + casework::clock_text(clock_, time);
  return {};
}

}  // namespace schoolgate::console
