// The names that the small enumerations of this room have in YAML, JSON and records.
#include "rules/policy_spec.h"
#include "rules/request.h"
#include "rules/subject.h"
#include "rules/verdict.h"

namespace schoolgate::rules {

std::string_view to_string(Action action) noexcept {
  switch (action) {
    case Action::allow: return "allow";
    case Action::monitor: return "monitor";
    case Action::warn: return "warn";
    case Action::block: break;
  }
  return "block";
}

std::optional<Action> action_from(std::string_view text) noexcept {
  for (const Action action : {Action::allow, Action::monitor, Action::warn, Action::block})
    if (text == to_string(action)) return action;
  return std::nullopt;
}

std::string_view to_string(Stage stage) noexcept {
  switch (stage) {
    case Stage::connect: return "connect";
    case Stage::client_hello: return "client_hello";
    case Stage::request: return "request";
    case Stage::response: return "response";
    case Stage::content: break;
  }
  return "content";
}

std::string_view to_string(Confidence confidence) noexcept {
  switch (confidence) {
    case Confidence::unknown: return "unknown";
    case Confidence::network: return "network";
    case Confidence::device: return "device";
    case Confidence::class_login: return "class";
    case Confidence::login: break;
  }
  return "login";
}

std::string_view to_string(ChosenBy chosen_by) noexcept {
  switch (chosen_by) {
    case ChosenBy::fallback: return "the fallback";
    case ChosenBy::network: return "network";
    case ChosenBy::device: return "device";
    case ChosenBy::directory_group: return "directory group";
    case ChosenBy::user: break;
  }
  return "user";
}

std::string_view to_string(Tier tier) noexcept {
  switch (tier) {
    case Tier::illegal: return "illegal";
    case Tier::emergency: return "emergency";
    case Tier::support: return "support";
    case Tier::local: return "local";
    case Tier::category: return "category";
    case Tier::unlisted: break;
  }
  return "unlisted";
}

}  // namespace schoolgate::rules
