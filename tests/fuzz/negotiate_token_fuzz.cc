// The value of a Proxy-Authorization field, and what a token and a principal look like: all that a client says of
// itself before a library reads it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "identity/credentials_field.h"
#include "identity/kerberos.h"

namespace {

using namespace schoolgate::identity;

void must(bool holds) {
  if (!holds) std::abort();
}

void check_principal(std::string_view principal) {
  const auto user = user_of_principal(principal, {"SCHOOL.EXAMPLE"});
  if (!user) return;
  must(principal.ends_with("@SCHOOL.EXAMPLE"));
  must(!user->empty() && user->size() <= 64);
  must(user->find_first_of("*()\\/@$ \n\r") == user->npos && user->find('\0') == user->npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  const auto read = read_credentials(field);
  if (read) {
    if (const auto* negotiate = std::get_if<NegotiateCredentials>(&*read)) {
      must(negotiate->token.size() <= kLargestToken);
      (void)token_kind(negotiate->token);
      // What was read is written the same: no two spellings of one token.
      const std::size_t value = field.find_first_not_of(' ', field.find(' '));
      std::string_view base64 = field.substr(value);
      base64 = base64.substr(0, base64.find_last_not_of(" \t") + 1);
      must(schoolgate::to_base64(negotiate->token) == base64);
    } else {
      const auto& basic = std::get<BasicCredentials>(*read);
      must(basic.user.find(':') == basic.user.npos);
      for (const char c : basic.user) must(static_cast<unsigned char>(c) >= 0x20);
      for (const char c : basic.password.view()) must(static_cast<unsigned char>(c) >= 0x20);
    }
  }
  const TokenKind kind = token_kind(field);
  must(kind == TokenKind::other || size >= 4);
  check_principal(field);
  return 0;
}
