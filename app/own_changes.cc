#include "app/own_changes.h"

#include "app/control_plane.h"
#include "app/load_policy.h"
#include "base/as_oneself.h"
#include "breaches/audit_log.h"
#include "identity/users.h"
#include "store/state_key.h"

namespace schoolgate::app {

using changes::GatewayAnswer;

namespace {

Result<std::map<std::string, std::string, std::less<>>> roles_now(const std::filesystem::path& state) {
  auto users = identity::UserDatabase::open(state);
  if (!users) return std::unexpected(std::move(users.error()));
  const auto all = identity::Users(**users).all();
  if (!all) return std::unexpected(all.error());
  std::map<std::string, std::string, std::less<>> roles;
  for (const identity::User& user : *all)
    roles.emplace(user.user, user.disabled ? std::string() : std::string(identity::to_string(user.role)));
  return roles;
}

/// As the one who typed the command, whom the audit log is to name.
GatewayAnswer reload_gateway(const std::filesystem::path& state) {
  const AsOneself oneself;
  auto answer = ask_running_gateway(state, "reload");
  if (!answer) return {GatewayAnswer::What::is_not_there, answer.error().what};
  return {answer->done ? GatewayAnswer::What::took_it : GatewayAnswer::What::refused_it, std::move(answer->text)};
}

std::string pseudonym_of(const std::filesystem::path& state, const std::string& account) {
  const auto key = store::StateKey::load(state);  // the first start makes it
  if (!key) return "unknown";
  return to_hex(key->sign("changes account", account)).substr(0, 16);
}

}  // namespace

changes::ChangeControl own_changes(const std::filesystem::path& config, const std::filesystem::path& state) {
  return changes::ChangeControl(
      {.config = config,
       .state = state,
       .roles = [state] { return roles_now(state); },
       .gate =
           [config](config::Loaded wanted) {
             auto tried = policy_from(std::move(wanted), config, wall_now(), RefusedLists::refuse_all, ListUse::ask);
             return tried ? Problems() : std::move(tried.error());
           },
       .reload = [state] { return reload_gateway(state); },
       .pseudonym = [state](const std::string& account) { return pseudonym_of(state, account); }});
}

changes::Actor by_hand() {
  const breaches::MachineUser user = breaches::current_user();
  changes::Actor actor{.account = {}, .machine_user = user.name.empty() ? std::to_string(user.uid) : user.name};
  if (!user.sudo_user.empty()) actor.machine_user += " (sudo: " + user.sudo_user + ")";
  return actor;
}

}  // namespace schoolgate::app
