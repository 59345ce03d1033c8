#include "app/prove_person.h"

#include "app/read_password.h"
#include "identity/desk_sign_in.h"

namespace schoolgate::app {

using SignInKind = identity::SignInAnswer::Kind;

Result<std::string> prove_person(identity::UserDatabase& users, std::string_view account, TimePoint now) {
  identity::DeskSignIn desk(users);
  const auto here = *names::IpAddress::parse("127.0.0.1");
  const auto password = read_secret("Password: ");
  if (!password) return std::unexpected(password.error());
  auto answer = desk.sign_in(account, password->view(), {}, here, now);
  if (answer && answer->kind == SignInKind::code_needed) {
    const auto code = read_secret("Code: ");
    if (!code) return std::unexpected(code.error());
    answer = desk.sign_in(account, password->view(), code->view(), here, now);
  }
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->kind == SignInKind::wait)
    return fail(Fault::client, "too many attempts",
                "try again in " + std::to_string(answer->wait.count()) + " seconds");
  if (answer->kind != SignInKind::accepted)
    return fail(Fault::client, "name, password or code is not right, or the account is switched off");
  if (auto ended = desk.sign_out(answer->token); !ended) return std::unexpected(std::move(ended.error()));
  return answer->session.user;
}

}  // namespace schoolgate::app
