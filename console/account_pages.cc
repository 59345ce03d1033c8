// One's own account: password, and the second factor with the code that a telephone reads.
#include <algorithm>

#include "console/desk.h"
#include "console/form_problems.h"
#include "console/qr.h"
#include "identity/desk_sign_in.h"
#include "identity/second_factor.h"
#include "identity/totp.h"
#include "identity/users.h"

namespace schoolgate::console {

namespace {

web::Response account_page(const Desk& desk, const Visit& visit, std::string_view problem, int status = 200) {
  const Result<std::optional<identity::User>> user = identity::Users(desk.parts().users).find(visit.session.user);
  if (!user) return desk.failed(visit, user.error());
  if (!*user) return desk.not_found(visit);
  web::View view;
  set_problem(view, visit.request, problem);
  view.set("user", (*user)->user).set("name", (*user)->name);
  view.set("role", title_of((*user)->role)).set("second_factor", (*user)->second_factor);
  view.set("since", desk.when(visit.session.since));
  view.set("tells", casework::leads_safeguarding(visit.viewer.role));
  return desk.show(visit, "account", std::move(view), status);
}

web::Response second_factor_page(const Desk& desk, const Visit& visit, const std::string& secret,
                                 std::string_view problem, int status = 200) {
  const Result<QrCode> code =
      qr_code(identity::totp_uri(secret, "Schoolgate " + desk.parts().school, visit.session.user));
  if (!code) return desk.failed(visit, code.error());
  web::View view;
  set_problem(view, visit.request, problem);
  view.set("secret", identity::to_base32(secret));
  view.set("qr_path", code->path).set("qr_size", code->size + 8);  // with the quiet zone of four modules a side
  return desk.show(visit, "second_factor", std::move(view), status);
}

void add_kept_form(Desk& desk, web::Router& router) {
  desk.get(router, Area::account, "/kept/{token}", [&desk](const Visit& visit) {
    const Result<std::optional<casework::Draft>> found = desk.kept_form(visit, visit.request.param("token"));
    if (!found) return desk.failed(visit, found.error());
    if (!*found) return desk.not_found(visit);
    const casework::Draft& kept = **found;
    web::View view;
    view.set("kept_path", kept.path).list("kept_fields").list("typed_fields");
    for (const auto& [name, value] : kept.fields) {
      view.item("kept_fields").set("name", name).set("value", value);
      if (value.empty() || name == "version") continue;
      std::string words = name;
      std::ranges::replace(words, '_', ' ');
      view.item("typed_fields").set("words", words).set("value", value);
    }
    return desk.show(visit, "kept", std::move(view));
  });
}

void add_password_form(Desk& desk, web::Router& router) {
  desk.post(router, Area::account, "/account/password", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    if (form.get("password") != form.get("password_again")) {
      return account_page(desk, visit, "The two new passwords are not the same.", 400);
    }
    const Result<void> changed =
        identity::Users(desk.parts().users)
            .change_password(visit.session.user, form.get("password_now"), form.get("password"), visit.token);
    if (!changed) return account_page(desk, visit, changed.error().text(), 400);
    return desk.done(
        visit, "/account",
        "The password of your account " + visit.session.user + " is changed. Everywhere else you are signed out.");
  });
}

void add_second_factor_forms(Desk& desk, web::Router& router) {
  desk.post(router, Area::account, "/account/second-factor", [&desk](const Visit& visit) {
    const Result<std::string> secret = identity::SecondFactor(desk.parts().users).begin(visit.session.user);
    if (!secret) return account_page(desk, visit, secret.error().text(), 400);
    return second_factor_page(desk, visit, *secret, "");
  });

  desk.post(router, Area::account, "/account/second-factor/confirm", [&desk](const Visit& visit) {
    const Result<bool> right =
        identity::SecondFactor(desk.parts().users)
            .confirm(visit.session.user, visit.request.form.text("code", 20).value_or(""), visit.now);
    if (!right) return account_page(desk, visit, right.error().text(), 400);
    if (*right) {
      return desk.done(visit, "/account",
                       "The second factor of your account " + visit.session.user +
                           " is on: the code from your telephone is asked for from now on.");
    }
    // The secret stays the one the telephone has just read.
    const std::optional<std::string> secret = identity::from_base32(visit.request.form.get("secret"));
    if (!secret || secret->size() != 20) {
      return account_page(desk, visit, "That code is not right. Begin again.", 400);
    }
    return second_factor_page(desk, visit, *secret, "That code is not right. Is the telephone's clock right?", 400);
  });

  desk.post(router, Area::account, "/account/second-factor/remove", [&desk](const Visit& visit) {
    // Whoever finds a desk unlocked must not be able to weaken it.
    const web::Form& form = visit.request.form;
    const Result<identity::SignInAnswer> known =
        identity::DeskSignIn(desk.parts().users)
            .sign_in(visit.session.user, form.get("password_now"), form.text("code", 20).value_or(""),
                     visit.request.peer, visit.now);
    if (!known) return account_page(desk, visit, known.error().text(), 503);
    if (known->kind != identity::SignInAnswer::Kind::accepted) {
      return account_page(desk, visit, "The password or the code is not right; the second factor stays.", 400);
    }
    if (const Result<void> out = identity::DeskSignIn(desk.parts().users).sign_out(known->token); !out)
      return desk.failed(visit, out.error());
    if (const Result<void> removed = identity::SecondFactor(desk.parts().users).remove(visit.session.user); !removed) {
      return account_page(desk, visit, removed.error().text(), 400);
    }
    return desk.done(visit, "/account",
                     "The second factor of your account " + visit.session.user + " is switched off.");
  });
}

}  // namespace

void add_account_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::account, "/account", [&desk](const Visit& visit) { return account_page(desk, visit, ""); });
  add_kept_form(desk, router);
  add_password_form(desk, router);
  add_second_factor_forms(desk, router);
}

}  // namespace schoolgate::console
