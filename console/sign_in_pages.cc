// Signing in and out, and the link with which the first administrator, or somebody new, sets a password.
#include <memory>

#include "base/log.h"
#include "casework/shown_text.h"
#include "console/desk.h"
#include "console/pending_sign_ins.h"
#include "identity/desk_sign_in.h"
#include "identity/set_up_links.h"

namespace schoolgate::console {

namespace {

/// Where to go after signing in: a page of ours, or home.
std::string wanted(std::string_view then) {
  return web::is_local_address(then) && !then.starts_with("/sign-in") ? std::string(then) : std::string("/");
}

web::Response sign_in_form(const Desk& desk, const web::Request& request, std::string_view problem,
                           std::string_view user, std::string_view then, int status = 200) {
  web::View view;
  view.set_if("problem", problem).set("user", user).set("then", wanted(then));
  return desk.show_open(request, "sign_in", std::move(view), status);
}

web::Response answer_sign_in(const Desk& desk, PendingSignIns& pending, const web::Request& request,
                             std::string_view user, std::string_view password, std::string_view code,
                             std::string_view then) {
  Result<identity::SignInAnswer> answer =
      identity::DeskSignIn(desk.parts().users).sign_in(user, password, code, request.peer, desk.now());
  if (!answer) {
    log::error("a sign-in to the desk could not be checked", {{"error", answer.error().text()}});
    return sign_in_form(desk, request, "Signing in does not work at the moment. Try again in a minute.", user, then,
                        503);
  }
  using Kind = identity::SignInAnswer::Kind;
  switch (answer->kind) {
    case Kind::accepted: {
      web::Response response = web::redirect(wanted(then));
      desk.set_session_cookie(response, std::move(answer->token));
      return response;
    }
    case Kind::code_needed: {
      web::View view;
      view.set("pending", pending.add(user, password, request.peer, desk.now())).set("then", wanted(then));
      view.set_if("problem", "");
      return desk.show_open(request, "sign_in_code", std::move(view));
    }
    case Kind::wait: {
      web::Response response = sign_in_form(
          desk, request, "There were too many attempts. Try again in " + casework::duration_text(answer->wait) + ".",
          user, then, 429);
      response.set("Retry-After", std::to_string(answer->wait.count()));
      return response;
    }
    case Kind::wrong: break;
  }
  return sign_in_form(desk, request,
                      code.empty() ? "The user name or the password is not right."
                                   : "The user name, the password or the code is not right. Begin again.",
                      user, then, 403);
}

web::Response set_up_form(const Desk& desk, const web::Request& request, const identity::SetUp& set_up,
                          std::string_view problem, int status = 200) {
  web::View view;
  view.set_if("problem", problem).set("token", request.param("token")).set("user", set_up.user);
  view.set("new_administrator", set_up.user.empty());
  set_typed(view, request.form);
  return desk.show_open(request, "set_up", std::move(view), status);
}

std::optional<identity::SetUp> good_link(const Desk& desk, const web::Request& request) {
  Result<std::optional<identity::SetUp>> found =
      identity::SetUpLinks(desk.parts().users).look_at(request.param("token"), desk.now());
  return found ? std::move(*found) : std::nullopt;
}

constexpr std::string_view kOldLink =
    "This link was used already, or is too old. Ask for a new one: an administrator makes it at the desk, or on the "
    "gateway itself with “schoolgate user setup-link”.";

}  // namespace

void add_sign_in_pages(Desk& desk, web::Router& router) {
  const auto pending = std::make_shared<PendingSignIns>();

  desk.open_get(router, "/sign-in", [&desk](const web::Request& request) {
    if (desk.session_of(request)) return web::redirect(wanted(request.query.get("then")));
    return sign_in_form(desk, request, "", "", request.query.get("then"));
  });

  desk.open_post(router, "/sign-in", [&desk, pending](const web::Request& request) {
    const std::string user = request.form.text("user", 200).value_or("");
    const std::string_view password = request.form.get("password"), then = request.form.get("then");
    if (user.empty() || password.empty()) {
      return sign_in_form(desk, request, "Enter your user name and your password.", user, then, 400);
    }
    return answer_sign_in(desk, *pending, request, user, password, "", then);
  });

  desk.open_post(router, "/sign-in/code", [&desk, pending](const web::Request& request) {
    const std::string_view then = request.form.get("then");
    const std::optional<PendingSignIns::Pending> begun =
        pending->take(request.form.get("pending"), request.peer, desk.now());
    if (!begun) return sign_in_form(desk, request, "That took too long. Begin again.", "", then, 403);
    const std::string code = request.form.text("code", 20).value_or("");
    // An empty code would only ask for one again, with a fresh token.
    return answer_sign_in(desk, *pending, request, begun->user, begun->password.view(), code, then);
  });

  desk.post(router, Area::account, "/sign-out", [&desk](const Visit& visit) {
    if (const Result<void> out = identity::DeskSignIn(desk.parts().users).sign_out(visit.token); !out)
      return desk.failed(visit, out.error());
    web::Response response = desk.done_openly("/sign-in", "You are signed out.");
    desk.end_session_cookie(response);
    return response;
  });

  desk.open_get(router, "/set-up/{token}", [&desk](const web::Request& request) {
    const std::optional<identity::SetUp> set_up = good_link(desk, request);
    if (!set_up) return desk.error_page(request, 404, kOldLink);
    return set_up_form(desk, request, *set_up, "");
  });

  desk.open_post(router, "/set-up/{token}", [&desk](const web::Request& request) {
    const std::optional<identity::SetUp> set_up = good_link(desk, request);
    if (!set_up) return desk.error_page(request, 404, kOldLink);
    const std::string_view password = request.form.get("password");
    if (password != request.form.get("password_again")) {
      return set_up_form(desk, request, *set_up, "The two passwords are not the same.", 400);
    }
    const Result<void> used = identity::SetUpLinks(desk.parts().users)
                                  .use(request.param("token"), request.form.text("user", 200).value_or(""),
                                       request.form.text("name", 200).value_or(""), password, desk.now());
    if (!used) {
      return set_up_form(desk, request, *set_up, used.error().text(), used.error().fault == Fault::client ? 400 : 503);
    }
    return desk.done_openly("/sign-in", "The account is ready. Sign in with it now.");
  });
}

}  // namespace schoolgate::console
