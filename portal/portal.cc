#include "portal/portal.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "embedded/portal_templates.h"
#include "identity/classes.h"
#include "portal/captive_api.h"
#include "portal/pictures.h"
#include "web/assets.h"
#include "web/csrf.h"
#include "web/text.h"

namespace schoolgate::portal {
namespace {

using identity::PortalAnswer;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using web::Request;
using web::Response;
using web::View;

constexpr std::size_t kLongestName = 100;      // characters of a form's field
constexpr std::size_t kLongestPassword = 512;  // bytes
constexpr std::array kVisitHours = {1, 2, 4, 8};

/// Where the device wanted to go, from the query or from the form that carried it along; empty when it is no web
/// address.
std::string wanted(const Request& request) {
  const auto in_form = request.form.find("to");
  return web::web_address(in_form ? *in_form : request.query.get("to")).value_or("");
}

/// "signin.school.example" of "https://signin.school.example:8443/x?y".
std::string host_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return std::string(url.substr(0, url.find_first_of("/?#")));
}

/// A page of ours that carries the wish along.
std::string with_wish(std::string_view path, const Request& request) {
  const std::string to = wanted(request);
  return std::string(path) + (to.empty() ? "" : "?to=" + web::percent_encode(to));
}

bool contains(const std::vector<names::IpNetwork>& networks, const names::IpAddress& address) {
  return std::ranges::any_of(networks, [&](const names::IpNetwork& network) { return network.contains(address); });
}

void set_pictures(View& view) {
  for (const Picture& picture : pictures())
    view.item("pictures")
        .set("id", picture.id)
        .set("source", web::asset_path("picture-" + std::string(picture.id) + ".svg"))
        .set("word", picture.word);
}

bool has(const std::vector<std::string>& list, std::string_view wanted_one) {
  return std::ranges::find(list, wanted_one) != list.end();
}

}  // namespace

Portal::Portal(Parts parts)
    : parts_(std::move(parts)),
      templates_(embedded::portal_templates),
      tokens_(parts_.secret),
      posts_(40, milliseconds(1500)),
      visits_(5, std::chrono::minutes(1)) {
  templates_.set_common("school", parts_.school);
}

void Portal::use_networks(std::vector<names::IpNetwork> networks) {
  const std::scoped_lock lock(networks_mutex_);
  parts_.networks = std::move(networks);
}

web::Router Portal::router() const {
  web::Router router;
  web::add_asset_routes(router);
  router.get("/captive-portal/api", [this](const Request& r) { return captive_api(r); });
  router.post("/logon", [this](const Request& r) { return take_logon(r); });

  web::Router pages;
  pages.guard([this](Request& r) { return check(r); });
  pages.get("/", [this](const Request& r) { return front(r); });
  pages.get("/sign-in", [](const Request& r) { return web::redirect(with_wish("/", r)); });
  pages.post("/sign-in", [this](const Request& r, const web::Answer& answer) { sign_in(r, answer); });
  pages.get("/class", [this](const Request& r) { return classes(r); });
  pages.get("/class/{code}", [this](const Request& r) { return pictures_of(r); });
  pages.post("/class/{code}", [this](const Request& r) { return choose_picture(r); });
  pages.get("/who", [this](const Request& r) { return names_of_class(r); });
  pages.post("/who", [this](const Request& r) { return choose_name(r); });
  pages.get("/visitor", [this](const Request& r) { return visitor(r); });
  pages.post("/visitor", [this](const Request& r) { return let_visitor_in(r); });
  pages.get("/terms", [this](const Request& r) { return terms(r); });
  pages.post("/terms", [this](const Request& r) { return answer_terms(r); });
  pages.post("/sign-out", [this](const Request& r) { return sign_out(r); });
  router.mount("", std::move(pages));

  router.error_page([this](const Request&, int status) {
    switch (status) {
      case 404: return message(404, "There is no such page", "Go back to the start to sign in.");
      case 405: return message(405, "That did not work", "Go back to the start and try again.");
      case 400: return message(400, "That could not be read", "Go back to the start and try again.");
      default:
        return message(status, "Something went wrong",
                       "Wait a moment and try again. If it stays like this, tell a member of staff.");
    }
  });
  return router;
}

/// Before every page: TLS where there is TLS; and forms only from pages of ours, made for this device, not too often.
std::optional<Response> Portal::check(const Request& request) const {
  if (!request.tls && !parts_.tls_authority.empty()) {
    if (request.method != web::Method::post) return web::redirect_to_tls(request, parts_.tls_authority);
    return message(403, "That page was not protected", "Go back to the start and sign in again.");
  }
  if (request.method != web::Method::post) return std::nullopt;
  if (const auto wait = posts_.take(request.peer.text()); wait.count() > 0)
    return too_often(std::chrono::ceil<seconds>(wait));
  if (!web::is_own_form(request, tokens_, request.peer.text()))
    return message(403, "This page was open for too long", "Go back to the start and try again.");
  return std::nullopt;
}

bool Portal::takes_password(const Request& request) const {
  return request.tls || contains(parts_.clear_networks, request.peer);
}

View Portal::view_of(const Request& request) const {
  View view;
  const std::string to = wanted(request);
  view.set("csrf", web::make_csrf_token(tokens_, request.peer.text(), parts_.now()));
  view.set_if("to", to);
  view.set("query", to.empty() ? "" : "?to=" + web::percent_encode(to));
  return view;
}

Response Portal::page(std::string_view name, const View& view, int status) const {
  return web::html(templates_.render(name, view), status);
}

Response Portal::message(int status, std::string_view heading, std::string_view text) const {
  View view;
  view.set("heading", heading).set("message", text).set("link", "/").set("link_text", "Go to the start");
  return page("error", view, status);
}

Response Portal::too_often(seconds wait) const {
  const seconds shown = std::max(wait, seconds(1));
  const std::string how_long =
      shown < seconds(90) ? std::to_string(shown.count()) + " seconds"
                          : std::to_string(std::chrono::ceil<std::chrono::minutes>(shown).count()) + " minutes";
  Response response = message(429, "Please wait a little",
                              "That was tried too many times. Wait " + how_long +
                                  ", then try again. If you have forgotten your password, ask a member of staff.");
  response.set("Retry-After", std::to_string(shown.count()));
  return response;
}

Response Portal::onward(const Request& request, const PortalAnswer& answer, std::string_view again, View view) const {
  using Kind = PortalAnswer::Kind;
  switch (answer.kind) {
    case Kind::signed_in: return web::redirect(with_wish("/", request));
    case Kind::terms_due: return web::redirect(with_wish("/terms", request));
    case Kind::wait: return too_often(answer.wait);
    case Kind::unavailable:
      return message(503, "Signing in does not work just now",
                     "Wait a minute and try again. If it stays like this, tell a member of staff.");
    case Kind::refused:
    case Kind::invalid: break;
  }
  view.set("error", answer.text.empty() ? "That name or password is not right. Try again." : answer.text);
  return page(again, view, answer.kind == Kind::refused ? 403 : 422);
}

// --- the first page, and signing in ----------------------------------------------------------------------------------

Response Portal::front(const Request& request) const {
  View view = view_of(request);
  const identity::PortalStatus status = parts_.sign_in.status(request.peer);
  if (status.terms) return web::redirect(with_wish("/terms", request));
  if (!status.signed_in || !status.presence || !status.presence->person) {
    view.set("takes_password", takes_password(request));
    return page("sign_in", view);
  }
  const rules::Person& person = *status.presence->person;
  view.set("name", person.name.empty() ? person.user : person.name);
  if (const auto end = end_of_session(request.peer)) view.set("until", shown_time(*end));
  if (const std::string to = wanted(request); !to.empty()) view.set("to_host", host_of(to));
  // Only who signed in here can sign out here; others are known by their login at the machine.
  view.set("can_sign_out", person.source == "sign-in" || person.source == "class" || person.source == "visitor");
  return page("signed_in", view);
}

void Portal::sign_in(const Request& request, const web::Answer& answer) const {
  View view = view_of(request);
  view.set("takes_password", takes_password(request));
  const std::string user(web::trimmed(request.form.get("user")));
  view.set("user", user);
  const std::string_view password = request.form.get("password");
  const auto invalid = [&](std::string text) {
    return onward(request, {.kind = PortalAnswer::Kind::invalid, .text = std::move(text)}, "sign_in", std::move(view));
  };
  if (user.empty()) return answer(invalid("Write your user name."));
  if (web::count_characters(user) > kLongestName || password.size() > kLongestPassword)
    return answer(invalid("That user name or password is too long."));
  if (password.empty())  // Year 1: identity says who may
    return answer(onward(request, parts_.sign_in.with_name_only(user, request.peer), "sign_in", std::move(view)));
  if (!takes_password(request))
    return answer(invalid("Passwords are not taken on this page, because it is not protected."));
  auto kept = std::make_shared<View>(std::move(view));
  parts_.sign_in.with_password(user, identity::Secret(password), request.peer,
                               [this, &request, answer, kept](const PortalAnswer& came) {
                                 answer(onward(request, came, "sign_in", std::move(*kept)));
                               });
}

Response Portal::sign_out(const Request& request) const {
  parts_.sign_in.sign_out(request.peer);
  return web::redirect("/");
}

// --- classes: Early Years and Year 1 ---------------------------------------------------------------------------------

Response Portal::classes(const Request& request) const {
  const auto found = identity::Classes(parts_.people).all();
  if (!found) return onward(request, {.kind = PortalAnswer::Kind::unavailable}, "", {});
  View view = view_of(request);
  view.list("classes");
  for (const identity::SchoolClass& school_class : *found)
    view.item("classes").set("title", school_class.title).set("code", web::percent_encode(school_class.code));
  view.set("none", found->empty());
  return page("classes", view);
}

Response Portal::pictures_of(const Request& request) const {
  View view = view_of(request);
  const auto found = identity::Classes(parts_.people).find(request.param("code"));
  if (!found) return onward(request, {.kind = PortalAnswer::Kind::unavailable}, "", {});
  if (!*found) return message(404, "There is no such class", "Go back to the start and choose your class.");
  view.set("title", (*found)->title).set("code", web::percent_encode((*found)->code));
  set_pictures(view);
  return page("pictures", view);
}

Response Portal::choose_picture(const Request& request) const {
  const std::string_view code = request.param("code");
  const PortalAnswer answer = parts_.sign_in.with_class(code, request.form.get("picture"), request.peer);
  // Who are they within the class? Asked before the terms, so that these are answered by the child and not by the
  // class.
  const bool entered = (answer.kind == PortalAnswer::Kind::signed_in || answer.kind == PortalAnswer::Kind::terms_due) &&
                       answer.person && !answer.person->groups.empty();
  if (entered && !names_in_class(answer.person->groups.front()).empty())
    return web::redirect(with_wish("/who", request));
  View view = view_of(request);
  if (answer.kind == PortalAnswer::Kind::refused) {
    if (const auto found = identity::Classes(parts_.people).find(code); found && *found)
      view.set("title", (*found)->title).set("code", web::percent_encode((*found)->code));
    set_pictures(view);
  }
  return onward(request, answer, "pictures", std::move(view));
}

std::vector<identity::Account> Portal::names_in_class(std::string_view group) const {
  std::vector<identity::Account> names;
  auto accounts = identity::Accounts(parts_.people).all();
  if (!accounts) return names;
  for (identity::Account& account : *accounts)
    if (account.no_password && account.holds(parts_.now()) && has(account.groups, group))
      names.push_back(std::move(account));
  std::ranges::sort(names, {}, &identity::Account::name);
  return names;
}

/// Names of children are shown only to a device that has found its class's picture.
Response Portal::names_of_class(const Request& request) const {
  const auto status = parts_.sign_in.status(request.peer);
  if (!status.signed_in || !status.presence || !status.presence->person) return web::redirect(with_wish("/", request));
  const rules::Person& person = *status.presence->person;
  if (person.source != "class" || person.groups.empty()) return web::redirect(with_wish("/", request));
  View view = view_of(request);
  view.set("title", person.name);
  view.list("names");
  for (const identity::Account& account : names_in_class(person.groups.front()))
    view.item("names").set("user", account.user).set("name", account.name.empty() ? account.user : account.name);
  return page("who", view);
}

Response Portal::choose_name(const Request& request) const {
  const auto status = parts_.sign_in.status(request.peer);
  const bool of_class = status.signed_in && status.presence && status.presence->person &&
                        status.presence->person->source == "class" && !status.presence->person->groups.empty();
  if (!of_class) return web::redirect(with_wish("/", request));
  const std::string_view user = request.form.get("user");
  const auto names = names_in_class(status.presence->person->groups.front());
  if (std::ranges::find(names, user, &identity::Account::user) == names.end())
    return web::redirect(with_wish("/who", request));
  View view = view_of(request);
  view.set("takes_password", takes_password(request));
  return onward(request, parts_.sign_in.with_name_only(user, request.peer), "sign_in", std::move(view));
}

// --- visitors --------------------------------------------------------------------------------------------------------

namespace {

void set_visit_fields(View& view, const Request& request) {
  for (const char* field : {"name", "host", "purpose"}) view.set(field, request.form.get(field));
  const auto chosen = request.form.number("hours", 1, 12).value_or(kVisitHours[1]);
  for (const int choice : kVisitHours)
    view.item("choices").set("hours", choice).set("one", choice == 1).set("chosen", choice == chosen);
}

}  // namespace

Response Portal::visitor(const Request& request) const {
  View view = view_of(request);
  set_visit_fields(view, request);
  return page("visitor", view);
}

Response Portal::let_visitor_in(const Request& request) const {
  if (const auto wait = visits_.take(request.peer.text()); wait.count() > 0)
    return too_often(std::chrono::ceil<seconds>(wait));
  View view = view_of(request);
  set_visit_fields(view, request);
  if (request.form.has("code")) {
    const auto code = request.form.text("code", 32);
    if (!code)
      return onward(request, {.kind = PortalAnswer::Kind::invalid, .text = "Write the code that you were given."},
                    "visitor", std::move(view));
    return onward(request, parts_.sign_in.with_visitor_code(*code, request.peer), "visitor", std::move(view));
  }
  identity::VisitForm form;
  for (const auto& [field, place] : {std::pair{"name", &form.name}, {"host", &form.host}, {"purpose", &form.purpose}}) {
    const auto value = request.form.text(field, kLongestName);
    if (!value)
      return onward(
          request,
          {.kind = PortalAnswer::Kind::invalid,
           .text = "Fill in all three fields, each with at most " + std::to_string(kLongestName) + " letters."},
          "visitor", std::move(view));
    *place = *value;
  }
  const auto stays = request.form.number("hours", 1, 12);
  if (!stays)
    return onward(request, {.kind = PortalAnswer::Kind::invalid, .text = "Choose how long you stay."}, "visitor",
                  std::move(view));
  form.until = parts_.now() + hours(*stays);
  return onward(request, parts_.sign_in.as_visitor(form, request.peer), "visitor", std::move(view));
}

// --- terms of use ----------------------------------------------------------------------------------------------------

Response Portal::terms(const Request& request) const {
  const auto status = parts_.sign_in.status(request.peer);
  if (!status.terms) return web::redirect(with_wish("/", request));
  View view = view_of(request);
  view.set("version", status.terms->version);
  view.set("for_pupils", status.role == identity::PersonRole::pupil);
  using Kind = identity::TermsBlock::Kind;
  bool in_list = false;
  for (std::size_t i = 0; i < status.terms->blocks.size(); ++i) {
    const identity::TermsBlock& block = status.terms->blocks[i];
    View& item = view.item("blocks");
    const bool is_item = block.kind == Kind::item;
    const bool more = is_item && i + 1 < status.terms->blocks.size() && status.terms->blocks[i + 1].kind == Kind::item;
    item.set("text", block.text)
        .set("heading", block.kind == Kind::heading)
        .set("paragraph", block.kind == Kind::paragraph)
        .set("is_item", is_item)
        .set("first", is_item && !in_list)
        .set("last", is_item && !more);
    in_list = more;
  }
  return page("terms", view);
}

Response Portal::answer_terms(const Request& request) const {
  const std::string_view given = request.form.get("answer");
  if (given == "no") {
    parts_.sign_in.decline_terms(request.peer);
    return page("declined", view_of(request));
  }
  if (given != "yes") return web::redirect(with_wish("/terms", request));
  const PortalAnswer answer = parts_.sign_in.accept_terms(request.form.get("version"), request.peer);
  if (answer.kind == PortalAnswer::Kind::invalid) return web::redirect(with_wish("/", request));
  return onward(request, answer, "declined", view_of(request));
}

// --- what machines ask -----------------------------------------------------------------------------------------------

Response Portal::take_logon(const Request& request) const {
  if (!parts_.logon) return web::text("Logon calls are not taken here.\n", 404);
  identity::LogonParameters parameters;
  for (const auto& [field, place] : {std::pair{"user", &parameters.user},
                                     {"address", &parameters.address},
                                     {"event", &parameters.event},
                                     {"time", &parameters.time},
                                     {"signature", &parameters.signature}}) {
    const auto value = request.form.find(field);
    if (!value) return web::text(std::string("The field ") + field + " is missing.\n", 400);
    *place = *value;
  }
  const auto call = parts_.logon(parameters);
  if (call) return web::text(call->in ? "signed in\n" : "signed out\n");
  using identity::LogonRefusal;
  const int status = call.error() == LogonRefusal::malformed ? 400 : call.error() == LogonRefusal::too_many ? 429 : 403;
  return web::text(std::string(identity::to_string(call.error())) + '\n', status);
}

Response Portal::captive_api(const Request& request) const {
  const auto status = parts_.sign_in.status(request.peer);
  CaptiveState state;
  const bool must_sign_in = [&] {
    const std::scoped_lock lock(networks_mutex_);
    return contains(parts_.networks, request.peer);
  }();
  state.captive = must_sign_in && (!status.signed_in || status.terms != nullptr);
  state.user_portal_url = parts_.tls_authority.empty() ? (request.tls ? "https://" : "http://") + request.host + "/"
                                                       : "https://" + parts_.tls_authority + "/";
  if (!state.captive && status.signed_in)
    if (const auto end = end_of_session(request.peer))
      state.remaining = std::chrono::floor<seconds>(*end - parts_.now());
  Response response = web::content(std::string(kCaptiveType), captive_json(state));
  response.set("Cache-Control", "private, no-store");
  return response;
}

/// Nothing when only silence ends it: then there is no time that could be told.
std::optional<TimePoint> Portal::end_of_session(const names::IpAddress& address) const {
  for (const identity::ShownSession& session : parts_.sessions.list())
    if (session.shown && session.address == address && session.ends - parts_.now() <= hours(24)) return session.ends;
  return std::nullopt;
}

std::string Portal::shown_time(TimePoint time) const {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto local = parts_.clock ? parts_.clock->local(time) : std::chrono::local_seconds(whole.time_since_epoch());
  const auto in_day = local - std::chrono::floor<std::chrono::days>(local);
  const std::chrono::hh_mm_ss parts(in_day);
  const auto two = [](long long number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return two(parts.hours().count()) + ':' + two(parts.minutes().count());
}

}  // namespace schoolgate::portal
