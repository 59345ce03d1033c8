// The desk's accounts, looked after by an administrator, who sets no password: each person gets a link of their own.
#include "casework/shown_text.h"
#include "console/desk.h"
#include "console/form_problems.h"
#include "identity/second_factor.h"
#include "identity/set_up_links.h"
#include "identity/users.h"
#include "web/tokens.h"

namespace schoolgate::console {

namespace {

using identity::Role;

constexpr std::array kAccountRoles{Role::dsl,      Role::deputy,     Role::head,
                                   Role::governor, Role::technician, Role::administrator};

struct Link {
  std::string user, token;
  TimePoint until{};
};

web::Response accounts_page(const Desk& desk, const Visit& visit, std::string_view problem, const Link* link = nullptr,
                            int status = 200) {
  const Result<std::vector<identity::User>> users = identity::Users(desk.parts().users).all();
  if (!users) return desk.failed(visit, users.error());
  web::View view;
  set_problem(view, visit.request, problem);
  view.list("users");
  for (const identity::User& user : *users) {
    web::View& item = view.item("users");
    item.set("user", user.user).set("name", user.name).set("disabled", user.disabled);
    item.set("second_factor", user.second_factor);
    item.set("last", user.last_sign_in ? desk.when(*user.last_sign_in) : std::string("never"));
    for (const Role role : kAccountRoles) {
      item.item("roles")
          .set("value", identity::to_string(role))
          .set("words", title_of(role))
          .set("chosen", role == user.role);
    }
  }
  for (const Role role : kAccountRoles) {
    view.item("all_roles").set("value", identity::to_string(role)).set("words", title_of(role));
  }
  if (link) {
    const std::string scheme = visit.request.tls ? "https://" : "http://";
    view.set("link", scheme + visit.request.host + "/set-up/" + link->token).set("link_user", link->user);
    view.set("link_until", desk.when(link->until));
  }
  set_typed(view, visit.request.form);
  return desk.show(visit, "accounts", std::move(view), status);
}

web::Response with_link(const Desk& desk, const Visit& visit, const std::string& user) {
  Result<identity::SetUpLink> made = identity::SetUpLinks(desk.parts().users).make(visit.now, user);
  if (!made) return accounts_page(desk, visit, made.error().text(), nullptr, 400);
  const Link link{.user = user, .token = std::move(made->token), .until = made->until};
  return accounts_page(desk, visit, "", &link);
}

/// What changes an account is written into the desk's journal by way of a view record: who did what to which account.
Result<void> note(const Visit& visit, std::string_view what, std::string_view user) {
  return visit.stores.desk->change([&] {
    return visit.stores.desk->write_journal({.seq = 0,
                                             .time = visit.now,
                                             .by = visit.viewer.user,
                                             .what = "account",
                                             .about = std::string(user),
                                             .person = {},
                                             .detail = std::string(what)});
  });
}

/// `change` gives what was done, in words that follow the account.
void add_change(Desk& desk, web::Router& router, std::string_view name,
                std::function<Result<std::string>(const Visit&, const identity::User& user)> change) {
  desk.post(router, Area::accounts, "/accounts/{user}/" + std::string(name),
            [&desk, name = std::string(name), change = std::move(change)](const Visit& visit) {
              const std::string user(visit.request.param("user"));
              const Result<std::optional<identity::User>> found = identity::Users(desk.parts().users).find(user);
              if (!found) return desk.failed(visit, found.error());
              if (!*found) return desk.not_found(visit);
              const Result<std::string> changed = change(visit, **found);
              if (!changed) return accounts_page(desk, visit, changed.error().text(), nullptr, 400);
              if (const Result<void> noted = note(visit, name, user); !noted) return desk.failed(visit, noted.error());
              return desk.done(visit, "/accounts", "The account " + user + " " + *changed + ".");
            });
}

}  // namespace

void add_user_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::accounts, "/accounts", [&desk](const Visit& visit) { return accounts_page(desk, visit, ""); });

  desk.post(router, Area::accounts, "/accounts", [&desk](const Visit& visit) {
    const web::Form& form = visit.request.form;
    const std::string user = form.text("user", 100).value_or("");
    const std::optional<Role> role = identity::role_of(form.get("role"));
    if (!role) return accounts_page(desk, visit, "Choose a role.", nullptr, 400);
    // Nobody knows this password: the link sets the real one.
    const Result<void> added =
        identity::Users(desk.parts().users)
            .add(user, form.text("name", 200).value_or(""), *role, web::random_token(), visit.now);
    if (!added) return accounts_page(desk, visit, added.error().text(), nullptr, 400);
    if (const Result<void> noted = note(visit, "made", user); !noted) return desk.failed(visit, noted.error());
    return with_link(desk, visit, user);
  });

  desk.post(router, Area::accounts, "/accounts/{user}/link", [&desk](const Visit& visit) {
    const std::string user(visit.request.param("user"));
    const Result<std::optional<identity::User>> found = identity::Users(desk.parts().users).find(user);
    if (!found) return desk.failed(visit, found.error());
    if (!*found) return desk.not_found(visit);
    if (const Result<void> noted = note(visit, "password link", user); !noted) return desk.failed(visit, noted.error());
    return with_link(desk, visit, user);
  });

  const auto told = [](const Result<void>& done, std::string_view words) -> Result<std::string> {
    if (!done) return std::unexpected(done.error());
    return std::string(words);
  };
  const auto no_change = [](std::string words) { return fail(Fault::client, std::move(words), "nothing was changed"); };
  add_change(desk, router, "disable", [=, &desk](const Visit&, const identity::User& user) -> Result<std::string> {
    if (user.disabled) return no_change(user.user + " is switched off already");
    return told(identity::Users(desk.parts().users).disable(user.user), "is switched off and signed out");
  });
  add_change(desk, router, "enable", [=, &desk](const Visit&, const identity::User& user) -> Result<std::string> {
    if (!user.disabled) return no_change(user.user + " is switched on already");
    return told(identity::Users(desk.parts().users).enable(user.user), "is switched on");
  });
  add_change(
      desk, router, "second-factor", [=, &desk](const Visit&, const identity::User& user) -> Result<std::string> {
        if (!user.second_factor) return no_change(user.user + " has no second factor");
        return told(identity::SecondFactor(desk.parts().users).remove(user.user), "has no second factor any more");
      });
  add_change(desk, router, "role", [=, &desk](const Visit& visit, const identity::User& user) -> Result<std::string> {
    const std::optional<Role> role = identity::role_of(visit.request.form.get("role"));
    if (!role) return fail(Fault::client, "there is no such role", "choose one of the list");
    if (*role == user.role) return no_change(user.user + " has that role already");
    return told(identity::Users(desk.parts().users).set_role(user.user, *role),
                "has the role " + std::string(title_of(*role)) + " now and has to sign in again");
  });
}

}  // namespace schoolgate::console
