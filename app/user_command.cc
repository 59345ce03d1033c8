// schoolgate user: who may sign in to the desk.
#include <algorithm>
#include <iterator>

#include "app/act_as_owner.h"
#include "app/command.h"
#include "app/read_configuration.h"
#include "app/read_password.h"
#include "app/table.h"
#include "base/file.h"
#include "base/json.h"
#include "identity/second_factor.h"
#include "identity/set_up_links.h"
#include "identity/user_database.h"
#include "identity/users.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

using identity::User;
using identity::UserDatabase;
using identity::Users;

constexpr std::string_view kUserHelp = R"(schoolgate user add USER --name NAME --role ROLE --config DIR
schoolgate user list [--json] --config DIR
schoolgate user disable USER --config DIR
schoolgate user enable USER --config DIR
schoolgate user role USER --role ROLE --config DIR
schoolgate user passwd USER --config DIR
schoolgate user forget-code USER --config DIR
schoolgate user setup-link [USER] --config DIR

The accounts of the desk (listen.console). People whose access is filtered: schoolgate people.

add          makes an account. Roles: dsl, deputy, head, governor, technician, administrator.
list         all accounts with role and last sign-in.
disable      ends the account's sessions at once and locks the account; enable undoes that.
role         another role; ends the account's sessions.
passwd       another password; ends the account's sessions.
forget-code  the account signs in without its second factor, until its owner sets one up again.
setup-link   prints a link, good once and for 24 hours: it makes an administrator, or sets USER's password.

A password is asked for on the terminal and not shown; without a terminal it is the first line of standard input. It
never stands on a command line, which others can read. Run by root, everything is done as the user who owns the state
folder. A running gateway takes every change at once.
)";

std::string day_of(const std::optional<TimePoint>& time) { return time ? to_rfc3339(*time).substr(0, 16) : "never"; }

int list(UserDatabase& users, bool as_json) {
  const auto all = Users(users).all();
  if (!all) return report(all.error());
  if (as_json) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const User& user : *all) {
      json.begin_object().key("user").value(user.user).key("name").value(user.name);
      json.key("role").value(identity::to_string(user.role)).key("disabled").value(user.disabled);
      json.key("second_factor").value(user.second_factor).key("last_sign_in");
      if (user.last_sign_in)
        json.value(to_rfc3339(*user.last_sign_in));
      else
        json.null();
      json.end_object();
    }
    json.end_array();
    print(out + "\n");
    return kDone;
  }
  if (all->empty()) {
    print("No account yet. Make the first: schoolgate user setup-link --config DIR\n");
    return kDone;
  }
  Table table;
  table.row({"USER", "ROLE", "CODE", "LAST SIGN-IN", "NAME"});
  for (const User& user : *all)
    table.row({user.user, user.disabled ? "disabled" : std::string(identity::to_string(user.role)),
               user.second_factor ? "yes" : "no", day_of(user.last_sign_in), user.name});
  print(table.text());
  return kDone;
}

int done(const Result<void>& result, const std::string& said) {
  if (!result) return report(result.error());
  print(said + "\n");
  return kDone;
}

int print_link(UserDatabase& users, const std::string& user, const config::Settings& settings) {
  const auto link = identity::SetUpLinks(users).make(wall_now(), user);
  if (!link) return report(link.error());
  const std::string where = settings.listen.console ? settings.listen.console->text() : "GATEWAY:9443";
  std::string text =
      "https://" + where + "/set-up/" + link->token + "\n\nGood once, until " + to_rfc3339(link->until).substr(0, 16) +
      " UTC, for its holder: " + (user.empty() ? "it makes an administrator" : "it sets the password of " + user) +
      ".\n";
  if (!settings.listen.console) text += "The desk is not served yet: schoolgate.yaml names no listen.console.\n";
  print(text);
  return kDone;
}

int act(const std::string& verb, const std::string& user, const Arguments& arguments,
        const config::Settings& settings) {
  if (auto acts = act_as_owner(settings.state); !acts) return report(acts.error());
  if (verb == "list")
    store::only_ask();
  else if (auto made = make_private_folder(settings.state); !made)
    return report(made.error());
  const auto opened = UserDatabase::open(settings.state);
  if (!opened) return report(opened.error());
  UserDatabase& users = **opened;
  if (verb == "list") return list(users, arguments.has("--json"));
  if (verb == "setup-link" || verb == "set-up-link") return print_link(users, user, settings);
  if (verb == "disable") return done(Users(users).disable(user), user + " is switched off and signed out");
  if (verb == "enable") return done(Users(users).enable(user), user + " may sign in again");
  if (verb == "forget-code") return done(identity::SecondFactor(users).remove(user), user + " signs in without a code");
  if (verb == "role")
    return done(Users(users).set_role(user, *identity::role_of(arguments.get("--role"))), user + " has another role");
  const auto password = read_new_password();
  if (!password) return report(password.error());
  if (verb == "passwd")
    return done(Users(users).set_password(user, password->view()), user + " has another password and is signed out");
  return done(Users(users).add(user, arguments.get("--name"), *identity::role_of(arguments.get("--role")),
                               password->view(), wall_now()),
              "made " + user);
}

int run_user(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(
      words, {.options = {"--config", "--name", "--role"}, .switches = {"--json"}, .least_words = 1, .most_words = 2});
  if (!arguments) return usage_error(kUserCommand, arguments.error());
  const std::string& verb = arguments->words().front();
  const std::string user = arguments->words().size() > 1 ? arguments->words()[1] : std::string();
  constexpr std::string_view kVerbs[] = {"add",    "list",        "disable",    "enable",     "role",
                                         "passwd", "forget-code", "setup-link", "set-up-link"};
  if (std::ranges::find(kVerbs, verb) == std::end(kVerbs))
    return usage_error(kUserCommand, {Fault::client, "user does not know '" + verb + "'", {}});
  const bool any_user = verb == "list" || verb.ends_with("-link");
  if (user.empty() && !any_user) return usage_error(kUserCommand, {Fault::client, "USER is missing", {}});
  if ((verb == "add" || verb == "role") && !identity::role_of(arguments->get("--role")))
    return usage_error(kUserCommand,
                       {Fault::client, "--role is dsl, deputy, head, governor, technician or administrator", {}});
  if (verb == "add" && !arguments->has("--name"))
    return usage_error(kUserCommand, {Fault::client, "--name NAME is missing", {}});
  if (!arguments->has("--config")) return usage_error(kUserCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  return act(verb, user, *arguments, configuration->settings);
}

}  // namespace

const Command kUserCommand{"user", "accounts of the desk", kUserHelp, run_user};

}  // namespace schoolgate::app
