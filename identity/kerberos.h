// Tickets: the accepting side of Kerberos over GSSAPI (RFC 4120, RFC 4121), as SPNEGO (RFC 4178, what browsers send
// after "Negotiate") or as a raw Kerberos token.
//
// An acceptor belongs to one thread. It takes the key from the keytab that it was given and from nowhere else: no
// environment variable, no default keytab, no ticket cache. It never accepts NTLM, never delegates, and says nothing of
// groups: those are the directory's.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace schoolgate::identity {

inline constexpr std::size_t kLargestToken = 65'536;  ///< bytes, decoded; a ticket with a large PAC has some 12,000

/// What a token looks like from outside, before any library reads it.
enum class TokenKind : std::uint8_t { spnego, kerberos, ntlm, other };
[[nodiscard]] TokenKind token_kind(std::string_view token) noexcept;

class KerberosAcceptor {
 public:
  struct Settings {
    std::filesystem::path keytab;
    std::string principal;  ///< "HTTP/gateway.school.example@SCHOOL.EXAMPLE"; empty: any key of the keytab
    /// Where tokens that were seen are remembered, so that one that was overheard cannot be used again. Empty: nowhere.
    std::filesystem::path replay_cache;
  };
  struct Accepted {
    std::string principal;  ///< "amelia.hughes@SCHOOL.EXAMPLE"
    std::string reply;      ///< bytes for the client, by which it knows us (mutual authentication); may be empty
  };

  /// Fault config: no keytab, not readable, or without a key for the principal.
  [[nodiscard]] static Result<KerberosAcceptor> open(const Settings& settings);
  ~KerberosAcceptor();
  KerberosAcceptor(KerberosAcceptor&&) noexcept;
  KerberosAcceptor& operator=(KerberosAcceptor&&) noexcept;

  /// Fault client: malformed, too large, NTLM, expired, replayed, clocks apart. Fault config: made for another name or
  /// for a newer key than the keytab has.
  [[nodiscard]] Result<Accepted> accept(std::string_view token);

 private:
  struct State;
  explicit KerberosAcceptor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// "SCHOOL.EXAMPLE" of "HTTP/gateway.school.example@SCHOOL.EXAMPLE"; empty when it names none.
[[nodiscard]] std::string_view realm_of(std::string_view principal) noexcept;

/// The realms that the keys of a keytab are of, sorted, each once. Fault config: it cannot be read, or holds no key.
[[nodiscard]] Result<std::vector<std::string>> realms_of_keytab(const std::filesystem::path& keytab);

/// The account name behind a person's principal, when its realm is one of `realms` (compared exactly, as realms are).
/// Fault client: another realm, a service or a machine ("HTTP/…", "PC12$").
[[nodiscard]] Result<std::string> user_of_principal(std::string_view principal, const std::vector<std::string>& realms);

}  // namespace schoolgate::identity
